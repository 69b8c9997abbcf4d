"""The notify step: raise what the newest snapshot gives reason for, then send what is due."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gapwatch.alerts.raising import RaiseReport, raise_alerts
from gapwatch.ledger import Ledger

if TYPE_CHECKING:
    from gapwatch.delivery.sending import SendReport
    from gapwatch.workspace import Workspace


@dataclass(frozen=True)
class NotifyReport:
    """What was raised, and what became of the messages that were due; ``sending`` None in a back-fill."""

    raising: RaiseReport
    sending: SendReport | None
    exit_code: int = 0

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        sending = self.sending.as_dict() if self.sending else None
        return {"raising": self.raising.as_dict(), "sending": sending}


def notify(ws: Workspace, *, backfill: bool = False, stay_seconds: float | None = None) -> NotifyReport:
    """Raise from the current snapshot, then send; ``stay_seconds`` is how long to stay for another try.

    With ``backfill`` nothing is sent, not even what waited before: it goes out with the next call. Raises
    what raising raises; what was raised before stays raised. A receiver that fails is no error: its
    messages are tried again.
    """
    from gapwatch.delivery.sending import send

    with Ledger.of(ws) as ledger:
        raising = raise_alerts(ws, ledger, backfill=backfill)
    if backfill:
        return NotifyReport(raising, None)
    return NotifyReport(raising, send(ws, stay_seconds=stay_seconds))
