"""Tables with small graphics, cards, boxes and legends as inert HTML.

Cells are HTML already: whoever builds one escapes what came from outside with ``in_html``.
Streamlit strips inline SVG, so graphics are images with the SVG in their address and words in ``alt``.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from dashboards.markup import in_html
from dashboards.theme import Palette

SPARK_DOMAIN = (-60.0, 10.0)  # one scale for all clients; what lies beyond is drawn at the edge


@dataclass(frozen=True)
class Column:
    """A column's heading (plain text or HTML of ours) and its class."""

    heading: str
    css: str = ""


def table(
    columns: Sequence[Column],
    rows: Iterable[Sequence[str]],
    *,
    label: str,
    caption: str = "",
    css: str = "gw-plain",
) -> str:
    """An HTML table; ``label`` names it for screen readers, ``caption`` is read below it."""
    head = "".join(f'<th scope="col" class="{column.css}">{column.heading}</th>' for column in columns)
    body = "".join(
        "<tr>"
        + "".join(f'<td class="{column.css}">{cell}</td>' for column, cell in zip(columns, row, strict=True))
        + "</tr>"
        for row in rows
    )
    below = f"<caption>{in_html(caption)}</caption>" if caption else ""
    return (
        f'<div class="gw-scroll"><table class="gw-table {css}" aria-label="{in_html(label)}">{below}'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def cards(items: Iterable[tuple[str, str, Sequence[str]]]) -> str:
    """KPI cards: title, value, lines below; text in, HTML out."""
    return (
        '<div class="gw-cards">'
        + "".join(
            f'<div class="gw-card"><h3>{in_html(title)}</h3><div class="gw-big">{in_html(value)}</div>'
            + "".join(f"<p>{in_html(line)}</p>" for line in lines)
            + "</div>"
            for title, value, lines in items
        )
        + "</div>"
    )


def heading(title: str, below: str) -> str:
    """A chart's title and the sentence under it, which wraps where a chart's own would be cut."""
    return f'<div class="gw-panel"><h3>{in_html(title)}</h3><p>{in_html(below)}</p></div>'


def box(title: str, text: str, height: int) -> str:
    """A bordered box that stands where a chart of ``height`` pixels would."""
    words = f"<h3>{in_html(title)}</h3><p>{in_html(text)}</p>"
    return f'<div class="gw-box" style="min-height:{height}px">{words}</div>'


def legend(
    colours: Palette,
    perception: str,
    expectation: str,
    minimum: str | None,
    areas: Sequence[tuple[str, str, float]],
) -> str:
    """Keys of the lines and of the shaded ``areas`` (label, colour, opacity)."""
    keys = [
        (_line_key(colours.perception, "", 2.4), perception),
        (_line_key(colours.expectation, "5 3", 1.6), expectation),
    ]
    if minimum is not None:
        keys.append((_line_key(colours.minimum, "1 3", 1.6), minimum))
    keys += [(_area_key(colour, opacity), label) for label, colour, opacity in areas]
    return (
        '<div class="gw-legend">'
        + "".join(f"<span>{image}{in_html(label)}</span>" for image, label in keys)
        + "</div>"
    )


def dumbbell(perception: float | None, expectation: float | None, colours: Palette, alt: str) -> str:
    """Perception as a dot and expectation as a tick on a track from 0 to 100."""
    width, height, pad = 132, 22, 8
    place = _scale((0.0, 100.0), pad, width - pad)
    parts = [_line(pad, 11, width - pad, 11, colours.grid, 2)]
    if perception is not None and expectation is not None:
        colour = colours.short if perception < expectation else colours.above
        parts.append(_line(place(perception), 11, place(expectation), 11, colour, 7, opacity=0.45))
    if expectation is not None:
        parts.append(_line(place(expectation), 3, place(expectation), 19, colours.expectation, 3))
    if perception is not None:
        parts.append(f'<circle cx="{place(perception):.1f}" cy="11" r="5" fill="{colours.perception}"/>')
    return _image(width, height, parts, alt)


def sparkline(gaps: Sequence[float | None], colours: Palette, alt: str) -> str:
    """The gap week by week against a dashed zero line, on the scale all clients share."""
    width, height = 118, 36
    across = _scale((0.0, float(max(1, len(gaps) - 1))), 2, width - 6)
    down = _scale(SPARK_DOMAIN, height - 3, 3)
    zero = down(0.0)
    parts = [_line(2, zero, width - 6, zero, colours.muted, 1, dash="2 2")]
    for run in _unbroken(gaps):
        first, last = across(run[0][0]), across(run[-1][0])
        for colour, held in (
            (colours.short, (SPARK_DOMAIN[0], 0.0)),
            (colours.above, (0.0, SPARK_DOMAIN[1])),
        ):
            edge = " ".join(
                f"{across(at):.1f},{down(min(held[1], max(held[0], gap))):.1f}" for at, gap in run
            )
            area = f"{first:.1f},{zero:.1f} {edge} {last:.1f},{zero:.1f}"
            parts.append(f'<polygon points="{area}" fill="{colour}" fill-opacity=".25"/>')
        points = " ".join(f"{across(at):.1f},{down(gap):.1f}" for at, gap in run)
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{_state_colour(run[-1][1], colours)}" '
            'stroke-width="1.6"/>'
        )
    if gaps and (newest := gaps[-1]) is not None:
        parts.append(
            f'<circle cx="{across(len(gaps) - 1):.1f}" cy="{down(newest):.1f}" r="3" '
            f'fill="{_state_colour(newest, colours)}"/>'
        )
    return _image(width, height, parts, alt)


