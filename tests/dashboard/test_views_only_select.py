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
DRAWING = {"charts.py", "graphics.py"}  # they place scores on a screen


def names_a_score(node: ast.expr) -> bool:
    return any(
        (isinstance(part, ast.Attribute) and SCORE.search(part.attr) is not None)
        or (isinstance(part, ast.Name) and SCORE.search(part.id) is not None)
        for part in ast.walk(node)
    )


@pytest.mark.parametrize("path", [p for p in MODULES if p.name not in DRAWING], ids=lambda p: p.stem)
def test_python_computes_nothing_from_scores(path: Path) -> None:
    found = [
        ast.unparse(node)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Div)
        and (names_a_score(node.left) or names_a_score(node.right))
    ]

    assert found == []


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.stem)
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
    assert "private=True" not in text


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
