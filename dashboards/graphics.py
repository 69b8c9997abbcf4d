"""Small graphics as images: tracks, strips, bars and sparklines.

Only places on screen are reckoned here, from the scores the marts hold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dashboards import svg
from dashboards.measured import ControlPoint, Part
from dashboards.theme import Palette

SPARK_DOMAIN = (-60.0, 10.0)  # one scale for all clients; what lies beyond is drawn at the edge


@dataclass(frozen=True)
class Marks:
    """What a strip from 0 to 100 shows of one perception; ends of ranges as (low, high)."""

    perception: float | None
    expectation: float | None = None
    minimum: float | None = None
    estimate: float | None = None
    interval: tuple[float | None, float | None] = (None, None)
    silent: tuple[float | None, float | None] = (None, None)


def dumbbell(marks: Marks, colours: Palette, alt: str, *, is_reliable: bool = True) -> str:
    """Perception as a dot with its interval, and expectation as a tick, on a track from 0 to 100."""
    width, height, pad = 132, 22, 8
    place = svg.scale((0.0, 100.0), pad, width - pad)
    parts = [svg.line(pad, 11, width - pad, 11, colours.grid, 2)]
    if marks.perception is not None and marks.expectation is not None:
        colour = colours.short if marks.perception < marks.expectation else colours.above
        colour = colour if is_reliable else colours.muted
        parts.append(
            svg.line(place(marks.perception), 11, place(marks.expectation), 11, colour, 7, opacity=0.4)
        )
    parts += _range(marks.interval, place, 11, colours.perception, 2)
    if marks.expectation is not None:
        at = place(marks.expectation)
        parts.append(svg.line(at, 3, at, 19, colours.expectation, 3))
    if marks.perception is not None:
        parts.append(svg.dot(place(marks.perception), 11, 5, colours.perception))
    return svg.image(width, height, parts, alt)


def strip(marks: Marks, colours: Palette, alt: str) -> str:
    """A perception and all that bounds it: best estimate with its interval, what was answered, the silent."""
    width, height, pad, middle = 240, 26, 6, 13
    place = svg.scale((0.0, 100.0), pad, width - pad)
    parts = [svg.line(pad, middle, width - pad, middle, colours.grid, 2)]
    parts += _range(marks.silent, place, middle, colours.muted, 1, cap=4)
    parts += _range(marks.interval, place, middle, colours.perception, 5, opacity=0.45)
    for value, colour, dash in (
        (marks.minimum, colours.minimum, "2 2"),
        (marks.expectation, colours.expectation, ""),
    ):
        if value is not None:
            parts.append(svg.line(place(value), 3, place(value), height - 3, colour, 2.5, dash=dash))
    if marks.perception is not None:
        parts.append(svg.dot(place(marks.perception), middle, 4, colours.ground, edge=colours.perception))
    if marks.estimate is not None:
        parts.append(svg.dot(place(marks.estimate), middle, 5, colours.perception))
    return svg.image(width, height, parts, alt)


def share_strip(
    share: float,
    interval: tuple[float | None, float | None],
    base: float | None,
    colours: Palette,
    alt: str,
) -> str:
    """A share from 0 to 1 as a dot with its interval, beside a dashed line of what chance would give."""
    width, height, pad, middle = 240, 22, 6, 11
    place = svg.scale((0.0, 1.0), pad, width - pad)
    parts = [svg.line(pad, middle, width - pad, middle, colours.grid, 2)]
    if base is not None:
        parts.append(svg.line(place(base), 1, place(base), height - 1, colours.muted, 1.5, dash="3 2"))
    parts += _range(interval, place, middle, colours.perception, 2)
    parts.append(svg.dot(place(share), middle, 5, colours.perception))
    return svg.image(width, height, parts, alt)


def share_bar(value: float, most: float, scale: float, colours: Palette, *, is_first: bool) -> str:
    """A bar on a track: how much of what it can add something adds, all tracks on one scale."""
    width, height = 150, 14
    place = svg.scale((0.0, max(scale, 1e-9)), 1, width - 1)
    parts = [svg.line(1, 7, place(most), 7, colours.grid, 8)]
    if value > 0:
        parts.append(svg.line(1, 7, place(value), 7, colours.short if is_first else colours.muted, 8))
    return svg.image(width, height, parts, "")


def waterfall(parts: Sequence[Part], colours: Palette) -> list[str]:
    """A bar for each part, on one scale with 0: totals from 0, the others from where the one before ended."""
    width, height = 300, 20
    spans: list[tuple[float, float]] = []
    end = 0.0
    for part in parts:
        value = part.value or 0.0
        start, end = (0.0, value) if part.is_total else (end, end + value)
        spans.append((start, end))
    ends = [0.0, *(value for span in spans for value in span)]
    domain = (min(ends), max(ends)) if max(ends) > min(ends) else (min(ends), min(ends) + 1)
    place = svg.scale(domain, 4, width - 4)
    bars = []
    for index, (part, (start, end)) in enumerate(zip(parts, spans, strict=True)):
        colour = colours.muted if part.is_total else colours.short if end < start else colours.above
        left, right = sorted((place(start), place(end)))
        marks = [svg.line(place(0.0), 0, place(0.0), height, colours.border, 1)]
        if index + 1 < len(parts):
            marks.append(svg.line(place(end), height / 2, place(end), height, colours.muted, 1, dash="2 2"))
        if index > 0 and not part.is_total:
            marks.append(svg.line(place(start), 0, place(start), height / 2, colours.muted, 1, dash="2 2"))
        marks.append(
            f'<rect x="{left:.1f}" y="3" width="{max(1.5, right - left):.1f}" height="{height - 6}" '
            f'fill="{colour}" fill-opacity="{0.55 if part.is_total else 0.85}"/>'
        )
        bars.append(svg.image(width, height, marks, "", css=f"width:100%;height:{height}px", stretches=True))
    return bars


def sparkline(
    gaps: Sequence[float | None],
    interval: tuple[float | None, float | None],
    colours: Palette,
    alt: str,
    *,
    is_reliable: bool = True,
) -> str:
    """The gap week by week against a dashed zero line, on the scale all clients share.

    The newest one carries its interval; a gap that cannot be relied on is grey.
    """
    width, height = 118, 36
    across = svg.scale((0.0, float(max(1, len(gaps) - 1))), 2, width - 6)
    short, above = (colours.short, colours.above) if is_reliable else (colours.muted, colours.muted)
    down = svg.scale(SPARK_DOMAIN, height - 3, 3)
    zero = down(0.0)
    parts = [svg.line(2, zero, width - 6, zero, colours.muted, 1, dash="2 2")]
    for run in svg.unbroken(gaps):
        first, last = across(run[0][0]), across(run[-1][0])
        for colour, held in (
            (short, (SPARK_DOMAIN[0], 0.0)),
            (above, (0.0, SPARK_DOMAIN[1])),
        ):
            edge = " ".join(
                f"{across(at):.1f},{down(min(held[1], max(held[0], gap))):.1f}" for at, gap in run
            )
            area = f"{first:.1f},{zero:.1f} {edge} {last:.1f},{zero:.1f}"
            parts.append(f'<polygon points="{area}" fill="{colour}" fill-opacity=".25"/>')
        points = " ".join(f"{across(at):.1f},{down(gap):.1f}" for at, gap in run)
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{short if run[-1][1] < 0 else above}" '
            'stroke-width="1.6"/>'
        )
    if gaps and (newest := gaps[-1]) is not None:
        colour, at = short if newest < 0 else above, across(len(gaps) - 1)
        low, high = interval
        if low is not None and high is not None:
            parts.append(svg.line(at, down(low), at, down(high), colour, 1.6))
            parts += [svg.line(at - 3, down(end), at + 3, down(end), colour, 1.6) for end in (low, high)]
        parts.append(svg.dot(at, down(newest), 3, colour))
    return svg.image(width, height, parts, alt)


def control(points: Sequence[ControlPoint], colours: Palette, alt: str) -> str:
    """A control chart: the average between its limits, weeks outside them marked."""
    width, height = 240, 44
    known = [
        (at, point.ewma_score, point.ewma_low_score, point.ewma_high_score, bool(point.is_out_of_control))
        for at, point in enumerate(points)
        if point.ewma_score is not None
        and point.ewma_low_score is not None
        and point.ewma_high_score is not None
    ]
    if not known:
        return ""
    across = svg.scale((0.0, float(max(1, len(points) - 1))), 4, width - 6)
    values = [value for _, *scores, _ in known for value in scores]
    down = svg.scale((min(values), max(values) + 1e-9), height - 5, 5)
    parts = []
    for end, dash in ((2, "3 3"), (3, "3 3"), (1, "")):
        line = " ".join(f"{across(row[0]):.1f},{down(row[end]):.1f}" for row in known)
        colour = colours.muted if dash else colours.perception
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.4" '
            f'stroke-dasharray="{dash or "none"}"/>'
        )
    parts += [
        svg.dot(across(at), down(score), 3, colours.short) for at, score, _, _, is_out in known if is_out
    ]
    return svg.image(width, height, parts, alt)


def line_key(colour: str, dash: str, width: float) -> str:
    """A key of a line."""
    return svg.image(22, 10, [svg.line(0, 5, 22, 5, colour, width, dash=dash)], "")


def pair_key(colour: str) -> str:
    """A key of two thin lines, the ends of a range."""
    return svg.image(22, 12, [svg.line(0, y, 22, y, colour, 1, opacity=0.7) for y in (2, 10)], "")


def area_key(colour: str, opacity: float) -> str:
    """A key of a shaded area."""
    return svg.image(16, 12, [f'<rect width="16" height="12" fill="{colour}" fill-opacity="{opacity}"/>'], "")


def dot_key(colour: str, edge: str = "") -> str:
    """A key of a dot, hollow with an ``edge``."""
    return svg.image(12, 12, [svg.dot(6, 6, 4, colour, edge=edge)], "", css="display:inline")


def tick_key(colour: str, dash: str = "") -> str:
    """A key of a tick."""
    return svg.image(5, 12, [svg.line(2.5, 0, 2.5, 12, colour, 3, dash=dash)], "", css="display:inline")


def _range(
    ends: tuple[float | None, float | None],
    place: Callable[[float], float],
    y: float,
    colour: str,
    width: float,
    *,
    cap: float = 0,
    opacity: float = 1,
) -> list[str]:
    """A line from one end to the other, with caps where asked; nothing where an end is unknown."""
    low, high = ends
    if low is None or high is None:
        return []
    line = svg.line(place(low), y, place(high), y, colour, width, opacity=opacity)
    caps = [svg.line(place(end), y - cap, place(end), y + cap, colour, width) for end in (low, high) if cap]
    return [line, *caps]
