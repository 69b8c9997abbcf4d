"""How a board paper is set: one HTML file with its style and pictures inside, for the eye and for A4."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dashboards import shell
from dashboards.markup import in_html
from dashboards.shell import Page
from dashboards.theme import FONT, style_sheet

#: Pixels on A4 between the margins.
WHOLE = 680
# A browser that shows the file fetches nothing, whatever stands in it.
_NOTHING_FETCHED = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


@dataclass
class Paper:
    """A finding, what stands under it (HTML), and sections as (title, HTML)."""

    title: str
    lines: list[str] = field(default_factory=list)
    sections: list[tuple[str, str]] = field(default_factory=list)

    def add(self, title: str, *inside: str) -> None:
        """One more section; nothing where there is nothing inside."""
        text = "".join(inside)
        if text:
            self.sections.append((title, text))


def side_by_side(pieces: Sequence[str]) -> str:
    """Two in a row, each kept in one piece."""
    return f'<div class="gw-two">{"".join(f"<div>{piece}</div>" for piece in pieces)}</div>'


def whole(*pieces: str) -> str:
    """What stays on one page together."""
    return f'<div class="gw-whole">{"".join(pieces)}</div>'


def line(text: str) -> str:
    """A quiet line; text in, HTML out."""
    return f'<p class="gw-line">{in_html(text)}</p>' if text else ""


def as_of(page: Page) -> str:
    """How old the numbers and each source are, and which snapshot they are from."""
    words = page.words
    parts = [
        words.say("Data as of {instant}", instant=words.instant(page.as_of)),
        words.say("snapshot {id}", id=page.published.snapshot_id),
        words.say("written {instant}", instant=words.instant(shell.now())),
    ]
    for name, age, is_late in shell.source_ages(page):
        text = words.say("{source} {age}", source=name, age=age)
        parts.append(words.say("{source_and_age}, late", source_and_age=text) if is_late else text)
    return " · ".join(in_html(part) for part in parts)


def document(page: Page, paper: Paper) -> str:
    """The whole file."""
    words = page.words
    company = page.published.workspace_name or ""
    footer = words.say(
        "{company} · as of {day} · snapshot {id}",
        company=company,
        day=words.day(page.as_of.date()),
        id=page.published.snapshot_id,
    )
    sections = "".join(
        f"<section><h2>{in_html(title)}</h2>{inside}</section>" for title, inside in paper.sections
    )
    lines = "".join(f'<p class="gw-line">{text}</p>' for text in [*paper.lines, as_of(page)] if text)
    return (
        f'<!doctype html>\n<html lang="{words.language}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_NOTHING_FETCHED}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light">'
        f"<title>{in_html(paper.title)}</title>{style_sheet(page.colours)}"
        f"<style>{_CSS}{_margins(footer)}</style></head><body>"
        f'<header><p class="gw-company">{in_html(company)}</p><h1>{in_html(paper.title)}</h1>{lines}</header>'
        f"{sections}</body></html>\n"
    )


def _margins(footer: str) -> str:
    # A text of CSS: neither quotes nor line breaks, and no end of the style element.
    quiet = "".join(
        character if character.isalnum() or character in " ·,.-年月日" else f"\\{ord(character):x} "
        for character in footer
    )
    return (
        f'@page {{ size: A4; margin: 13mm 14mm 16mm; @bottom-left {{ content: "{quiet}"; {_SMALL} }} '
        f'@bottom-right {{ content: counter(page) " / " counter(pages); {_SMALL} }} }}'
    )


_SMALL = f"font: 8pt {FONT}; color: #596676;"
_CSS = f"""
html {{ font-size: 14px; }}
body {{ font-family: {FONT}; color: #1B2430; background: #FFFFFF; max-width: {WHOLE + 40}px; margin: 0 auto;
  padding: 24px 20px 48px; line-height: 1.4; print-color-adjust: exact; -webkit-print-color-adjust: exact; }}
h1 {{ font-size: 1.75rem; line-height: 1.25; margin: 0 0 .4rem; }}
h2 {{ font-size: 1.15rem; margin: 1.6rem 0 .5rem; break-after: avoid; break-inside: avoid; }}
.gw-whole, .gw-legend {{ break-inside: avoid; }}
.gw-legend {{ break-after: avoid; }}
.gw-company {{ margin: 0 0 .3rem; color: #596676; font-weight: 600; }}
.gw-line {{ margin: .2rem 0; }}
.gw-plot {{ break-inside: avoid; }}
.gw-two {{ display: grid; grid-template-columns: 1fr 1fr; gap: .9rem 1.2rem; margin: .5rem 0; }}
.gw-two > div, .gw-card, .gw-fall, .gw-box, tr, figure {{ break-inside: avoid; }}
.gw-scroll {{ overflow: visible; }}
.gw-table {{ font-size: .86rem; }}
.gw-table small, .gw-table caption, .gw-table th {{ font-size: .8rem; }}
.gw-table thead {{ display: table-header-group; }}
.gw-table td {{ vertical-align: top; }}
.gw-table th.gw-num {{ white-space: normal; }}
.gw-table img {{ max-width: 100%; }}
.gw-work {{ table-layout: fixed; }}
.gw-work .gw-client {{ width: 16%; }}
.gw-work .gw-why-cell {{ width: 31%; }}
.gw-work th:nth-child(3) {{ width: 10%; }}
.gw-work th:nth-child(4) {{ width: 15%; }}
.gw-work th:nth-child(5) {{ width: 14%; }}
.gw-work th:nth-child(6) {{ width: 14%; }}
.gw-work td.gw-num small {{ white-space: normal; }}
.gw-cards {{ grid-template-columns: repeat(4, minmax(0, 1fr)); }}
.gw-card {{ padding: .5rem .7rem; }}
.gw-card .gw-big {{ font-size: 1.35rem; }}
.gw-terms {{ columns: 2; column-gap: 1.6rem; font-size: .84rem; }}
.gw-terms div {{ break-inside: avoid; margin-bottom: .45rem; }}
.gw-terms dt {{ margin: 0; }}
@media (max-width: 640px) {{
  .gw-two, .gw-cards {{ grid-template-columns: 1fr; }}
  .gw-terms {{ columns: 1; }}
}}
@media print {{
  html {{ font-size: 12.5px; }}
  body {{ max-width: none; margin: 0; padding: 0; }}
  .gw-two {{ grid-template-columns: 1fr 1fr; }}
  .gw-terms {{ columns: 3; font-size: .78rem; }}
  .gw-cards {{ grid-template-columns: repeat(4, minmax(0, 1fr)); }}
}}
"""
