"""The page of lost clients: what we missed, for whom, and how long before."""

from __future__ import annotations

from pathlib import Path

import fixture_snapshot
from conftest import OpenPage
from reading_pages import alts, rows, title, words


def test_the_title_says_how_many_left_and_what_turned_first(tmp_path: Path, open_page: OpenPage) -> None:
    workspace = fixture_snapshot.publish(
        tmp_path,
        "update marts.fct_losses set culprit_dimension = 'trust', weeks_before_notice = 31 "
        "where account_id = 'A-042'",
    )

    at = open_page(workspace, "lost")

    said = "3 clients left in 12 months. In 2, trust turned first, typically 19 weeks before notice."
    assert title(at) == said


def test_dimensions_that_share_first_place_are_both_named(company: Path, open_page: OpenPage) -> None:
    assert title(open_page(company, "lost")) == (
        "3 clients left in 12 months. In 1 each, responsiveness and trust turned first."
    )


def test_each_loss_has_a_chart_and_a_row(company: Path, open_page: OpenPage) -> None:
    at = open_page(company, "lost")

    assert alts(at) == [
        "Maple Foods: trust turned first, 19 weeks before",
        "Atlas <i>Retail</i>: responsiveness turned first, 29 weeks before",
        "Copper Health: outside reasons, nothing of ours weighed enough",
    ]
    first, second, third = rows(at, "Lost clients")
    assert first[2] == "Trust Perception · 19 weeks before"
    assert first[4] == "Service below what was agreed"
    assert first[5].startswith("alerted, answered and closed; flagged 98 days before")
    assert second[5].startswith("no alert was sent; never flagged before")
    assert third[2] == "Outside reasons"


def test_a_reason_from_outside_is_not_blamed_on_service(company: Path, open_page: OpenPage) -> None:
    at = open_page(company, "lost", dim="outside")

    assert title(at) == "1 client left in 12 months, none by a turn of ours"
    assert "reason given: Price" in words(at)


def test_names_and_reasons_of_clients_stay_text(tmp_path: Path, open_page: OpenPage) -> None:
    workspace = fixture_snapshot.publish(tmp_path, "update marts.fct_losses set churn_reason = '<b>x</b>'")

    body = "".join(e.proto.body for e in open_page(workspace, "lost").get("html"))

    assert "<b>x</b>" not in body
    assert "<i>Retail" not in body


def test_filters_of_the_address_and_the_way_back(company: Path, open_page: OpenPage) -> None:
    at = open_page(company, "lost", tier="S")
    assert title(at) == "Tier S: No lost client matches"

    at.button[0].click().run()

    assert title(at).startswith("3 clients left")


def test_nobody_lost_is_said_with_the_last_day(tmp_path: Path, open_page: OpenPage) -> None:
    long_ago = "update marts.fct_losses set lost_on = date '2020-03-02'"
    at = open_page(fixture_snapshot.publish(tmp_path, long_ago), "lost")
    assert title(at) == "No client has left since 2 Mar 2020"
    assert len(rows(open_page(tmp_path, "lost", period="all"), "Lost clients")) == 3

    at = open_page(fixture_snapshot.publish(tmp_path / "none", "delete from marts.fct_losses"), "lost")

    assert title(at) == "No client has left"
    assert alts(at) == []


def test_the_page_speaks_chinese(company: Path, open_page: OpenPage) -> None:
    assert (
        title(open_page(company, "lost", lang="zh"))
        == "12 个月内 3 家客户流失，最先恶化的各有 1 家：响应速度和信任。"
    )
