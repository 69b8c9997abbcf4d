"""Text from outside is shown as it was typed, and does nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import OpenPage
from reading_pages import rows, title

from dashboards.markup import in_html, in_markdown, visible

HOSTILE = "<img src=x onerror=alert(1)> *Bold* :red[Ltd] $x$"


def test_a_hostile_name_is_a_name_in_the_worklist(company: Path, open_page: OpenPage) -> None:
    at = open_page(company)

    assert rows(at, "Clients by risk")[1][0].startswith(HOSTILE)
    assert "<img src=x" not in "".join(e.proto.body for e in at.get("html"))


def test_a_hostile_name_is_a_name_in_the_title(company: Path, open_page: OpenPage) -> None:
    at = open_page(company, "client", account="A-002")

    assert title(at).startswith(HOSTILE)
    assert "\\:red\\[" in at.title[0].value


@pytest.mark.parametrize("text", ["a\u202eb", "\u200bab", "a\u2066b", "ab\ufeff", "a\x00b"])
def test_marks_that_turn_or_hide_text_are_dropped(text: str) -> None:
    assert visible(text) == "ab"


def test_no_markdown_survives() -> None:
    typed = (
        "![x](http://evil.example/p) [l](http://e) **b** `c` $f$ :red[r] # h\n- i www.e.example a@b.example"
    )

    inert = in_markdown(typed)

    for mark in ("![", "](", "**", "`c`", "$f$", ":red[", "www.", "http://", "a@b", "\n"):
        assert mark not in inert


@pytest.mark.parametrize(
    "typed", [":material/home:", ":smile:", "www.e.example", "https://e.example", "a@b.example"]
)
def test_what_is_looked_for_after_markdown_is_read_is_broken_up(typed: str) -> None:
    assert typed not in in_markdown(typed).replace("\\", "")


def test_html_is_escaped_in_text_and_attributes() -> None:
    assert in_html('<a href="x">\'&') == "&lt;a href=&quot;x&quot;&gt;&#x27;&amp;"
