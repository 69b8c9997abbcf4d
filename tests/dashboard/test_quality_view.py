"""Data quality: what cannot be believed, for whom, the next command, and what stands outside."""

from __future__ import annotations

from pathlib import Path

import fixture_snapshot
from conftest import OpenPage
from reading_pages import banners, pictures, rows, title, words

LATE = (
    "update marts.fct_source_freshness set is_late = true, "
    "newest_known_at = newest_known_at - interval 9 day where source = 'deliveries'"
)
HELD = (
    "update marts.fct_source_freshness set is_late = true, last_outcome = 'held', "
    "last_message = 'column <b>due</b> is missing' where source = 'desk_tickets'"
)


def test_the_title_names_the_consequence_of_what_is_late(tmp_path: Path, open_page: OpenPage) -> None:
    at = open_page(fixture_snapshot.publish(tmp_path, LATE), "quality")

    assert title(at) == "deliveries stopped 11 d ago: factual trust is not current for 34 clients"
    assert banners(at) == []  # the page is the banner


def test_of_several_the_one_that_most_clients_rest_on_leads(tmp_path: Path, open_page: OpenPage) -> None:
    at = open_page(fixture_snapshot.publish(tmp_path, LATE, HELD), "quality")

    assert title(at) == (
        "deliveries stopped 11 d ago, and 1 more source is behind: "
        "factual trust is not current for 34 clients"
    )


def test_a_problem_is_a_sentence_with_its_message_and_the_next_command(
    tmp_path: Path, open_page: OpenPage
) -> None:
    text = words(open_page(fixture_snapshot.publish(tmp_path, HELD), "quality"))

    assert "desk_tickets : its last batch is not let in." in text
    assert "Factual responsiveness is not current for 21 clients." in text
    assert "gapwatch gate repair --batch b0ff" in text
    assert "column <b>due</b> is missing" in text


def test_when_all_is_current_the_title_says_what_stands_outside(company: Path, open_page: OpenPage) -> None:
    at = open_page(company, "quality")

    assert title(at) == "All 5 sources are current; 15 of 53,055 rows are set aside and count nowhere"
    assert "gapwatch gate repair --source desk_tickets" in words(at)
    assert "30 rows wait for their client or question" in words(at)


def test_a_source_has_a_word_its_age_and_what_is_expected_of_it(tmp_path: Path, open_page: OpenPage) -> None:
    at = open_page(fixture_snapshot.publish(tmp_path, LATE), "quality")

    first = rows(at, "Sources")[0]
    assert first[0] == "deliveries deliveries from erp"
    assert first[1] == "◷ late"
    assert first[3] == "every 8 days"
    assert first[5] == "48,210"
    assert rows(at, "Sources")[-1][3] in ("when it changes", "every 8 days")


def test_thirty_days_at_the_gate_are_told_in_words_too(company: Path, open_page: OpenPage) -> None:
    at = open_page(company, "quality")

    assert "deliveries: let in on 26 days, held on 4 days" in pictures(at)
    assert any(
        text.startswith("desk_tickets: let in on") and "check failed on 1 day" in text
        for text in pictures(at)
    )


def test_rules_have_plain_words_and_their_own_name(company: Path, open_page: OpenPage) -> None:
    table = rows(open_page(company, "quality"), "Rows that stand outside, by rule")

    assert table[0][0].startswith("a value nobody mapped unknown_value · status")
    assert table[0][2:4] == ["whoever owns the file or the mapping", "13 in 11 batches"]
    assert table[1][0].startswith("a rule of the contract <b>own</b>_rule")
    assert table[2][2] == "nobody: it comes in by itself"


def test_the_reliability_of_each_dimension_is_there(company: Path, open_page: OpenPage) -> None:
    table = rows(open_page(company, "quality"), "How well the survey measures")

    assert [row[0] for row in table] == [
        "Responsiveness",
        "Business understanding",
        "Resource mobilization",
        "Trust",
    ]
    assert table[3][1] == "not known: one item alone"
