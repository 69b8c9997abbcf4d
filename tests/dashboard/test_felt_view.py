"""Felt and factual: the finding, the four situations, the same clients by keyboard, and what counts most."""

from __future__ import annotations

from pathlib import Path

import fixture_snapshot
from conftest import Ask, OpenPage
from reading_pages import alts, rows, title, words

SITUATIONS = """select situation, count(*) from marts.fct_felt_and_factual_weekly
where week_id = (select max(week_id) from marts.dim_weeks) and service_dimension = '{}' group by situation"""


def test_the_title_counts_who_has_not_felt_our_broken_promises(
    company: Path, open_page: OpenPage, ask: Ask
) -> None:
    counts = dict(ask(SITUATIONS.format("responsiveness")))

    at = open_page(company, "felt", dim="responsiveness")

    assert (
        title(at) == f"Responsiveness: {counts['factual_bad']} clients have not felt our broken promises yet"
    )
    assert f"Broken, not felt yet {counts['factual_bad']}" in words(at)
    assert f"Kept, and felt {counts['both_good']}" in words(at)
    assert f"{counts['factual_bad']} clients broken and not felt yet" in alts(at)[0]


def test_it_opens_on_the_dimension_with_most_unfelt(company: Path, open_page: OpenPage) -> None:
    assert title(open_page(company, "felt")).startswith("Responsiveness: ")
    assert title(open_page(company, "felt", dim="trust")).startswith("Trust: ")


def test_every_known_client_is_reached_without_a_pointer(
    company: Path, open_page: OpenPage, ask: Ask
) -> None:
    counts = dict(ask(SITUATIONS.format("responsiveness")))

    at = open_page(company, "felt", dim="responsiveness")
    links = [e.proto.body.count('href="client?') for e in at.get("html")]

    assert sum(links) == sum(
        counts.get(code, 0) for code in ("factual_bad", "both_bad", "felt_bad", "both_good")
    )


def test_who_is_unknown_on_a_side_is_said_and_not_drawn(company: Path, open_page: OpenPage, ask: Ask) -> None:
    n = dict(ask(SITUATIONS.format("responsiveness")))["felt_unknown"]

    assert f"Not in the picture: {n} clients: nobody was heard." in words(open_page(company, "felt"))


def test_importance_stands_beside_the_gap_with_its_n(company: Path, open_page: OpenPage) -> None:
    at = open_page(company, "felt")

    (first, *_) = rows(at, "Most important first")
    assert first[0] == "Responsiveness"
    assert first[1:4] == ["–", "25%", "25%"]
    assert (
        "Shown by answers: share in explaining overall satisfaction, not known: too few answers (n 61)."
        in words(at)
    )
    assert "100 points split by them, n 20." in words(at)


def test_a_filter_that_no_client_meets_says_so(company: Path, open_page: OpenPage) -> None:
    at = open_page(company, "felt", tier="S", region="South")

    assert title(at).endswith("No client matches")
    assert [button.label for button in at.button] == ["Clear the filters"]


def test_an_unknown_dimension_in_the_link_is_said_aloud(company: Path, open_page: OpenPage) -> None:
    at = open_page(company, "felt", dim="charm")

    assert "unknown dim" in at.toast[0].value
    assert title(at).startswith("Responsiveness")


def test_lines_come_from_the_settings_the_numbers_were_made_with(tmp_path: Path, open_page: OpenPage) -> None:
    other = "update meta.settings set value = 72.5 where name = 'felt_line_score'"

    at = open_page(fixture_snapshot.publish(tmp_path, other), "felt")

    assert "Dashed: good from 72.50 felt and −10 factual on." in words(at)


def test_without_anybody_known_on_both_sides_there_is_a_box_and_no_zero(
    tmp_path: Path, open_page: OpenPage
) -> None:
    silent = (
        "update marts.fct_felt_and_factual_weekly "
        "set situation = 'felt_unknown', perception_shrunk_score = null, is_factual_good = true"
    )

    at = open_page(fixture_snapshot.publish(tmp_path, silent), "felt", dim="trust")

    assert title(at) == "Trust: no client is known on both sides"
    assert "somebody has to answer" in words(at)
    assert "nobody was heard" not in title(at)
    assert alts(at) == []


def test_broken_promises_are_listed_where_nobody_was_heard(
    tmp_path: Path, open_page: OpenPage, ask: Ask
) -> None:
    n_broken = """select service_dimension, count(*) from marts.fct_felt_and_factual_weekly
        where week_id = (select max(week_id) from marts.dim_weeks) and not is_factual_good group by 1"""
    counts = dict(ask(n_broken))
    silent = (
        "update marts.fct_felt_and_factual_weekly "
        "set situation = 'felt_unknown', perception_shrunk_score = null"
    )

    at = open_page(fixture_snapshot.publish(tmp_path, silent), "felt")

    most = max(counts.values())
    found = title(at)
    assert found.endswith(f": promises to {most} clients are broken, and nobody there was heard")
    listed = rows(at, "Broken, and nobody was heard")
    assert len(listed) == min(most, 8)
    assert all(row[2].startswith("\u2212") for row in listed)
    assert all(row[1] == "– nobody was heard" for row in listed)
