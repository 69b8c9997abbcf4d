"""What charts draw: every chart is Vega-Lite by its schema, and marks stand where the rows say."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import altair
import jsonschema
import pytest
from conftest import OpenPage
from streamlit.testing.v1 import AppTest

from dashboards import quadrant
from dashboards.situations import FeltPoint
from dashboards.texts import Words
from dashboards.theme import DARK

Spec = dict[str, Any]
PAGES = ("client", "felt", "lost")


def drawn(at: AppTest) -> list[Spec]:
    assert not at.exception, at.exception
    return [json.loads(element.proto.spec) for element in at.get("vega_lite_chart")]


def marks(spec: Spec, kind: str, rows: list[Spec] | None = None) -> Iterator[tuple[Spec, list[Spec]]]:
    """Layers of a kind with the rows they draw."""
    rows = spec.get("data", {}).get("values", rows)
    for layer in spec.get("layer", []):
        yield from marks(layer, kind, rows)
    if spec.get("mark", {}).get("type") == kind:
        yield spec, rows or []


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("page", PAGES)
def test_every_chart_is_vega_lite_by_its_schema(
    page: str, language: str, company: Path, open_page: OpenPage
) -> None:
    asked = {"account": "A-001"} if page == "client" else {"period": "all"} if page == "lost" else {}
    specs = drawn(open_page(company, page, lang=language, **asked))

    assert specs
    for spec in specs:
        altair.LayerChart.from_dict({**spec, "width": 300}, validate=True)


def test_a_property_that_vega_lite_has_not_is_noticed(company: Path, open_page: OpenPage) -> None:
    spec = drawn(open_page(company, "felt"))[0]
    next(marks(spec, "point"))[0]["mark"]["colour"] = "red"

    with pytest.raises(jsonschema.ValidationError):
        altair.LayerChart.from_dict({**spec, "width": 300}, validate=True)


def test_a_mark_of_the_scatter_says_its_situation_by_shape_and_colour() -> None:
    points = [
        FeltPoint("A-1", "Alder", "A", "North", 40.0, 30.0, 50.0, 3, 4, -20.0, 9, "both_bad"),
        FeltPoint("A-2", "Birch", "A", "North", 80.0, 70.0, 90.0, 3, 4, -20.0, 9, "factual_bad"),
    ]
    spec = quadrant.scatter(points, 60.0, -10.0, Words(), DARK)
    ((layer, rows),) = marks(spec, "point")
    shape, colour = layer["encoding"]["shape"]["scale"], layer["encoding"]["color"]["scale"]
    looks = {
        code: (shape["range"][shape["domain"].index(code)], colour["range"][colour["domain"].index(code)])
        for code in ("both_bad", "factual_bad")
    }

    assert [(row["promise_gap"], row["perception"], row["situation"]) for row in rows] == [
        (-20.0, 40.0, "both_bad"),
        (-20.0, 80.0, "factual_bad"),
    ]
    assert looks == {
        "both_bad": ("diamond", DARK.short),
        "factual_bad": ("triangle-down", DARK.expectation),
    }
    assert [[row["at"] for row in rows] for _, rows in marks(spec, "rule")] == [[-10.0], [60.0]]


def test_thousands_of_clients_stay_readable_and_those_to_act_on_lie_above_the_others() -> None:
    said = ("both_good", "factual_bad", "both_good", "felt_bad", "both_good", "both_bad")
    points = [
        FeltPoint(
            f"A-{i}", f"Client {i}", "A", "North", 40.0 + i % 41, 30.0, 50.0, 3, 4, -(i % 37), 9, said[i % 6]
        )
        for i in range(5000)
    ]

    began = time.monotonic()
    spec = quadrant.scatter(points, 60.0, -10.0, Words(), DARK)
    seconds = time.monotonic() - began
    ((layer, rows),) = marks(spec, "point")
    few = quadrant.scatter(points[:500], 60.0, -10.0, Words(), DARK)
    ((usual, _),) = marks(few, "point")

    assert len(rows) == 5000
    assert layer["mark"]["size"] < usual["mark"]["size"] / 2
    assert layer["mark"]["opacity"] < usual["mark"]["opacity"]
    order = [row["situation"] for row in rows]
    assert order == sorted(order, key=["both_good", "felt_bad", "both_bad", "factual_bad"].index)
    assert sum(len(named) for _, named in marks(spec, "text")) <= quadrant.MOST_LABELS
    assert len(json.dumps(spec)) < 250 * len(points)
    # A third of a second went by where every label was tried against every mark.
    assert seconds < 1.0
