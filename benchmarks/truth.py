"""``python -m benchmarks.truth``: how far the measured numbers are from what simulated people had in mind.

A simulated company comes with its truth (see :mod:`gapwatch.simulate.truth`), which the pipeline never
reads. Here its files go through the pipeline, and the published numbers are held against that truth.
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
from gapwatch.simulate import simulate
from gapwatch.workspace import load_workspace

#: What the measured side is made of. Tickets and deliveries say nothing of what people answered.
SOURCES = ("crm_accounts", "crm_contacts", "crm_identities", "survey_codebook", "survey_relationship")
FEW = 3
_SQL = Path(__file__).with_suffix(".sql")
_MEASURED = {
    "weekly": "fct_satisfaction_weekly",
    "weeks": "dim_weeks",
    "answers": "fct_answers",
    "changes": "fct_satisfaction_change",
    "dimensions": "dim_service_dimensions",
}
_KNOWN = {
    "known_minds": "latent.parquet",
    "known_invitations": "invitations.parquet",
    "known_episodes": "episodes.csv",
    "known_stories": "stories.csv",
}


@dataclass(frozen=True)
class Error:
    """Root mean square errors against the truth, in points, of accounts with at most `FEW` voices."""

    n: int
    raw: float
    shrunk: float


@dataclass(frozen=True)
class Coverage:
    """Share of the 95 % intervals that hold the truth, 0..1.

    ``worst`` is that of the worst family (all accounts in one wave and service dimension).
    """

    n: int
    share: float
    worst: float


@dataclass(frozen=True)
class Attribution:
    """Planted over-promises and under-deliveries.

    ``decided``: there is a split across the turn with somebody in both of its windows. ``right``: of the
    two sides the planted one pulls the gap down further.
    """

    planted: int
    decided: int
    right: int


@dataclass(frozen=True)
class Figures:
    """One company's figures; the keys of errors and coverage are ``perception`` and ``gap``."""

    seed: int
    is_mood_dependent: bool
    errors: dict[str, Error]
    coverage: dict[str, Coverage]
    attribution: Attribution


def make_company(
    folder: Path, *, accounts: int, months: int, seed: int, mood_dependent_response: bool
) -> Path:
    """Simulate a company and run the pipeline on the files that satisfaction is measured from."""
    simulate(
        folder,
        accounts=accounts,
        months=months,
        seed=seed,
        mood_dependent_response=mood_dependent_response,
    )
    path = folder / "gapwatch.yml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings.setdefault("limits", {})["quiet_seconds"] = 0
    settings["sources"] = [source for source in settings["sources"] if source["name"] in SOURCES]
    path.write_text(yaml.safe_dump(settings, allow_unicode=True, sort_keys=False), encoding="utf-8")
    pipeline.run(load_workspace(folder), backfill=True)
    return folder


def compare(folder: Path) -> duckdb.DuckDBPyConnection:
    """The published numbers beside the truth: the tables that ``truth.sql`` makes."""
    published = load_workspace(folder).published_path
    connection = duckdb.connect()
    connection.execute(f"attach '{published / snapshots.find(published).file}' as measured (read_only)")
    for name, mart in _MEASURED.items():
        connection.execute(f"create view {name} as select * from measured.marts.{mart}")
    for name, file in _KNOWN.items():
        connection.execute(f"create view {name} as select * from '{folder / 'truth' / file}'")
    connection.execute(_SQL.read_text(encoding="utf-8"))
    return connection


def errors(connection: duckdb.DuckDBPyConnection) -> dict[str, Error]:
    """Of raw and of shrunk values, where few have answered."""
    found = connection.execute(
        "select measure, count(*), sqrt(avg((raw - known) ** 2)), sqrt(avg((shrunk - known) ** 2)) "
        "from compared where n <= ? group by measure",
        [FEW],
    ).fetchall()
    return {measure: Error(*values) for measure, *values in found}


def coverage(connection: duckdb.DuckDBPyConnection) -> dict[str, Coverage]:
    """Of the intervals of all accounts."""
    found = connection.execute(
        "with families as (select measure, count(*) as n, "
        "count(*) filter (where known between low and high) as n_held "
        "from compared group by measure, week_id, service_dimension) "
        "select measure, sum(n)::int, sum(n_held) / sum(n), min(n_held / n) from families group by measure"
    ).fetchall()
    return {measure: Coverage(*values) for measure, *values in found}


def attribution(connection: duckdb.DuckDBPyConnection) -> Attribution:
    """Of the change split, over all planted turns."""
    found = connection.execute(
        "select count(*), count(*) filter (where n_stayers > 0), "
        "count(*) filter (where n_stayers > 0 and case side when 'perception' "
        "then perception_part < expectation_part else expectation_part < perception_part end) from told"
    ).fetchall()
    return Attribution(*found[0])


def measure(folder: Path, *, accounts: int, months: int, seed: int, is_mood_dependent: bool) -> Figures:
    """All figures of one company, made in ``folder``."""
    make_company(
        folder, accounts=accounts, months=months, seed=seed, mood_dependent_response=is_mood_dependent
    )
    with compare(folder) as connection:
        return Figures(
            seed, is_mood_dependent, errors(connection), coverage(connection), attribution(connection)
        )


def table(figures: Sequence[Figures]) -> str:
    """Markdown, one row per company."""
    head = (
        "answers by mood",
        "seed",
        "error of the gap: raw, shrunk",
        "of perception",
        "gap held",
        "perception held",
        "gap, worst family",
        "perception, worst family",
        "turns told right, of those decided, of those planted",
    )
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    for one in figures:
        cells = ["yes" if one.is_mood_dependent else "no", str(one.seed)]
        cells += [f"{one.errors[m].raw:.2f}, {one.errors[m].shrunk:.2f}" for m in ("gap", "perception")]
        cells += [f"{one.coverage[m].share:.1%}" for m in ("gap", "perception")]
        cells += [f"{one.coverage[m].worst:.0%}" for m in ("gap", "perception")]
        cells.append(f"{one.attribution.right}, {one.attribution.decided}, {one.attribution.planted}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Print the table of docs/measurement.md."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.truth", description=__doc__)
    parser.add_argument("--accounts", type=int, default=250)
    parser.add_argument("--months", type=int, default=30)
    parser.add_argument("--seeds", type=int, nargs="+", default=[7, 11, 23])
    options = parser.parse_args(arguments)
    found = []
    for is_mood_dependent in (False, True):
        for seed in options.seeds:
            folder = Path(tempfile.mkdtemp(prefix="gapwatch-truth-"))
            try:
                found.append(
                    measure(
                        folder,
                        accounts=options.accounts,
                        months=options.months,
                        seed=seed,
                        is_mood_dependent=is_mood_dependent,
                    )
                )
            finally:
                shutil.rmtree(folder)
    sys.stdout.write(table(found) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
