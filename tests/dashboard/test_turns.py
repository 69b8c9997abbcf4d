"""Titles first: who has told the finding stands aside for those who have not, and never for long."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from conftest import OpenPage

from dashboards.turns import TURNS, Turns

LONG = 20.0


def seconds(turns: Turns) -> float:
    began = time.monotonic()
    turns.give_way()
    return time.monotonic() - began


class Other:
    """Another person's page, drawn by a thread of its own up to where the test lets it."""

    def __init__(self, turns: Turns, *, fails: bool = False) -> None:
        self.entered, self.may_end = threading.Event(), threading.Event()
        self._fails = fails
        self._thread = threading.Thread(target=self._draw, args=(turns,))
        self._thread.start()
        assert self.entered.wait(LONG)

    def _draw(self, turns: Turns) -> None:
        try:
            with turns.page():
                self.entered.set()
                assert self.may_end.wait(LONG)
                if self._fails:
                    raise ValueError
                turns.titled()
        except ValueError:
            pass

    def end(self) -> None:
        self.may_end.set()
        self._thread.join(LONG)


@pytest.mark.parametrize("fails", [False, True])
def test_a_page_with_its_title_waits_until_the_other_has_one_or_has_failed(*, fails: bool) -> None:
    turns = Turns(patience_seconds=LONG)
    with turns.page():
        turns.titled()
        other = Other(turns, fails=fails)
        waited: list[float] = []
        mine = threading.Thread(target=lambda: waited.append(seconds(turns)))
        mine.start()
        mine.join(0.2)
        assert waited == []

        other.end()
        mine.join(LONG)

    assert len(waited) == 1
    assert waited[0] < LONG / 2


def test_nobody_waits_longer_than_the_patience_says() -> None:
    turns = Turns(patience_seconds=0.1)
    other = Other(turns)

    with turns.page():
        turns.titled()
        waited = seconds(turns)
    other.end()

    assert 0.1 <= waited < LONG / 2


def test_a_page_without_a_title_and_a_page_alone_wait_for_nobody() -> None:
    turns = Turns(patience_seconds=LONG)
    with turns.page():
        other = Other(turns)
        untitled = seconds(turns)
        other.end()
        turns.titled()
        alone = seconds(turns)

    assert max(untitled, alone) < LONG / 2


@pytest.mark.parametrize("view", ["portfolio", "client", "felt", "alerts", "lost", "quality", "method"])
def test_every_page_stands_aside_after_its_title(
    company: Path, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, view: str
) -> None:
    told: list[str] = []
    for name in ("titled", "give_way"):
        monkeypatch.setattr(TURNS, name, lambda name=name: told.append(name))

    open_page(company, view, account="A-001")

    # At its end each page is done with, titled or not.
    assert told[0] == "titled"
    assert "give_way" in told
    assert told[-1] == "titled"
