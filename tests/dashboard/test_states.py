"""What pages show when there is nothing, something old, or something broken to show."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import fixture_snapshot
import pytest
from conftest import OpenPage
from reading_pages import alts, banners, rows, title, words

from gapwatch.snapshots import open_snapshot

LATE = (
    "update marts.fct_source_freshness set is_late = true, "
    "newest_known_at = newest_known_at - interval 9 day where source = 'deliveries'"
)
HELD = (
    "update marts.fct_source_freshness set is_late = true, last_outcome = 'held', "
    "last_message = 'column <b>due</b> is missing' where source = 'deliveries'"
)
PAGES = [("portfolio", {}), ("client", {"account": "A-001"}), ("felt", {}), ("method", {})]


@pytest.mark.parametrize("page", ["portfolio", "client", "felt", "quality", "method"])
def test_without_a_snapshot_the_page_says_the_commands(
    tmp_path: Path, open_page: OpenPage, page: str
) -> None:
    at = open_page(tmp_path, page)

    assert title(at) == "No data yet"
    assert "gapwatch demo" in at.code[0].value
    assert f"gapwatch run --workspace {tmp_path.name}" in at.code[0].value


@pytest.mark.parametrize(("page", "parameters"), PAGES)
def test_line_two_dates_the_snapshot_and_every_source(
    company: Path, open_page: OpenPage, page: str, parameters: dict[str, str]
) -> None:
    text = words(open_page(company, page, **parameters))

    assert "UTC , 3 h ago" in text or "UTC, 3 h ago" in text
    assert "surveys 1 d · tickets 3 h · deliveries 2 d" in text
    assert "snapshot 0f3a" in text


@pytest.mark.parametrize(("page", "parameters"), PAGES)
def test_a_late_source_is_said_above_the_title_and_in_line_two(
    tmp_path: Path, open_page: OpenPage, page: str, parameters: dict[str, str]
) -> None:
    at = open_page(fixture_snapshot.publish(tmp_path, LATE), page, **parameters)

    (banner,) = banners(at)
    assert banner.startswith("Source deliveries stops at ")
    assert "No news for 11 d." in banner
    assert "deliveries 11 d, late" in words(at)
    assert title(at)


def test_a_late_source_is_told_by_its_own_age_not_by_that_of_its_neighbours(
    tmp_path: Path, open_page: OpenPage
) -> None:
    neighbour = (
        "insert into marts.fct_source_freshness select * replace ('new' as source, false as is_late, "
        "(select as_of from meta.snapshot) as newest_known_at) "
        "from marts.fct_source_freshness where source = 'deliveries'"
    )

    text = words(open_page(fixture_snapshot.publish(tmp_path, LATE, neighbour)))

    assert "deliveries 11 d, late" in text


def test_the_snapshot_in_line_two_links_to_itself_for_good(company: Path, open_page: OpenPage) -> None:
    body = "".join(e.proto.body for e in open_page(company, dim="trust").get("html"))

    assert 'href="?dim=trust&amp;snapshot=0f3a"' in body


def test_a_held_batch_is_told_with_its_message_as_inert_text(tmp_path: Path, open_page: OpenPage) -> None:
    at = open_page(fixture_snapshot.publish(tmp_path, HELD))

    assert "is held: column <b>due</b> is missing" in banners(at)[0]
    assert "column &lt;b&gt;due&lt;/b&gt;" in "".join(e.proto.body for e in at.get("html"))


def test_old_numbers_say_where_they_stop(tmp_path: Path, open_page: OpenPage) -> None:
    as_of = fixture_snapshot.recent_instant() - timedelta(days=9)

    at = open_page(fixture_snapshot.publish(tmp_path, as_of=as_of))

    assert banners(at)[0].startswith("These numbers stop at ")
    assert "Nothing newer arrived for 9 d." in banners(at)[0]


def test_a_workspace_of_a_fixed_day_is_not_called_stale(tmp_path: Path, open_page: OpenPage) -> None:
    as_of = fixture_snapshot.recent_instant() - timedelta(days=900)
    workspace = fixture_snapshot.publish(
        tmp_path, "update meta.snapshot set is_as_of_fixed = true", as_of=as_of
    )

    assert banners(open_page(workspace)) == []


def test_a_named_snapshot_shows_the_same_numbers_again(tmp_path: Path, open_page: OpenPage) -> None:
    fixture_snapshot.publish(
        tmp_path, snapshot_id="0001", as_of=fixture_snapshot.recent_instant() - timedelta(days=7)
    )
    before = open_page(tmp_path, snapshot="0001")
    fixture_snapshot.publish(tmp_path, snapshot_id="0002")

    after = open_page(tmp_path, snapshot="0001")

    assert title(after) == title(before)
    assert rows(after, "Clients by risk") == rows(before, "Clients by risk") != []
    assert "This is snapshot 0001" in banners(after)[0]
    assert "snapshot 0002" in words(open_page(tmp_path))


def test_a_pruned_snapshot_is_said_and_the_newest_is_one_click_away(
    company: Path, open_page: OpenPage
) -> None:
    at = open_page(company, snapshot="dead")
    assert title(at) == "This snapshot is not kept any more"

    at.button[0].click().run()

    assert "of 40 clients may leave" in title(at)


def test_filters_that_match_nobody_offer_to_be_cleared(tmp_path: Path, open_page: OpenPage) -> None:
    at = open_page(fixture_snapshot.publish(tmp_path), tier="S", region="West")
    assert title(at) == "Tier S, region West: No client matches"

    at.button[0].click().run()

    assert "tier" not in at.query_params
    assert "of 40 clients may leave" in title(at)


def test_a_table_that_cannot_be_read_is_named_with_the_next_command(
    tmp_path: Path, open_page: OpenPage
) -> None:
    at = open_page(
        fixture_snapshot.publish(
            tmp_path, "alter table marts.rpt_portfolio_worklist drop column promises_overdue"
        )
    )

    (error,) = at.error
    assert "rpt\\_portfolio\\_worklist" in error.value
    assert "gapwatch doctor" in error.value
    assert str(tmp_path) not in words(at)


def test_nobody_with_a_wide_gap_is_said_so(tmp_path: Path, open_page: OpenPage) -> None:
    calm = "update marts.rpt_portfolio_worklist set is_wide = false where is_wide"

    at = open_page(fixture_snapshot.publish(tmp_path, calm), sort="gap")

    assert title(at) == "None of the 36 clients heard expects over 15 points more than they get"


def test_an_empty_snapshot_is_not_shown_as_zeros(tmp_path: Path, open_page: OpenPage) -> None:
    at = open_page(fixture_snapshot.publish(tmp_path, "update meta.snapshot set as_of = null"))

    assert title(at) == "Nothing was admitted yet"


def test_a_company_that_asks_no_expectation_sees_its_perception(tmp_path: Path, open_page: OpenPage) -> None:
    unpaired = (
        "update marts.rpt_portfolio_worklist set expectation_score = null, satisfaction_gap = null, "
        "paired_perception_score = null, gap_shrunk = null, gap_low = null, gap_high = null, is_wide = null, "
        "rank = null, dimension_rank = null, widest_rank = null, n_paired = 0; "
        "update marts.rpt_portfolio_weekly set expectation_score = null, satisfaction_gap = null, "
        "paired_perception_score = null, n_accounts_paired = 0"
    )
    workspace = fixture_snapshot.publish(tmp_path, unpaired)
    with open_snapshot(workspace / "published") as snapshot:
        ((n_clients, score),) = snapshot.execute(
            "select n_accounts_heard, perception_score from marts.rpt_portfolio_weekly where cut = 'all' "
            "and service_dimension = 'trust' order by week_id desc limit 1"
        ).fetchall()

    at = open_page(workspace, sort="gap")

    assert re.fullmatch(r"\d+ clients were heard, and no expectation is known to set it against", title(at))
    text = words(at)
    assert "obody was heard on" not in text
    assert f"perception {score:.1f}, {n_clients} clients; no expectation to set it against" in text
    assert f"Trust: perception {score:.0f}, no expectation to set it against" in alts(at)
    assert rows(at, "Clients by gap")[0][4].startswith("P ")


def test_nobody_heard_at_all_is_not_shown_as_zeros(tmp_path: Path, open_page: OpenPage) -> None:
    scores = ("perception_score", "paired_perception_score", "expectation_score", "satisfaction_gap")
    shrunk = ("gap_shrunk", "gap_low", "gap_high", "perception_shrunk_score")
    changes = ("gap_change_13", "perception_change_13", "expectation_change_13")
    listed = ("is_wide", "rank", "dimension_rank")
    silent = [
        f"update marts.{mart} set " + ", ".join(f"{column} = null" for column in columns)
        for mart, columns in (
            ("rpt_portfolio_worklist", scores + shrunk + changes + listed),
            ("rpt_portfolio_weekly", (*scores, *changes, "coverage_share")),
        )
    ]
    silent += [
        "update marts.rpt_portfolio_worklist set account_n_contacts = 0",
        "update marts.rpt_portfolio_weekly set n_accounts_heard = 0",
    ]

    at = open_page(fixture_snapshot.publish(tmp_path, *silent), sort="gap")

    assert title(at) == "No client in view has answered in the last 13 weeks"
    text = words(at)
    assert "Satisfaction gap – All dimensions" in text
    assert "Nobody was heard on any service dimension in 13 weeks" in text
    assert "Nobody was heard on this" not in text, "said once"
    assert alts(at) == []
