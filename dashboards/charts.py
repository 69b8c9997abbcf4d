"""Charts of scores by week: P and E with the gap shaded, and the felt gap beside the factual one.

A chart draws the rows it is given. What text a chart needs around it (title, n, state) stands
above it as HTML, where it wraps on a phone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dashboards.rows import FeltFactual, GapPoint
from dashboards.texts import Words
from dashboards.theme import Palette
from dashboards.vega import (
    AXIS_ROOM,
    SIGNED,
    EndLabel,
    Scale,
    Spec,
    end_labels,
    framed,
    group,
    mark,
    path,
    pointed,
    told,
    weeks,
)

SCORES = (0.0, 100.0)
TICK_ROOM = 26  # pixels from one grid line to the next, at least


def gap_chart(
    points: Sequence[GapPoint],
    words: Words,
    colours: Palette,
    *,
    height: int,
    domain: tuple[float, float],
    spelled_out: bool,
    is_reliable: bool = True,
) -> Spec:
    """P, E and the minimum by week with the gap shaded in its three states.

    ``domain`` is the score range shown, the same for panels side by side; ``spelled_out`` labels
    the lines with words, else with numbers alone, and shows the interval of the perception. A week
    without answers breaks line and shade. A gap that cannot be relied on is grey.
    """
    short, above = (colours.short, colours.above) if is_reliable else (colours.muted, colours.muted)
    scores = Scale(domain, {"values": _ticks(domain, height), "format": "d"})

    def area(start: str, end: str, colour: str, opacity: float) -> Spec:
        return path("area", {"y": scores.of(start), "y2": {"field": end}}, color=colour, opacity=opacity)

    def line(field: str, colour: str, **style: Any) -> Spec:
        return path("line", {"y": scores.of(field)}, color=colour, **style)

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
        pointed(colours, words, _gap_told(words)),
    ]
    last = end_labels(points[-1].week_start_on.isoformat(), labels, scores, height)
    return framed([group(_rows(points), layers, x=weeks(words)), last], height, colours)


def felt_factual_chart(points: Sequence[FeltFactual], words: Words, colours: Palette, *, height: int) -> Spec:
    """The felt gap (blue) and the factual one (ink) by week, in points."""
    rows = [
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
    gaps = Scale(domain, {"tickCount": 5, "labelExpr": SIGNED})
    last = points[-1]
    labels = []
    if last.satisfaction_gap is not None:
        text = words.say("Felt {gap}", gap=words.signed(last.satisfaction_gap))
        labels.append(EndLabel(last.satisfaction_gap, text, colours.perception))
    if last.promise_gap is not None:
        text = words.say("Factual {gap}", gap=words.signed(last.promise_gap))
        labels.append(EndLabel(last.promise_gap, text, colours.expectation))
    zero = mark("rule", {"y": gaps.of("zero")}, color=colours.muted, strokeWidth=1)
    lines = [
        path("line", {"y": gaps.of("promise_gap")}, color=colours.expectation, strokeWidth=2),
        path("line", {"y": gaps.of("satisfaction_gap")}, color=colours.perception, strokeWidth=2.4),
        pointed(
            colours,
            words,
            [
                told("satisfaction_gap", words.say("felt gap"), ".1f"),
                told("n_paired", words.say("contacts"), "d"),
                told("promise_gap", words.say("factual gap"), ".1f"),
                told("n_promises", words.say("promises"), "d"),
            ],
        ),
    ]
    layers = [
        group([{"zero": 0}], [zero]),
        group(rows, lines, x=weeks(words)),
        end_labels(last.week_start_on.isoformat(), labels, gaps, height),
    ]
    return framed(layers, height, colours)


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


def _ticks(domain: tuple[float, float], height: int) -> list[float]:
    """Grid lines at round scores, no closer than their labels need."""
    low, high = domain
    fitting = (height - AXIS_ROOM) / TICK_ROOM
    step = next((step for step in (10, 20, 25) if (high - low) / step <= fitting), 50)
    first = -(-low // step) * step
    return [first + step * at for at in range(int((high - first) // step) + 1)]


def _rows(points: Sequence[GapPoint]) -> list[Spec]:
    return [
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


def _newest(points: Sequence[GapPoint], words: Words, colours: Palette) -> list[tuple[float, str, str]]:
    last = points[-1]
    lines = (
        (last.perception_score, words.say("Perception"), colours.perception),
        (last.expectation_score, words.say("Expectation"), colours.expectation),
        (last.minimum_score, words.say("Minimum"), colours.minimum),
    )
    return [(value, word, colour) for value, word, colour in lines if value is not None]


def _gap_told(words: Words) -> list[Spec]:
    return [
        told("perception_score", words.say("perception"), ".1f"),
        told("expectation_score", words.say("expectation"), ".1f"),
        told("satisfaction_gap", words.say("gap"), ".1f"),
        told("minimum_score", words.say("minimum"), ".1f"),
        told("n", "n", "d"),
    ]