def heading_keys(colours: Palette, perception: str, expectation: str) -> str:
    """The dumbbell's key, for its column heading."""
    dot = _image(
        10, 10, [f'<circle cx="5" cy="5" r="5" fill="{colours.perception}"/>'], "", css="display:inline"
    )
    tick = _image(5, 12, [_line(2.5, 0, 2.5, 12, colours.expectation, 3)], "", css="display:inline")
    return f"{dot} {in_html(perception)} &nbsp;{tick} {in_html(expectation)}"


def _state_colour(gap: float, colours: Palette) -> str:
    return colours.short if gap < 0 else colours.above


def _unbroken(gaps: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    """Runs of weeks that have a gap: a week without one breaks the line."""
    runs: list[list[tuple[int, float]]] = []
    previous_known = False
    for at, gap in enumerate(gaps):
        if gap is not None:
            if not previous_known:
                runs.append([])
            runs[-1].append((at, gap))
        previous_known = gap is not None
    return runs


def _scale(domain: tuple[float, float], start: float, end: float) -> Callable[[float], float]:
    """Position on screen of a value, held within the domain."""
    low, high = domain

    def place(value: float) -> float:
        inside = min(high, max(low, value))
        return start + (end - start) * (inside - low) / (high - low)

    return place


def _line(
    x1: float,
    y1: float,
    x2: float,
    y2: float,
    colour: str,
    width: float,
    *,
    dash: str = "",
    opacity: float = 1,
) -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
        f'stroke-width="{width}" stroke-opacity="{opacity}"{dashes}/>'
    )


def _line_key(colour: str, dash: str, width: float) -> str:
    return _image(22, 10, [_line(0, 5, 22, 5, colour, width, dash=dash)], "")


def _area_key(colour: str, opacity: float) -> str:
    return _image(16, 12, [f'<rect width="16" height="12" fill="{colour}" fill-opacity="{opacity}"/>'], "")


def _image(width: int, height: int, parts: Sequence[str], alt: str, css: str = "") -> str:
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">{"".join(parts)}</svg>'
    )
    address = base64.b64encode(svg.encode()).decode()
    style = f' style="{css}"' if css else ""
    return (
        f'<img src="data:image/svg+xml;base64,{address}" width="{width}" height="{height}" '
        f'alt="{in_html(alt)}"{style}>'
    )
