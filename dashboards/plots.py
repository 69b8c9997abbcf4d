"""Lines and shades by week as HTML: marks in one image, words around it, a tip for each week.

Drawn here and not by Vega: a browser loads and starts Vega for half a second before it shows the first
chart, and a paper needs no browser. The image stretches with the room there is and the words do not, so a
chart fits a phone as well as a wall. Only places on screen are reckoned.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from dashboards import svg
from dashboards.markup import in_html
from dashboards.texts import Words
from dashboards.theme import Palette

LABEL_ROOM = 15  # pixels between the baselines of two words at the end of lines
HEAD_ROOM, MONTH_ROOM = 8, 20  # pixels above what is drawn, and below it for the months
TICK_ROOM = 26  # pixels from one grid line to the next, at least
MOST_MONTHS = 4
_SIZE = 1000.0  # of the image, in its own units
_PAD = 8.0  # of these, so that a dot on the first or last week is whole
_NEAR_EDGE = 0.05  # a month's name that near to an end would leave the chart

Values = Sequence[float | None]


@dataclass(frozen=True)
class Line:
    """A value for each week; a week without one breaks the line."""

    values: Values
    colour: str
    width: float
    dash: str = ""
    opacity: float = 1.0
    has_dots: bool = False


@dataclass(frozen=True)
class Shade:
    """The area from one value of a week to another; a week without both breaks it."""

    low: Values
    high: Values
    colour: str
    opacity: float


@dataclass(frozen=True)
class Rule:
    """A level line over all weeks."""

    value: float
    colour: str
    dash: str = ""


@dataclass(frozen=True)
class EndLabel:
    """Words at the end of a line."""

    value: float
    text: str
    colour: str


@dataclass(frozen=True)
class Tip:
    """What the pointer tells of a week, line by line."""

    heading: str
    lines: Sequence[str]


@dataclass(frozen=True)
class Plot:
    """What a chart shows; lines, shades and tips have an entry for each of ``weeks`` (one at least).

    ``domain`` is the range of values drawn, ``ticks`` what is written at which of them.
    """

    weeks: Sequence[date]
    domain: tuple[float, float]
    ticks: Sequence[tuple[float, str]]
    lines: Sequence[Line]
    shades: Sequence[Shade] = ()
    rules: Sequence[Rule] = ()
    labels: Sequence[EndLabel] = ()
    tips: Sequence[Tip] = ()


def drawn(plot: Plot, words: Words, colours: Palette, *, height: int, alt: str) -> str:
    """The chart as HTML, as wide as its place and ``height`` pixels high; ``alt`` says what it shows."""
    room = height - HEAD_ROOM - MONTH_ROOM
    across, down = places(plot.weeks), svg.scale(plot.domain, _SIZE, 0.0)
    marks = [svg.line(0, down(value), _SIZE, down(value), colours.grid, 1) for value, _ in plot.ticks]
    marks += [svg.line(0, down(r.value), _SIZE, down(r.value), r.colour, 1, dash=r.dash) for r in plot.rules]
    marks += [_shade(shade, across, down) for shade in plot.shades]
    marks += [_line(line, across, down) for line in plot.lines]
    # Widths and dashes stay what they are, however far the image is stretched.
    kept = "<style>*{vector-effect:non-scaling-stroke}</style>"
    size = int(_SIZE)
    image = svg.image(size, size, [kept, *marks], alt, css="width:100%;height:100%", stretches=True)
    ticks = "".join(_beside(down(value), text, colours.muted) for value, text in plot.ticks)
    ends = "".join(
        _beside(place, label.text, label.colour)
        for place, label in apart(plot.labels, down, _SIZE * LABEL_ROOM / room)
    )
    return (
        f'<div class="gw-plot"><div class="gw-plotted" style="grid-template-rows:{room}px {MONTH_ROOM}px">'
        f'<div class="gw-ticks" aria-hidden="true">{_widths(text for _, text in plot.ticks)}{ticks}</div>'
        f'<div class="gw-field">{image}{_weeks(plot.tips, across)}</div>'
        f'<div class="gw-ends" aria-hidden="true">{_widths(label.text for label in plot.labels)}{ends}</div>'
        f'<div class="gw-months" aria-hidden="true">{_months(plot.weeks, across, words)}</div></div></div>'
    )


def places(weeks: Sequence[date]) -> list[float]:
    """Where each week stands across the image; a single one at its end, beside what is written there."""
    if len(weeks) == 1:
        return [_SIZE - _PAD]
    place = svg.scale((float(weeks[0].toordinal()), float(weeks[-1].toordinal())), _PAD, _SIZE - _PAD)
    return [place(float(week.toordinal())) for week in weeks]


def apart(
    labels: Sequence[EndLabel], down: Callable[[float], float], step: float
) -> list[tuple[float, EndLabel]]:
    """Labels with their places from top to bottom, ``step`` apart where lines end close together."""
    placed: list[tuple[float, EndLabel]] = []
    for label in sorted(labels, key=lambda each: -each.value):
        highest = placed[-1][0] + step if placed else 0.0
        placed.append((max(highest, down(label.value)), label))
    floor = _SIZE
    for index in range(len(placed) - 1, -1, -1):
        held = min(floor, placed[index][0])
        placed[index] = (held, placed[index][1])
        floor = held - step
    return placed


def round_ticks(domain: tuple[float, float], height: int, steps: Sequence[float]) -> list[float]:
    """Round values within a range, by the smallest of ``steps`` that leaves their words room."""
    low, high = domain
    fitting = (height - HEAD_ROOM - MONTH_ROOM) / TICK_ROOM
    step = next((step for step in steps if (high - low) / step <= fitting), steps[-1])
    first = -(-low // step) * step
    return [first + step * at for at in range(int((high - first) // step) + 1)]


def month_starts(weeks: Sequence[date]) -> list[date]:
    """First days of months between the first and the last week, a year divided evenly, at most a handful."""
    first, last = weeks[0], weeks[-1]
    starts = [
        date(year, month, 1)
        for year in range(first.year, last.year + 1)
        for month in range(1, 13)
        if first <= date(year, month, 1) <= last
    ]
    for step in (1, 2, 3, 6, 12, 24, 60):
        chosen = [day for day in starts if (12 * day.year + day.month - 1) % step == 0]
        if len(chosen) <= MOST_MONTHS:
            return chosen
    return starts[:1]


def _shade(shade: Shade, across: Sequence[float], down: Callable[[float], float]) -> str:
    ends = [
        None if low is None or high is None else (low, high)
        for low, high in zip(shade.low, shade.high, strict=True)
    ]
    areas = []
    for run in svg.unbroken(ends):
        there = [f"{across[at]:.1f},{down(high):.1f}" for at, (_, high) in run]
        back = [f"{across[at]:.1f},{down(low):.1f}" for at, (low, _) in reversed(run)]
        areas.append(f"M{'L'.join(there + back)}Z")
    return (
        f'<path d="{"".join(areas)}" fill="{shade.colour}" fill-opacity="{shade.opacity}"/>' if areas else ""
    )


def _line(line: Line, across: Sequence[float], down: Callable[[float], float]) -> str:
    runs = [[f"{across[at]:.1f},{down(value):.1f}" for at, value in run] for run in svg.unbroken(line.values)]
    if not runs:
        return ""
    look = f'fill="none" stroke="{line.colour}" stroke-opacity="{line.opacity}"'
    dash = f' stroke-dasharray="{line.dash}"' if line.dash else ""
    paths = [
        f'<path d="{"".join("M" + "L".join(run) for run in runs)}" {look} stroke-width="{line.width}"{dash}/>'
    ]
    # A week with none beside it would not be seen: a line of no length with a round end is a dot.
    dots = [point for run in runs for point in run if line.has_dots or len(run) == 1]
    if dots:
        path = "".join(f"M{point}h0" for point in dots)
        paths.append(f'<path d="{path}" {look} stroke-width="{line.width + 2}" stroke-linecap="round"/>')
    return "".join(paths)


def _weeks(tips: Sequence[Tip], across: Sequence[float]) -> str:
    """A strip around each week, which tells its numbers to the pointer.

    One element each, its words an attribute: Streamlit cleans the markup it is given node by node.
    """
    steps = [after - before for before, after in itertools.pairwise(across)]
    width = min(steps, default=_SIZE)
    strips = []
    for place, tip in zip(across, tips, strict=False):
        told = "&#10;".join(in_html(line) for line in (tip.heading, *tip.lines))
        side = ' class="gw-leftward"' if place > _SIZE / 2 else ""
        strips.append(f'<i{side} style="left:{(place - width / 2) / _SIZE:.2%}" data-tip="{told}"></i>')
    size = f"--gw-week:{width / _SIZE:.2%}"
    return f'<div class="gw-weeks" style="{size}" aria-hidden="true">{"".join(strips)}</div>'


def _months(weeks: Sequence[date], across: Sequence[float], words: Words) -> str:
    starts = month_starts(weeks) or [weeks[0]]
    days = [float(week.toordinal()) for week in weeks]
    place = svg.scale((days[0], days[-1]), across[0], across[-1]) if len(weeks) > 1 else lambda _: across[0]
    names = []
    for start in starts:
        at = place(float(start.toordinal())) / _SIZE
        end = "gw-start" if at < _NEAR_EDGE else "gw-end" if at > 1 - _NEAR_EDGE else ""
        text = f"{start:{words.say('%b %y')}}"
        names.append(f'<span class="{end}" style="left:{at:.1%}">{in_html(text)}</span>')
    return "".join(names)


def _beside(place: float, text: str, colour: str) -> str:
    return f'<span style="top:{place / _SIZE:.1%};color:{colour}">{in_html(text)}</span>'


def _widths(texts: Iterable[str]) -> str:
    """Unseen, each as wide as it is: the column beside the lines becomes as wide as the widest."""
    return "".join(f"<b>{in_html(text)}</b>" for text in texts)
