"""``gapwatch backtest``: what score, model and alert rules would have told, replayed as known then."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gapwatch.risk import folds, metrics, replay, rules, train
from gapwatch.risk import panel as panels
from gapwatch.risk.metrics import Bin
from gapwatch.risk.replay import Metric
from gapwatch.risk.rules import RuleRecord
from gapwatch.risk.train import Terms

if TYPE_CHECKING:
    from pathlib import Path

    from gapwatch.workspace import Workspace

NOT_TRAINED = "not_trained"
#: Shown on the terminal; the mart and the report hold all.
_TOLD = {
    "auc": "auc",
    "precision_at_k": "share",
    "lift_at_k": "lift",
    "skill": "skill",
    "caught_45_days": "early",
    "median_lead_days": "days",
    "false_per_owner_month": "false",
}


@dataclass
class Backtest:
    """One replay. ``calibration`` by model; ``verdict`` is why a fitted model scores, or none does."""

    snapshot_id: str
    as_of: datetime
    terms: Terms
    from_week: int
    to_week: int
    is_walked: bool
    n_accounts: int
    n_losses: int
    verdict: str
    metrics: list[Metric]
    calibration: dict[str, list[Bin]]
    rules: list[RuleRecord] = field(default_factory=list)
    report: str = ""
    exit_code: int = 0

    @property
    def why(self) -> str:
        """Why a fitted model scores beside the rules, or none does."""
        return train.SENTENCES.get(self.verdict, "none was fitted yet (gapwatch train)")

    def metric_rows(self) -> list[dict[str, Any]]:
        """Rows of ``fct_backtest`` without their id."""
        about = {"from_week": self.from_week, "to_week": self.to_week}
        return [{**asdict(metric), **about} for metric in self.metrics]

    def calibration_rows(self) -> list[dict[str, Any]]:
        """Rows of ``fct_calibration`` without their id."""
        rows = []
        for model, table in self.calibration.items():
            for line in table:
                row = asdict(line)
                rows.append({"model": model, "bin": row.pop("number"), **row})
        return rows

    def rule_rows(self) -> list[dict[str, Any]]:
        """Rows of ``fct_rule_records`` without their id."""
        return [asdict(record) for record in self.rules]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for ``--json``."""
        overall = {(m.model, m.metric): m.value for m in self.metrics if m.cut == "overall"}
        models = list(dict.fromkeys(m.model for m in self.metrics if m.metric == "n_losses"))
        return {
            "snapshot_id": self.snapshot_id,
            "model": "published" if self.verdict == train.PUBLISHED else f"rules only: {self.why}",
            "weeks": self.to_week - self.from_week + 1,
            "clients": self.n_accounts,
            "lost": self.n_losses,
            "named_a_week": self.terms.k,
            "foretold": [
                {"model": model, **{short: overall.get((model, name)) for name, short in _TOLD.items()}}
                for model in models
            ],
            "rules": [record.told() for record in self.rules],
            "report": self.report,
        }


def backtest(ws: Workspace, snapshot_id: str | None = None) -> Backtest:
    """Replay a published snapshot, the newest by default; reads it and writes nothing.

    Without a known loss every figure is null with its reason. Raises UserError without a snapshot that
    has features.
    """
    from gapwatch.risk import registry

    panel = panels.read(ws, snapshot_id)
    terms = train.terms_of(ws, panel)
    done = folds.replayed(panel, terms, panels.signs(panel.features))
    ground = done.ground
    verdict = registry.newest_verdict(ws) or NOT_TRAINED
    published = Metric(
        "fitted",
        "is_published",
        float(verdict == train.PUBLISHED),
        len(ground.lost),
        null_reason=None if verdict == train.PUBLISHED else verdict,
    )
    event = ground.event
    return Backtest(
        snapshot_id=panel.snapshot_id,
        as_of=panel.as_of,
        terms=terms,
        from_week=int(ground.week.min()) if len(ground.rows) else panel.newest_labelled(terms.horizon_days),
        to_week=panel.newest_labelled(terms.horizon_days),
        is_walked=done.is_walked,
        n_accounts=len(panel.accounts),
        n_losses=replay.n_lost(panel),
        verdict=verdict,
        metrics=[*done.metrics(), published],
        calibration={
            forecast.model: metrics.calibration(forecast.probability[ground.rows], event)
            for forecast in done.forecasts
            if forecast.probability is not None and len(ground.rows)
        },
        rules=rules.replay_rules(ws, panel, terms.horizon_days),
    )


def recorded(ws: Workspace, page: Path | None = None) -> Backtest:
    """Replay the newest snapshot and write the results to the ledger, and a page where a path is given."""
    from gapwatch.risk import registry, report

    found = backtest(ws)
    if page is not None:
        report.write(found, page)
        found.report = str(page)
    registry.record_replay(ws, found)
    return found


@dataclass(frozen=True)
class RuleTrial:
    """One rule: the record it is shown with now, and that of the row as the workspace's seed has it."""

    kind: str
    records: list[dict[str, Any]]
    exit_code: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Plain values for ``--json``."""
        return asdict(self)


def try_rule(ws: Workspace, kind: str) -> RuleTrial:
    """What one rule would have raised with the lines of ``seeds/alert_rules.csv``; records nothing.

    Raises UserError for a kind that does not exist and for lines that the snapshot cannot tell of.
    """
    rules.known_kind(ws, kind)
    panel = panels.read(ws)
    terms = train.terms_of(ws, panel)
    (own,) = (r for r in rules.replay_rules(ws, panel, terms.horizon_days) if r.kind == kind)
    live = rules.live_record(ws, kind)
    shown = [{"record": "published", **live}] if live is not None else []
    return RuleTrial(kind, [*shown, {"record": "as the seed has it", **own.told()}])
