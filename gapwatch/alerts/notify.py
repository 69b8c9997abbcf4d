"""The notify step: raise what the newest snapshot gives reason for, then send what is due."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gapwatch.alerts.raising import RaiseReport, raise_alerts
from gapwatch.delivery.sending import SendReport, send
from gapwatch.ledger import Ledger

if TYPE_CHECKING:
    from gapwatch.workspace import Workspace


@dataclass(frozen=True)
class NotifyReport:
    """What was raised, and what was sent; nothing is sent where old data was expected."""

    raising: RaiseReport
    sending: SendReport | None
    exit_code: int = 0

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        sending = self.sending.as_dict() if self.sending else None
        return {"raising": self.raising.as_dict(), "sending": sending}


def notify(ws: Workspace, *, backfill: bool = False) -> NotifyReport:
    """Raise from the current snapshot, then send what is due; ``backfill`` sends nothing.

    Raises what raising raises; what was raised before stays raised. A receiver's failure is no error.
    """
    with Ledger.of(ws) as ledger:
        raising = raise_alerts(ws, ledger, backfill=backfill)
    return NotifyReport(raising, None if backfill else send(ws))
