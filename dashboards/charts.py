"""Altair charts: P and E with the gap shaded, and the felt gap beside the factual one.

A chart draws the rows it is given. What text a chart needs around it (title, n, state) stands
above it as HTML, where it wraps on a phone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from dashboards.rows import FeltFactual, GapPoint
from dashboards.texts import Words
from dashboards.theme import FONT, Palette

SCORES = (0.0, 100.0)
LABEL_ROOM = 14  # pixels between the baselines of two end labels
AXIS_ROOM = 34  # of a chart's height
TICK_ROOM = 26  # pixels from one grid line to the next, at least


@dataclass(frozen=True)
class EndLabel:
    """Words at the end of a line."""

    value: float
    text: str
    colour: str


def gap_chart(
    points: Sequence[GapPoint],
    words: Words,
    colours: Palette,
    *,
    height: int,
    domain: tuple[float, float],
    spelled_out: bool,
    is_reliable: bool = True,
) -> alt.LayerChart:
    """P, E and the minimum by week with the gap shaded in its three states.

    ``domain`` is the score range shown, the same for panels side by side; ``spelled_out`` labels
    the lines with words, else with numbers alone, and shows the interval of the perception. A week
    without answers breaks line and shade. A gap that cannot be relied on is grey.
    """
    short, above = (colours.short, colours.above) if is_reliable else (colours.muted, colours.muted)
    scale = alt.Scale(domain=list(domain), zero=False, nice=False, clamp=True)
    axis = alt.Axis(values=_ticks(domain, height), format="d")
    base = alt.Chart(_values(points)).encode(x=week_axis(words))

    def y(field: str) -> alt.Y:
        return alt.Y(
            f"{field}:Q",
            scale=scale,
            title=None,
            axis=axis,
        )

    def area(start: str, end: str, colour: str, opacity: float) -> alt.Chart:
        return base.mark_area(color=colour, opacity=opacity, invalid="break-paths-filter-domains").encode(
            y=y(start), y2=f"{end}:Q"
        )

    def line(field: str, colour: str, **style: Any) -> alt.Chart:
        return base.mark_line(color=colour, invalid="break-paths-filter-domains", **style).encode(y=y(field))

    labels = [
        EndLabel(value, f"{word} {words.score(value)}" if spelled_out else words.score(value), colour)
        for value, word, colour in _newest(points, words, colours)
    ]
    # Filled, it would mix with the shades of the gap.
    ends = [
        line(end, colours.perception, strokeWidth=1.2, opacity=0.7)
        for end in ("perception_low_score", "perception_high_score")
    ]
    layers = [
        area("lower", "expectation_score", short, 0.17),
        area("lower", "perception_score", above, 0.25),
        area("lower_minimum", "minimum_score", short, 0.75 if is_reliable else 0.3),
        *(ends if spelled_out and any(p.perception_low_score is not None for p in points) else []),
        line("minimum_score", colours.minimum, strokeDash=[1, 3], strokeWidth=1.6),
        line("expectation_score", colours.expectation, strokeDash=[5, 3], strokeWidth=1.6),
        line("perception_score", colours.perception, strokeWidth=2.4),
        *end_labels(points[-1].week_start_on.isoformat(), labels, scale, axis, domain, height),
        hover(base, words, colours, _gap_tooltip(words)),
    ]
    return framed(alt.layer(*layers), height, colours)


def felt_factual_chart(
    points: Sequence[FeltFactual], words: Words, colours: Palette, *, height: int
) -> alt.LayerChart:
    """The felt gap (blue) and the factual one (ink) by week, in points."""
    values = [
        {
            "week_start_on": point.week_start_on.isoformat(),
            "satisfaction_gap": point.satisfaction_gap,
            "promise_gap": point.promise_gap,
            "n_paired": point.n_paired,
            "n_promises": point.n_promises,
        }
        for point in points
    ]
    known = [gap for p in points for gap in (p.satisfaction_gap, p.promise_gap) if gap is not None]
    domain = (min([-20.0, *known]) - 3, max([0.0, *known]) + 3)
    scale = alt.Scale(domain=list(domain), zero=False, nice=False, clamp=True)
    axis = alt.Axis(tickCount=5, labelExpr=_SIGNED)
    base = alt.Chart(alt.Data(values=values)).encode(x=week_axis(words))

    def line(field: str, colour: str, **style: Any) -> alt.Chart:
        return base.mark_line(color=colour, invalid="break-paths-filter-domains", **style).encode(
            y=alt.Y(f"{field}:Q", scale=scale, title=None, axis=axis)
        )

    zero = (
        alt.Chart(alt.Data(values=[{"zero": 0}]))
        .mark_rule(color=colours.muted, strokeWidth=1)
        .encode(y=alt.Y("zero:Q", scale=scale, title=None, axis=axis))
    )
    last = points[-1]
    labels = []
    if last.satisfaction_gap is not None:
        text = words.say("Felt {gap}", gap=words.signed(last.satisfaction_gap))
        labels.append(EndLabel(last.satisfaction_gap, text, colours.perception))
    if last.promise_gap is not None:
        text = words.say("Factual {gap}", gap=words.signed(last.promise_gap))
        labels.append(EndLabel(last.promise_gap, text, colours.expectation))
    tooltip = [
        week_tooltip(words),
        alt.Tooltip("satisfaction_gap:Q", title=words.say("felt gap"), format=".1f"),
        alt.Tooltip("n_paired:Q", title=words.say("contacts")),
        alt.Tooltip("promise_gap:Q", title=words.say("factual gap"), format=".1f"),
        alt.Tooltip("n_promises:Q", title=words.say("promises")),
    ]
    layers = [
        zero,
        line("promise_gap", colours.expectation, strokeWidth=2),
        line("satisfaction_gap", colours.perception, strokeWidth=2.4),
        *end_labels(last.week_start_on.isoformat(), labels, scale, axis, domain, height),
        hover(base, words, colours, tooltip),
    ]
    return framed(alt.layer(*layers), height, colours)


def shared_domain(series: Sequence[Sequence[GapPoint]]) -> tuple[float, float]:
    """The range of scores that panels side by side share: whole tens around what they draw."""
    known = [
        score
        for points in series
        for point in points
        for score in (
            *(point.perception_score, point.expectation_score, point.minimum_score),
            *(point.perception_low_score, point.perception_high_score),
        )
        if score is not None
    ]
    if not known:
        return SCORES
    return max(0.0, (min(known) - 2) // 10 * 10), min(100.0, -((-max(known) - 2) // 10) * 10)


# Vega writes a hyphen before negative numbers.
_SIGNED = "datum.value < 0 ? '\u2212' + format(-datum.value, 'd') : format(datum.value, 'd')"


def _ticks(domain: tuple[float, float], height: int) -> list[float]:
    """Grid lines at round scores, no closer than their labels need."""
    low, high = domain
    fitting = (height - AXIS_ROOM) / TICK_ROOM
    step = next((step for step in (10, 20, 25) if (high - low) / step <= fitting), 50)
    first = -(-low // step) * step
    return [first + step * at for at in range(int((high - first) // step) + 1)]


def _values(points: Sequence[GapPoint]) -> alt.Data:
    return alt.Data(
        values=[
            {
                "week_start_on": point.week_start_on.isoformat(),
                "perception_score": point.perception_score,
                "expectation_score": point.expectation_score,
                "minimum_score": point.minimum_score,
                "satisfaction_gap": point.satisfaction_gap,
                "lower": point.lower,
                "lower_minimum": point.lower_minimum,
                "n": point.n,
                "perception_low_score": point.perception_low_score,
                "perception_high_score": point.perception_high_score,
            }
            for point in points
        ]
    )


def _newest(points: Sequence[GapPoint], words: Words, colours: Palette) -> list[tuple[float, str, str]]:
    last = points[-1]
    lines = (
        (last.perception_score, words.say("Perception"), colours.perception),
        (last.expectation_score, words.say("Expectation"), colours.expectation),
        (last.minimum_score, words.say("Minimum"), colours.minimum),
    )
    return [(value, word, colour) for value, word, colour in lines if value is not None]


def week_axis(words: Words) -> alt.X:
    """Weeks from left to right, by their Monday."""
    # Days are UTC; a viewer west of it would otherwise read the day before.
    return alt.X(
        "week_start_on:T",
        scale=alt.Scale(type="utc"),
        axis=alt.Axis(title=None, format=words.say("%b %y"), tickCount=4, grid=False, labelOverlap=True),
    )


def end_labels(
    at: str,
    labels: Sequence[EndLabel],
    scale: alt.Scale,
    axis: alt.Axis,
    domain: tuple[float, float],
    height: int,
) -> list[alt.Chart]:
    """Words right of the last week, pushed apart where lines end close together.

    They share scale and axis with the lines: a layer without would bring its own ticks.
    """
    step = (domain[1] - domain[0]) / (height - AXIS_ROOM) * LABEL_ROOM
    placed: list[tuple[float, EndLabel]] = []
    for label in sorted(labels, key=lambda each: each.value):
        lowest = placed[-1][0] + step if placed else domain[0]
        placed.append((max(lowest, label.value), label))
    ceiling = domain[1]
    for index in range(len(placed) - 1, -1, -1):
        held = min(ceiling, placed[index][0])
        placed[index] = (held, placed[index][1])
        ceiling = held - step
    return [
        alt.Chart(alt.Data(values=[{"at": at, "y": place, "text": label.text}]))
        .mark_text(align="left", dx=6, fontWeight=600, color=label.colour, fontSize=12)
        .encode(
            x=alt.X("at:T", scale=alt.Scale(type="utc"), title=None),
            y=alt.Y("y:Q", scale=scale, title=None, axis=axis),
            text="text:N",
        )
        for place, label in placed
    ]


def hover(base: alt.Chart, words: Words, colours: Palette, tooltip: list[alt.Tooltip]) -> alt.Chart:
    """A rule at the week nearest to the pointer, with what the week holds."""
    near = alt.selection_point(nearest=True, on="pointerover", fields=["week_start_on"], empty=False)
    return (
        base.mark_rule(color=colours.muted)
        .encode(opacity=alt.condition(near, alt.value(0.6), alt.value(0)), tooltip=tooltip)
        .add_params(near)
    )


def _gap_tooltip(words: Words) -> list[alt.Tooltip]:
    return [
        week_tooltip(words),
        alt.Tooltip("perception_score:Q", title=words.say("perception"), format=".1f"),
        alt.Tooltip("expectation_score:Q", title=words.say("expectation"), format=".1f"),
        alt.Tooltip("satisfaction_gap:Q", title=words.say("gap"), format=".1f"),
        alt.Tooltip("minimum_score:Q", title=words.say("minimum"), format=".1f"),
        alt.Tooltip("n:Q", title="n"),
    ]


def week_tooltip(words: Words) -> alt.Tooltip:
    """The week's Monday."""
    return alt.Tooltip("utcyearmonthdate(week_start_on):T", title=words.say("week of"), format="%Y-%m-%d")


def framed(chart: alt.LayerChart, height: int, colours: Palette) -> alt.LayerChart:
    """Size, fonts and quiet axes; the ground is the page's own."""
    return (
        chart.properties(height=height, width="container")
        .configure(
            background="transparent", font=FONT, padding={"left": 2, "right": 4, "top": 4, "bottom": 2}
        )
        .configure_view(stroke=None)
        .configure_axis(
            domain=False,
            ticks=False,
            gridColor=colours.grid,
            labelColor=colours.muted,
            labelFontSize=12,
            labelPadding=6,
        )
    )
