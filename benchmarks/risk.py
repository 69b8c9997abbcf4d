"""``python -m benchmarks.risk``: how often the named culprit is the planted cause, and how early it is seen.

A simulated company comes with its truth: who was lost to what (see :mod:`gapwatch.simulate.fates`). Its
files go through the whole pipeline, which never reads that truth, and what the risk marts say is held
against it, beside two baselines that look at one number: the newest NPS answers, and the tickets opened.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import yaml

from gapwatch import pipeline, snapshots
from gapwatch.simulate import fates, simulate
from gapwatch.workspace import load_workspace

#: A loss is seen in time when it is seen so many days before the notice.
DAYS_BEFORE = 45
#: Planted cause -> the driver that tells of it; every other cause is a service dimension of that name.
DRIVERS = {
    fates.OVER_PROMISING: "expectation_inflation",
    fates.SILENCE: "silence",
    fates.LONE_VOICE: "single_voice",
}
RANKINGS = ("scorecard", "nps", "tickets")
_SQL = Path(__file__).with_suffix(".sql")


@dataclass(frozen=True)
class Figures:
    """One company's figures, or those of several together.

    ``planted``: losses with a cause of ours; ``named``: those whose named culprit equals it; ``outside``
    and ``not_blamed``: losses for outside reasons, and those of them in which nothing of ours is
    blamed. ``seen`` by ranking: all losses, and those with a cause of ours, in the top decile in the last
    week that ended :data:`DAYS_BEFORE` days before the notice; ``lenient``: in any week of the quarter up to
    then.
    """

    label: str
    planted: int
    named: int
    outside: int
    not_blamed: int
    seen: dict[str, tuple[int, int]]
    lenient: dict[str, tuple[int, int]]
    by_cause: dict[str, tuple[int, int]]


def make_company(folder: Path, *, accounts: int, months: int, seed: int) -> Path:
    """Simulate a company whose answers depend on mood and run the pipeline on all of its files."""
    simulate(folder, accounts=accounts, months=months, seed=seed)
    path = folder / "gapwatch.yml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings.setdefault("limits", {})["quiet_seconds"] = 0
    path.write_text(yaml.safe_dump(settings, allow_unicode=True, sort_keys=False), encoding="utf-8")
    pipeline.run(load_workspace(folder), backfill=True)
    return folder


def judged(folder: Path) -> list[tuple[str, bool, dict[str, tuple[bool, bool]]]]:
    """One row per planted loss of a company: its cause, whether that was named, and by ranking whether
    it was in the top decile in the last week in time, and in any of the quarter before.
    """
    published = load_workspace(folder).published_path
    with duckdb.connect() as connection:
        connection.execute(f"attach '{published / snapshots.find(published).file}' as measured (read_only)")
        planted = folder / "truth" / "episodes.csv"
        connection.execute(f"create view episodes as select * from read_csv('{planted}', all_varchar = true)")
        script = _SQL.read_text(encoding="utf-8").replace("$days_before", str(DAYS_BEFORE))
        connection.execute(script)
        found = connection.execute(
            "select account_id, cause, culprit_driver, culprit_dimension, cause_kind "
            "from told order by account_id"
        ).fetchall()
        seen = {
            (account, ranking): (in_last, in_any)
            for account, ranking, in_last, in_any in connection.execute("select * from seen").fetchall()
        }
    return [
        (
            cause,
            _is_named(cause, driver, dimension, kind),
            {ranking: seen.get((account, ranking), (False, False)) for ranking in RANKINGS},
        )
        for account, cause, driver, dimension, kind in found
    ]


def _is_named(cause: str, driver: str | None, dimension: str | None, kind: str) -> bool:
    if cause == fates.OUTSIDE:
        return kind == "outside"
    return driver == DRIVERS[cause] if cause in DRIVERS else dimension == cause


def summed(label: str, losses: Sequence[tuple[str, bool, dict[str, tuple[bool, bool]]]]) -> Figures:
    """The figures of some losses together."""
    ours = [loss for loss in losses if loss[0] != fates.OUTSIDE]
    others = [loss for loss in losses if loss[0] == fates.OUTSIDE]
    causes = sorted({cause for cause, _, _ in losses})

    def seen(place: int) -> dict[str, tuple[int, int]]:
        return {
            ranking: (
                sum(told[ranking][place] for _, _, told in losses),
                sum(told[ranking][place] for _, _, told in ours),
            )
            for ranking in RANKINGS
        }

    return Figures(
        label,
        len(ours),
        sum(named for _, named, _ in ours),
        len(others),
        sum(named for _, named, _ in others),
        seen(0),
        seen(1),
        {
            cause: (sum(n for c, n, _ in losses if c == cause), sum(c == cause for c, _, _ in losses))
            for cause in causes
        },
    )


def table(figures: Sequence[Figures]) -> str:
    """Markdown, one row per company."""
    head = (
        "seed",
        "culprit = planted cause",
        "outside, nothing of ours blamed",
        f"in the top decile {DAYS_BEFORE} days before: all losses",
        "losses with a cause of ours",
        "in any week of the quarter up to then: all",
        "NPS alone: all",
        "tickets alone: all",
    )
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    for one in figures:
        n = one.planted + one.outside
        cells = [one.label, _share(one.named, one.planted), f"{one.not_blamed} of {one.outside}"]
        cells += [_share(one.seen["scorecard"][0], n), _share(one.seen["scorecard"][1], one.planted)]
        cells += [_share(one.lenient["scorecard"][0], n)]
        cells += [_share(one.seen[ranking][0], n) for ranking in ("nps", "tickets")]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def causes(figures: Figures) -> str:
    """Markdown, one row per planted cause."""
    lines = ["| planted cause | named |", "| --- | --- |"]
    lines += [f"| {cause} | {named} of {n} |" for cause, (named, n) in figures.by_cause.items()]
    return "\n".join(lines)


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.0%})" if whole else "none"


def main(arguments: list[str] | None = None) -> int:
    """Print the tables of docs/measurement.md."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.risk", description=__doc__)
    parser.add_argument("--accounts", type=int, default=120)
    parser.add_argument("--months", type=int, default=18)
    parser.add_argument("--seeds", type=int, nargs="+", default=[101, 202, 303])
    options = parser.parse_args(arguments)
    found, losses = [], []
    for seed in options.seeds:
        folder = Path(tempfile.mkdtemp(prefix="gapwatch-risk-"))
        try:
            make_company(folder, accounts=options.accounts, months=options.months, seed=seed)
            of_seed = judged(folder)
        finally:
            shutil.rmtree(folder)
        found.append(summed(str(seed), of_seed))
        losses += of_seed
    together = summed("together", losses)
    sys.stdout.write(table([*found, together]) + "\n\n" + causes(together) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
