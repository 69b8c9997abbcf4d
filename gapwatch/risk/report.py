"""The replay as one HTML file that asks nothing of any network: plots are drawn here as SVG.

It holds figures of models and rules, and no client.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from gapwatch.weeks import start_of

if TYPE_CHECKING:
    from gapwatch.risk.backtest import Backtest

NAMES = {
    "fitted": "fitted model",
    "scorecard": "scorecard",
    "nps_only": "NPS alone",
    "tickets_only": "number of tickets alone",
}
_METRICS = (
    ("auc", "AUC", "{:.3f}"),
    ("precision_at_k", "precision", "{:.1%}"),
    ("lift_at_k", "times the base rate", "{:.2f}"),
    ("brier", "Brier", "{:.4f}"),
    ("reliability", "reliability", "{:.4f}"),
    ("resolution", "resolution", "{:.4f}"),
    ("uncertainty", "uncertainty", "{:.4f}"),
    ("skill", "skill", "{:.3f}"),
    ("caught_45_days", "in the top tenth 45 days before", "{:.0%}"),
    ("median_lead_days", "median days ahead", "{:.0f}"),
    ("false_per_owner_month", "false alarms per owner and month", "{:.2f}"),
)
_SIZE, _LEFT, _TOP = 240, 44, 12


@dataclass(frozen=True)
class Mark:
    """A point of a plot with its bounds, in pixels; ``text`` is what a pointer shows."""

    x: float
    y: float
    low: float
    high: float
    text: str


@dataclass(frozen=True)
class Bar:
    """A line of an interval plot: name, value and bounds as text and as shares of the width."""

    name: str
    text: str
    at: float
    low: float
    high: float


def write(found: Backtest, path: Path) -> None:
    """Write the report; a report that was there is replaced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(found), encoding="utf-8")


def render(found: Backtest) -> str:
    """The page's text."""
    pages = Environment(
        loader=PackageLoader("gapwatch.risk", "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    overall = {(m.model, m.metric): m for m in found.metrics if m.cut == "overall"}
    models = [name for name in NAMES if (name, "n_losses") in overall]
    cells = [
        (
            title,
            [_cell(overall.get((model, name)), form) for model in models],
        )
        for name, title, form in _METRICS
    ]
    return pages.get_template("backtest.html.j2").render(
        found=found,
        first_on=_monday(found.from_week),
        last_on=_monday(found.to_week),
        models=[NAMES[name] for name in models],
        cells=cells,
        calibrations=[(NAMES[name], _marks(found, name)) for name in found.calibration],
        precisions=_bars([(NAMES[m], overall.get((m, "precision_at_k"))) for m in models]),
        base=_share(overall.get((models[0], "base_rate")) if models else None),
        size=_SIZE,
        left=_LEFT,
        top=_TOP,
    )


def _cell(metric: object, form: str) -> str:
    value = getattr(metric, "value", None)
    if value is not None:
        return form.format(value)
    return str(getattr(metric, "null_reason", None) or "").replace("_", " ")


def _share(metric: object) -> float | None:
    value = getattr(metric, "value", None)
    return None if value is None else float(value)


def _bars(named: list[tuple[str, object]]) -> list[Bar]:
    bars = []
    for name, metric in named:
        value = _share(metric)
        if value is not None:
            low, high = getattr(metric, "low", None), getattr(metric, "high", None)
            bars.append(
                Bar(
                    name,
                    f"{value:.1%}",
                    value,
                    value if low is None else low,
                    value if high is None else high,
                )
            )
    return bars


def _marks(found: Backtest, model: str) -> list[Mark]:
    """Points of a calibration plot whose both axes go from 0 to the highest share in any of them."""
    most = max((max(b.high, b.mean_probability) for t in found.calibration.values() for b in t), default=1.0)

    def across(share: float) -> float:
        return _LEFT + _SIZE * share / most

    def up(share: float) -> float:
        return _TOP + _SIZE * (1 - share / most)

    return [
        Mark(
            across(line.mean_probability),
            up(line.event_share),
            up(line.low),
            up(line.high),
            f"stated {line.mean_probability:.1%}, happened {line.event_share:.1%} of {line.n}",
        )
        for line in found.calibration[model]
    ]


def _monday(week: int) -> str:
    return f"{start_of(week):%Y-%m-%d}"
