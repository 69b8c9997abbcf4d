"""Findings say no more than is known: how long ago something turned, and what leads among causes."""

from __future__ import annotations

import pytest

from dashboards import loss_sentences
from dashboards.at_risk import Culprit
from dashboards.labels import Labels
from dashboards.risk_sentences import Names, turned
from dashboards.rows import Dimension
from dashboards.texts import Words

CODES = ("responsiveness", "trust", "price")
DIMENSIONS = [Dimension(code, code.title(), code, None, None, None) for code in CODES]
NAMES = Names(Labels(DIMENSIONS, Words("en", 13)), {})


@pytest.mark.parametrize(
    ("driver", "weeks", "moved", "told"),
    [
        ("perception", 26, "perception_fell", "Trust: perception fell 26 weeks ago"),
        ("perception", 27, "perception_fell", "Trust: perception low for 27 weeks"),
        ("gap", 59, "both", "Trust: perception low for 59 weeks"),
        ("perception", 59, None, "Trust: perception low for 59 weeks"),
        ("trend", 59, "both", "Trust: perception fell 59 weeks ago"),
    ],
)
def test_a_level_older_than_what_is_compared_is_not_called_a_fall(
    driver: str, weeks: int, moved: str | None, told: str
) -> None:
    assert turned(driver, ["trust"], weeks, moved, NAMES) == told


@pytest.mark.parametrize(
    ("tied", "told"),
    [
        (1, "5 clients left. In 1, responsiveness turned first."),
        (2, "5 clients left. In 1 each, responsiveness and trust turned first."),
        (3, "5 clients left. No cause in more than 1."),
    ],
)
def test_causes_that_share_first_place_are_named_while_they_are_few(tied: int, told: str) -> None:
    causes = [Culprit(code, 1) for code in CODES[:tied]]

    assert loss_sentences.losses_title(5, causes, None, None, NAMES, is_year=False) == told
