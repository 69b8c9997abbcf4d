"""Tables, cards, boxes and legends as inert HTML.

Cells are HTML already: whoever builds one escapes what came from outside with ``in_html``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dashboards import graphics
from dashboards.markup import in_html
from dashboards.theme import Palette


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
    shows_head: bool = True,
) -> str:
    """An HTML table; ``label`` names it for screen readers, ``caption`` is read below it.

    A head that is not shown is still read aloud.
    """
    head = "".join(f'<th scope="col" class="{column.css}">{column.heading}</th>' for column in columns)
    body = "".join(
        "<tr>"
        + "".join(f'<td class="{column.css}">{cell}</td>' for column, cell in zip(columns, row, strict=True))
        + "</tr>"
        for row in rows
    )
    below = f"<caption>{in_html(caption)}</caption>" if caption else ""
    seen = "" if shows_head else ' class="gw-unseen"'
    return (
        f'<div class="gw-scroll"><table class="gw-table {css}" aria-label="{in_html(label)}">{below}'
        f"<thead{seen}><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
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


def folded(summary: str, inside: str) -> str:
    """HTML that is one click away, without a rerun; ``inside`` is HTML already."""
    return f'<details class="gw-more"><summary>{in_html(summary)}</summary>{inside}</details>'


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
    interval: str | None = None,
) -> str:
    """Keys of the lines and of the shaded ``areas`` (label, colour, opacity)."""
    keys = [
        (graphics.line_key(colours.perception, "", 2.4), perception),
        (graphics.line_key(colours.expectation, "5 3", 1.6), expectation),
    ]
    if minimum is not None:
        keys.append((graphics.line_key(colours.minimum, "1 3", 1.6), minimum))
    if interval is not None:
        keys.append((graphics.pair_key(colours.perception), interval))
    keys += [(graphics.area_key(colour, opacity), label) for label, colour, opacity in areas]
    return (
        '<div class="gw-legend">'
        + "".join(f"<span>{image}{in_html(label)}</span>" for image, label in keys)
        + "</div>"
    )


def heading_keys(colours: Palette, perception: str, expectation: str) -> str:
    """The dumbbell's key, for its column heading."""
    dot, tick = graphics.dot_key(colours.perception), graphics.tick_key(colours.expectation)
    return f"{dot} {in_html(perception)} &nbsp;{tick} {in_html(expectation)}"
