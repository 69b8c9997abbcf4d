"""Screens select and draw: they compute no score, open no file but snapshots, and stay small."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml
from fixture_snapshot import MARTS

from dashboards.texts import CATALOGUES

DASHBOARDS = CATALOGUES.parent
MODULES = sorted(DASHBOARDS.rglob("*.py"))
# Scores as the marts name them; counts and days are not scores.
NAMED = r"(?:_score|_gap|_shrunk|_low|_high|_part|_change|_change_13|_before|_value|_share|zone_position)"
SCORE = re.compile(rf"{NAMED}$")
DRAWING = {
    "charts.py",
    "graphics.py",
    "quadrant.py",
    "shapes.py",
    "timelines.py",
    "vega.py",
}  # they place scores on a screen
ARITHMETIC = ast.Add | ast.Sub | ast.Mult | ast.Div | ast.FloorDiv | ast.Mod | ast.Pow
ADDING_UP = {"sum", "fsum", "mean", "fmean", "median", "stdev", "prod", "pow", "reduce", "accumulate"}


def names_a_score(node: ast.expr) -> bool:
    return any(
        (isinstance(part, ast.Attribute) and SCORE.search(part.attr) is not None)
        or (isinstance(part, ast.Name) and SCORE.search(part.id) is not None)
        for part in ast.walk(node)
    )


def computed(text: str) -> list[str]:
    """Expressions and statements that make a number out of scores."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ARITHMETIC):
            parts: list[ast.expr] = [node.left, node.right]
        elif isinstance(node, ast.AugAssign):
            parts = [node.target, node.value]
        elif isinstance(node, ast.Call) and called(node) in ADDING_UP:
            parts = [*node.args]
        else:
            continue
        if any(names_a_score(part) for part in parts):
            found.append(ast.unparse(node))
    return found


def called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


@pytest.mark.parametrize("path", [p for p in MODULES if p.name not in DRAWING], ids=lambda p: p.stem)
def test_python_computes_nothing_from_scores(path: Path) -> None:
    assert computed(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "written",
    [
        "a.perception_score - b",
        "x = 1 + row.gap_shrunk",
        "total += row.weighted_gap",
        "total = sum(row.satisfaction_gap or 0 for row in rows)",
        "statistics.fmean([row.gap_low, row.gap_high])",
        "-row.promise_gap ** 2",
        "functools.reduce(operator.add, (row.weighted_gap for row in rows))",
    ],
)
def test_arithmetic_on_scores_is_found_however_it_is_written(written: str) -> None:
    assert computed(written) != []


@pytest.mark.parametrize("written", ["n += row.n_rows", "sum(1 for row in rows)", "abs(row.promise_gap)"])
def test_counts_and_the_size_of_one_score_are_left_alone(written: str) -> None:
    assert computed(written) == []


@pytest.mark.parametrize("path", [p for p in MODULES if p.name in DRAWING], ids=lambda p: p.stem)
def test_what_places_scores_on_a_screen_asks_for_none(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert "dashboards.queries" not in text
    assert re.findall(r"\bselect\b.*\bfrom\b", text) == []


@pytest.mark.parametrize("path", [p for p in MODULES if p.name not in DRAWING], ids=lambda p: p.stem)
def test_sql_computes_nothing_from_scores(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    score = rf"\w*{NAMED}\b"

    assert re.findall(r"(?:avg|stddev|median)\s*\(", text) == []
    assert re.findall(rf"sum\(\s*{score}", text) == []
    assert re.findall(rf"{score}\s*[-+*/]\s*\w", text) == []


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.stem)
def test_only_the_snapshot_module_opens_databases(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert "duckdb.connect" not in text
    assert "read_parquet" not in text
    assert ("private=True" in text) is (path.name == "personal.py" and path.parent.name == "queries")


def test_the_exposures_name_the_marts_the_screens_read() -> None:
    listed = yaml.safe_load((MARTS / "_marts__exposures.yml").read_text(encoding="utf-8"))["exposures"]
    named = {
        re.findall(r"'(\w+)'", mart)[0]
        for screen in listed
        if screen["type"] == "dashboard"
        for mart in screen["depends_on"]
    }
    queries = [path.read_text(encoding="utf-8") for path in (DASHBOARDS / "queries").glob("*.py")]

    assert named == set(re.findall(r"marts\.(\w+)", " ".join(queries)))


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.stem)
def test_modules_fit_in_the_head(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 320
