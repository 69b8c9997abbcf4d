"""``python -m benchmarks.churn``: is a churn model published, and how good is each score, on unseen seeds.

Each seed is a company simulated from nothing, or a workspace that has been run. The decision is made thrice,
by the same rule: against the scorecard; in its place against a card that gives each driver the same points,
as one before anybody has thought about them; and against NPS alone, as if that were all the rules there are.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from gapwatch import pipeline
from gapwatch.risk import folds, replay, train
from gapwatch.risk import panel as panels
from gapwatch.risk.metrics import Floats
from gapwatch.simulate import simulate
from gapwatch.workspace import load_workspace

METRICS = ("auc", "precision_at_k", "lift_at_k", "brier", "skill", "caught_45_days", "median_lead_days")


def main() -> None:
    options = _options()
    for seed in options.seeds:
        folder = options.folder / f"churn-{options.accounts}-{options.months}-{seed}"
        if not (folder / "published" / "current.json").is_file():
            simulate(folder, accounts=options.accounts, months=options.months, seed=seed)
            pipeline.run(load_workspace(folder), backfill=True)
        print(f"\n### seed {seed}, {options.accounts} clients, {options.months} months\n")
        print(told(folder))


def told(folder: Path) -> str:
    """Both decisions and the replay of one workspace, as Markdown."""
    ws = load_workspace(folder)
    panel = panels.read(ws)
    terms, signs = train.terms_of(ws, panel), panels.signs(panel.features)
    lines = [f"{replay.n_lost(panel)} lost, {terms.k:.0f} named a week", ""]
    lines += [
        "| rules | lost in test | decision | gain in precision | 95 % |",
        "| --- | --- | --- | --- | --- |",
    ]
    scores = {"scorecard": panel.scorecard, "same points": same_points(panel), "NPS alone": panel.nps}
    for rules, judged in ((name, replace(panel, scorecard=score)) for name, score in scores.items()):
        training = train.decide(judged, terms, signs)
        (gain,) = [m for m in training.metrics if m.metric == "precision_gain"] or [None]
        cells = (_text(gain.value), f"{_text(gain.low)} to {_text(gain.high)}") if gain else ("", "")
        lines.append(f"| {rules} | {training.n_test_losses} | {training.reason} | {' | '.join(cells)} |")
    rows = folds.replayed(panel, terms, signs).metrics()
    found = {(m.model, m.metric): m for m in rows if m.cut == "overall"}
    lines += ["", f"| model | {' | '.join(METRICS)} |", f"| --- |{' --- |' * len(METRICS)}"]
    for model in dict.fromkeys(m.model for m in rows):
        values = (_text(found[model, name].value) if (model, name) in found else "" for name in METRICS)
        lines.append(f"| {model} | {' | '.join(values)} |")
    return "\n".join(lines)


def same_points(panel: panels.Panel) -> Floats:
    """(n,) score in which each driver counts as much as any other, its service dimensions together."""
    drivers = np.array([feature.partition(":")[0] for feature in panel.features])
    known = np.nan_to_num(panel.values)
    return sum(
        (np.minimum(1, known[:, drivers == driver].sum(axis=1)) for driver in sorted(set(drivers))),
        start=np.zeros(len(known)),
    )


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.churn", description=__doc__)
    parser.add_argument("--accounts", type=int, default=3000)
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--seeds", type=int, nargs="+", default=[101, 102, 103])
    parser.add_argument("--folder", type=Path, default=Path("build"), help="where the companies are kept")
    return parser.parse_args()


if __name__ == "__main__":
    main()
