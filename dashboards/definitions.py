"""What the words on the screens mean: from ``docs/definitions.yml``, for tooltips and the Method page."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from dashboards import filters
from dashboards.markup import in_html
from dashboards.shell import Page
from dashboards.texts import Words

FILE = Path(__file__).resolve().parents[1] / "docs" / "definitions.yml"


@dataclass(frozen=True)
class Definition:
    """A term in one language; ``part`` is the part of the Method page it stands in."""

    term: str
    part: str
    name: str
    text: str


def parts(words: Words) -> list[tuple[str, str, list[Definition]]]:
    """Code, title and definitions of every part, in order."""
    language = words.language
    return [
        (
            part["part"],
            part["title"][language],
            [
                Definition(
                    each["term"], part["part"], each["name"][language], words.filled(each["text"][language])
                )
                for each in part["terms"]
            ],
        )
        for part in _read()
    ]


def definition(term: str, words: Words) -> Definition:
    """The definition of a term; raises KeyError for one that is not in the file."""
    found = {each.term: each for _, _, definitions in parts(words) for each in definitions}
    return found[term]


def explained(page: Page, term: str, text: str) -> str:
    """Words with their definition behind them, as HTML: shown on hover, and one step away by keyboard."""
    found = definition(term, page.words)
    address = filters.link("method", term=term)
    return (
        f'<a class="gw-term" href="{in_html(address)}" target="_self" title="{in_html(found.text)}">'
        f"{in_html(text)}</a>"
    )


@cache
def _read() -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))["parts"]
    return parts
