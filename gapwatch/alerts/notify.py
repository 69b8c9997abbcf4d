"""The notify step: raise what the newest snapshot gives reason for, then send what is due."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gapwatch.alerts.raising import RaiseReport, raise_alerts
from gapwatch.ledger import Ledger

if TYPE_CHECKING:
    from gapwatch.workspace import Workspace


@dataclass(frozen=True)
class NotifyReport:
    """What was raised."""

    raising: RaiseReport
    exit_code: int = 0

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {"raising": self.raising.as_dict()}


def notify(ws: Workspace, *, backfill: bool = False) -> NotifyReport:
    """Raise from the current snapshot. Raises what raising raises; what was raised before stays raised."""
    with Ledger.of(ws) as ledger:
        return NotifyReport(raise_alerts(ws, ledger, backfill=backfill))
