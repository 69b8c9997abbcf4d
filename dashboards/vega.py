"""Pieces that charts are made of, in Vega-Lite's own words: axes, marks, the pointer, a frame.

Plain dictionaries, because a chart is drawn in every run of a page: a chart library that copies and checks
the rows of each layer took nine tenths of a run. ``tests/dashboard/test_drawings.py`` holds them to the
schema instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboards.texts import Words
from dashboards.theme import FONT, Palette

Spec = dict[str, Any]

#: Vega writes a hyphen before negative numbers.
SIGNED = "datum.value < 0 ? '\u2212' + format(-datum.value, 'd') : format(datum.value, 'd')"
# Days are UTC; a viewer west of it would otherwise read the day before.
_UTC = {"type": "utc"}


@dataclass(frozen=True)
class Scale:
    """A range of numbers and how its axis is written; every layer of a chart needs the same.

    A layer without it would bring its own ticks and pull 0 into the range.
    """

    domain: tuple[float, float]
    axis: Mapping[str, Any]
    is_clamped: bool = True

    def of(self, field: str) -> Spec:
        """The channel of a field."""
        held = {"domain": list(self.domain), "zero": False, "nice": False}
        return {
            "field": field,
            "type": "quantitative",
            "scale": {**held, "clamp": True} if self.is_clamped else held,
            "axis": {"title": None, **self.axis},
        }


def mark(kind: str, encoding: Mapping[str, Any], **style: Any) -> Spec:
    """A layer without rows of its own: it draws those of the group it is in."""
    return {"mark": {"type": kind, **style}, "encoding": dict(encoding)}


def group(rows: Sequence[Mapping[str, Any]], layers: Sequence[Spec], **encoding: Spec) -> Spec:
    """Layers that draw the same rows, and channels they share."""
    return {"data": {"values": [dict(row) for row in rows]}, "encoding": encoding, "layer": list(layers)}


def days(field: str, words: Words, n_ticks: int) -> Spec:
    """Days from left to right."""
    axis = {
        "title": None,
        "format": words.say("%b %y"),
        "tickCount": n_ticks,
        "grid": False,
        "labelOverlap": True,
    }
    return {"field": field, "type": "temporal", "scale": _UTC, "axis": axis}


def told(field: str, title: str, shown_as: str | None = None) -> Spec:
    """A line of what the pointer tells: a number with its format, or a text without."""
    if shown_as is None:
        return {"field": field, "type": "nominal", "title": title}
    return {"field": field, "type": "quantitative", "title": title, "format": shown_as}


def told_day(field: str, title: str) -> Spec:
    """A line of what the pointer tells: a day."""
    return {
        "field": field,
        "timeUnit": "utcyearmonthdate",
        "type": "temporal",
        "title": title,
        "format": "%Y-%m-%d",
    }


def framed(layers: Sequence[Spec], height: int, colours: Palette) -> Spec:
    """A whole chart: size, fonts and quiet axes; the ground is the page's own."""
    return {
        "height": height,
        "width": "container",
        "layer": list(layers),
        "config": {
            "background": "transparent",
            "font": FONT,
            "padding": {"left": 2, "right": 4, "top": 4, "bottom": 2},
            "view": {"stroke": None},
            "axis": {
                "domain": False,
                "ticks": False,
                "gridColor": colours.grid,
                "labelColor": colours.muted,
                "labelFontSize": 12,
                "labelPadding": 6,
                "titleColor": colours.muted,
                "titleFontSize": 12,
                "titleFontWeight": "normal",
            },
        },
    }
