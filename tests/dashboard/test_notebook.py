"""The notebook in examples/ runs from its first cell to its last, and is kept without anybody's numbers."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import altair as alt
import pytest
from conftest import Ask

NOTEBOOK = Path(__file__).resolve().parents[2] / "examples" / "notebook" / "snapshot.ipynb"


def cells() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    return found


def run(source: str, names: dict[str, Any]) -> Any:
    """Run a cell as a kernel does; what its last expression gives."""
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, str(NOTEBOOK), "exec"), names)
    if last is None:
        return None
    assert isinstance(last, ast.Expr)
    return eval(compile(ast.Expression(last.value), str(NOTEBOOK), "eval"), names)


def test_every_cell_runs_on_a_snapshot(company: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAPWATCH_WORKSPACE", str(company))
    names: dict[str, Any] = {}
    shown = [run("".join(cell["source"]), names) for cell in cells() if cell["cell_type"] == "code"]

    assert shown[0].startswith("snapshot 0f3a, as of ")
    (n_at_risk,) = ask(
        """select count(*) from marts.fct_churn_risk_weekly join marts.dim_accounts using (account_id)
           where risk_band <> 'low' and week_id = (select max(week_id) from marts.fct_churn_risk_weekly)"""
    )[0]
    assert len(names["at_risk"]) == n_at_risk > 0
    assert len(names["weeks"]) > 0
    assert len(names["change"]) == 1
    charts = [each for each in shown if isinstance(each, alt.FacetChart | alt.Chart)]
    assert len(charts) == 1
    assert charts[0].to_dict()["data"]


def test_no_output_is_committed() -> None:
    for cell in cells():
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
