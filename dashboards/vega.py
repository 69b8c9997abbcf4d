"""Pieces that charts are made of, in Vega-Lite's own words: axes, lines' last values, the pointer, a frame.

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

LABEL_ROOM = 14  # pixels between the baselines of two end labels
AXIS_ROOM = 34  # of a chart's height
#: Vega writes a hyphen before negative numbers.
SIGNED = "datum.value < 0 ? '\u2212' + format(-datum.value, 'd') : format(datum.value, 'd')"
# Days are UTC; a viewer west of it would otherwise read the day before.
_UTC = {"type": "utc"}
_NEAR = "near"


@dataclass(frozen=True)
class EndLabel:
    """Words at the end of a line."""

    value: float
    text: str
    colour: str


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


def path(kind: str, encoding: Mapping[str, Any], **style: Any) -> Spec:
    """A line or an area that a week without a value breaks."""
    return mark(kind, encoding, invalid="break-paths-filter-domains", **style)


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


def weeks(words: Words) -> Spec:
    """Weeks from left to right, by their Monday."""
    return days("week_start_on", words, 4)


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


def pointed(colours: Palette, words: Words, tooltip: Sequence[Spec]) -> Spec:
    """A rule at the week nearest to the pointer, with what the week holds."""
    select = {"type": "point", "nearest": True, "on": "pointerover", "fields": ["week_start_on"]}
    near = {"condition": {"param": _NEAR, "empty": False, "value": 0.6}, "value": 0}
    week = told_day("week_start_on", words.say("week of"))
    layer = mark("rule", {"opacity": near, "tooltip": [week, *tooltip]}, color=colours.muted)
    return {**layer, "params": [{"name": _NEAR, "select": select}]}


def end_labels(at: str, labels: Sequence[EndLabel], scale: Scale, height: int) -> Spec:
    """Words right of the last week, pushed apart where lines end close together."""
    low, high = scale.domain
    step = (high - low) / (height - AXIS_ROOM) * LABEL_ROOM
    placed: list[tuple[float, EndLabel]] = []
    for label in sorted(labels, key=lambda each: each.value):
        lowest = placed[-1][0] + step if placed else low
        placed.append((max(lowest, label.value), label))
    ceiling = high
    for index in range(len(placed) - 1, -1, -1):
        held = min(ceiling, placed[index][0])
        placed[index] = (held, placed[index][1])
        ceiling = held - step
    rows = [{"at": at, "y": place, "text": each.text, "colour": each.colour} for place, each in placed]
    encoding = {
        "x": {"field": "at", "type": "temporal", "scale": _UTC, "title": None},
        "y": scale.of("y"),
        "text": {"field": "text", "type": "nominal"},
        "description": {"field": "text", "type": "nominal"},
        "color": {"field": "colour", "type": "nominal", "scale": None, "legend": None},
    }
    return group(rows, [mark("text", encoding, align="left", dx=6, fontWeight=600, fontSize=12)])


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
