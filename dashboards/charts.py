"""Charts by week: P and E with the gap shaded, the felt gap beside the factual one, the risk.

A chart draws the rows it is given. What text a chart needs around it (title, n, state) stands
above it as HTML, where it wraps on a phone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from dashboards.at_risk import Lines, RiskPoint
from dashboards.plots import EndLabel, Line, Plot, Rule, Shade, Tip, drawn, round_ticks
from dashboards.rows import FeltFactual, GapPoint
from dashboards.texts import Words
from dashboards.theme import Palette

SCORES = (0.0, 100.0)
SCORE_STEPS, GAP_STEPS, POINT_STEPS = (10, 20, 25, 50), (5, 10, 20, 25, 50, 100), (5, 10, 20, 25, 50)


def gap_chart(
    points: Sequence[GapPoint],
    words: Words,
    colours: Palette,
    *,
    height: int,
    domain: tuple[float, float],
    spelled_out: bool,
    alt: str,
    is_reliable: bool = True,
) -> str:
    """P, E and the minimum by week with the gap shaded in its three states, as HTML.

    ``domain`` is the score range shown, the same for panels side by side; ``spelled_out`` labels
    the lines with words, else with numbers alone, and shows the interval of the perception. A week
    without answers breaks line and shade. A gap that cannot be relied on is grey.
    """
    short, above = (colours.short, colours.above) if is_reliable else (colours.muted, colours.muted)
    perception = [point.perception_score for point in points]
    expectation = [point.expectation_score for point in points]
    minimum = [point.minimum_score for point in points]
    lower = [point.lower for point in points]
    # Filled, the interval would mix with the shades of the gap.
    ends = (
        [point.perception_low_score for point in points],
        [point.perception_high_score for point in points],
    )
    plot = Plot(
        weeks=[point.week_start_on for point in points],
        domain=domain,
        ticks=[(tick, words.score(tick)) for tick in round_ticks(domain, height, SCORE_STEPS)],
        shades=[
            Shade(lower, expectation, short, 0.17),
            Shade(lower, perception, above, 0.25),
            Shade([p.lower_minimum for p in points], minimum, short, 0.75 if is_reliable else 0.3),
        ],
        lines=[
            *(Line(end, colours.perception, 1.2, opacity=0.7) for end in ends if spelled_out),
            Line(minimum, colours.minimum, 1.6, dash="1 3"),
            Line(expectation, colours.expectation, 1.6, dash="5 3"),
            Line(perception, colours.perception, 2.4),
        ],
        labels=[
            EndLabel(value, f"{word} {words.score(value)}" if spelled_out else words.score(value), colour)
            for value, word, colour in _newest(points[-1], words, colours)
        ],
        tips=[_gap_told(point, words) for point in points],
    )
    return drawn(plot, words, colours, height=height, alt=alt)


def felt_factual_chart(
    points: Sequence[FeltFactual], words: Words, colours: Palette, *, height: int, alt: str
) -> str:
    """The felt gap (blue) and the factual one (ink) by week, in points, as HTML."""
    known = [gap for p in points for gap in (p.satisfaction_gap, p.promise_gap) if gap is not None]
    domain = (min([-20.0, *known]) - 3, max([0.0, *known]) + 3)
    last = points[-1]
    labels = []
    if last.satisfaction_gap is not None:
        text = words.say("Felt {gap}", gap=words.signed(last.satisfaction_gap))
        labels.append(EndLabel(last.satisfaction_gap, text, colours.perception))
    if last.promise_gap is not None:
        text = words.say("Factual {gap}", gap=words.signed(last.promise_gap))
        labels.append(EndLabel(last.promise_gap, text, colours.expectation))
    plot = Plot(
        weeks=[point.week_start_on for point in points],
        domain=domain,
        ticks=[(tick, words.signed(tick)) for tick in round_ticks(domain, height, GAP_STEPS)],
        rules=[Rule(0.0, colours.muted)],
        lines=[
            Line([point.promise_gap for point in points], colours.expectation, 2),
            Line([point.satisfaction_gap for point in points], colours.perception, 2.4),
        ],
        labels=labels,
        tips=[
            Tip(
                _week(point.week_start_on, words),
                [
                    f"{words.say('felt gap')} {words.signed(point.satisfaction_gap, 1)}",
                    f"{words.say('contacts')} {words.integer(point.n_paired)}",
                    f"{words.say('factual gap')} {words.signed(point.promise_gap, 1)}",
                    f"{words.say('promises')} {words.integer(point.n_promises)}",
                ],
            )
            for point in points
        ],
    )
    return drawn(plot, words, colours, height=height, alt=alt)


def risk_chart(
    points: Sequence[RiskPoint],
    lines: Lines | None,
    words: Words,
    colours: Palette,
    *,
    height: int,
    alt: str,
) -> str:
    """Risk points by week, with the lines from which a client is at risk and at high risk, as HTML."""
    scores = [point.risk_score for point in points]
    bands = [(lines.high, words.say("high")), (lines.medium, words.say("medium"))] if lines else []
    domain = (0.0, min(100.0, (max([*scores, *(band for band, _ in bands)]) // 10 + 1) * 10.0))
    plot = Plot(
        weeks=[point.week_start_on for point in points],
        domain=domain,
        ticks=[(tick, words.score(tick)) for tick in round_ticks(domain, height, POINT_STEPS)],
        rules=[Rule(band, colours.muted, "4 4") for band, _ in bands],
        lines=[Line(scores, colours.short, 2.4, has_dots=True)],
        labels=[
            EndLabel(scores[-1], words.score(scores[-1]), colours.short),
            *(EndLabel(band, name, colours.muted) for band, name in bands),
        ],
        tips=[
            Tip(
                _week(point.week_start_on, words),
                [f"{words.say('risk points')} {words.score(point.risk_score)}"],
            )
            for point in points
        ],
    )
    return drawn(plot, words, colours, height=height, alt=alt)


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


def _newest(last: GapPoint, words: Words, colours: Palette) -> list[tuple[float, str, str]]:
    lines = (
        (last.perception_score, words.say("Perception"), colours.perception),
        (last.expectation_score, words.say("Expectation"), colours.expectation),
        (last.minimum_score, words.say("Minimum"), colours.minimum),
    )
    return [(value, word, colour) for value, word, colour in lines if value is not None]


def _gap_told(point: GapPoint, words: Words) -> Tip:
    lines = [
        f"{words.say('perception')} {words.score(point.perception_score, 1)}",
        f"{words.say('expectation')} {words.score(point.expectation_score, 1)}",
        f"{words.say('gap')} {words.signed(point.satisfaction_gap, 1)}",
    ]
    if point.minimum_score is not None:
        lines.append(f"{words.say('minimum')} {words.score(point.minimum_score, 1)}")
    return Tip(_week(point.week_start_on, words), [*lines, f"n {words.integer(point.n)}"])


def _week(start: date, words: Words) -> str:
    return words.say("week of {day}", day=words.day(start))
