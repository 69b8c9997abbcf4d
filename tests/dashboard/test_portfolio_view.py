"""The clients page: its finding, its worklist, its portfolio, its filters in the address."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fixture_snapshot
import pytest
from conftest import OpenPage
from reading_pages import alts, rows, title, words

from dashboards.texts import Words
from gapwatch.snapshots import open_snapshot


def ask(workspace: Path, sql: str) -> list[tuple[Any, ...]]:
    with open_snapshot(workspace / "published") as connection:
        return connection.execute(sql).fetchall()


def signed(gap: Any) -> str:
    return Words().signed(gap)


NEWEST = "(select max(week_id) from marts.rpt_portfolio_worklist)"


def test_the_title_is_the_finding_with_the_numbers_of_the_marts(company: Path, open_page: OpenPage) -> None:
    ((wide, heard),) = ask(
        company,
        "select count(*) filter (where is_wide), count(*) from marts.rpt_portfolio_worklist "
        f"where rank is not null and week_id = {NEWEST}",
    )
    (top, *_) = ask(
        company,
        "select d.label_en, count(*) as n from marts.rpt_portfolio_worklist as w "
        "join marts.dim_service_dimensions as d using (service_dimension) "
        f"where is_wide and rank is not null and week_id = {NEWEST} group by 1 order by n desc, 1",
    )

    found = title(open_page(company, sort="gap"))

    assert found == (
        f"{wide} of {heard} clients expect over 15 points more than they get. "
        f"{top[0]} is the widest gap in {top[1]}."
    )


def test_the_worklist_holds_the_seven_widest_gaps_in_order(company: Path, open_page: OpenPage) -> None:
    expected = ask(
        company,
        "select gap_shrunk, gap_low, gap_high, satisfaction_gap, n_paired from marts.rpt_portfolio_worklist "
        f"where rank <= 7 and week_id = {NEWEST} order by rank",
    )

    shown = rows(open_page(company, sort="gap"), "Clients by gap")

    assert [row[4] for row in shown] == [
        f"{signed(gap)} {signed(low)} to {signed(high)} answered {signed(raw)}, n {n}"
        for gap, low, high, raw, n in expected
    ]
    assert shown[0][1] == (
        "Trust, wide for 9 weeks: perception fell 29 1 promise overdue · 3 of 4 contacts heard · last 5 d ago"
    )


def test_each_row_says_whether_perception_fell_or_expectation_rose(
    company: Path, open_page: OpenPage
) -> None:
    why = [row[1] for row in rows(open_page(company, sort="gap"), "Clients by gap")]

    assert "perception fell 10, expectation rose 6" in why[1]
    assert "expectation rose 10" in why[5]
    assert "perception" not in why[5]


def test_dimensions_that_share_the_widest_gap_are_both_named(tmp_path: Path, open_page: OpenPage) -> None:
    workspace = fixture_snapshot.publish(
        tmp_path,
        "update marts.rpt_portfolio_worklist set widest_rank = 1, gap_shrunk = -33.6 "
        "where account_id = 'A-001' and service_dimension = 'responsiveness'",
    )

    assert rows(open_page(workspace, sort="gap"), "Clients by gap")[0][1].startswith(
        "Responsiveness and trust, wide for"
    )


def test_a_dimension_in_the_address_ranks_by_that_dimension(company: Path, open_page: OpenPage) -> None:
    ((wide,),) = ask(
        company,
        "select count(*) filter (where is_wide) from marts.rpt_portfolio_worklist "
        f"where service_dimension = 'business_understanding' and week_id = {NEWEST}",
    )

    at = open_page(company, sort="gap", dim="business_understanding")

    assert title(at).startswith(f"On business understanding, {wide} of ")
    assert all(row[1].startswith("Business understanding") for row in rows(at, "Clients by gap"))


def test_an_unknown_code_in_the_address_is_said_and_left_out(company: Path, open_page: OpenPage) -> None:
    at = open_page(company, sort="gap", dim="courtesy")

    assert title(at) == title(open_page(company, sort="gap"))
    assert "dim" in at.toast[0].value


def test_choosing_a_dimension_writes_it_into_the_address(company: Path, open_page: OpenPage) -> None:
    at = open_page(company, sort="gap")

    at.segmented_control[0].set_value("trust").run()

    assert at.query_params["dim"] == "trust"
    assert title(at).startswith("On trust,")


@pytest.mark.parametrize(
    ("parameters", "condition"),
    [
        ({"tier": "A"}, "tier = 'A'"),
        ({"region": "North"}, "region = 'North'"),
        ({"owner": "K. Braun"}, "account_manager = 'K. Braun'"),
        ({"tier": "A", "owner": "K. Braun"}, "tier = 'A' and account_manager = 'K. Braun'"),
    ],
)
def test_filters_of_the_address_decide_who_is_listed(
    company: Path, open_page: OpenPage, parameters: dict[str, str], condition: str
) -> None:
    expected = [
        name
        for (name,) in ask(
            company, f"select account_name from marts.dim_accounts where is_active and {condition} order by 1"
        )
    ]

    shown = rows(open_page(company, sort="gap", show="all", **parameters), "Clients by gap")

    assert len(shown) == len(expected)
    for row in shown:
        assert any(row[0].startswith(" ".join(str(name).split())) for name in expected)


def test_the_portfolio_of_combined_filters_is_not_made_up(company: Path, open_page: OpenPage) -> None:
    at = open_page(company, sort="gap", tier="A", region="South")

    assert "one filter at a time" in words(at)
    assert alts(at) == []


def test_a_client_without_a_gap_is_listed_last_and_never_as_zero(company: Path, open_page: OpenPage) -> None:
    last = rows(open_page(company, sort="gap", show="all"), "Clients by gap")[-1]

    assert last[1].startswith("No gap: nobody answered in 13 weeks")
    assert last[4] == "– n 0"
    assert last[5] == "too few answers"


def test_cards_and_panels_say_their_n(company: Path, open_page: OpenPage) -> None:
    ((gap, n, silent, active),) = ask(
        company,
        "select satisfaction_gap, n_accounts_paired, n_accounts_silent, n_accounts "
        "from marts.rpt_portfolio_weekly "
        f"where cut = 'all' and service_dimension = 'overall' and week_id = {NEWEST}",
    )

    at = open_page(company, sort="gap")

    text = words(at)
    assert f"\u2212{abs(gap):.1f}" in text
    assert f"mean of {n} clients" in text
    assert f"{silent} of {active}: no answer in 13 weeks 1 joined, 2 left in 13 weeks" in text
    assert "below their minimum" in text
    assert [alt.split(":")[0] for alt in alts(at)] == [
        "Responsiveness",
        "Business understanding",
        "Resource mobilization",
        "Trust",
    ]


def test_an_older_week_is_shown_as_it_was_and_named(company: Path, open_page: OpenPage) -> None:
    ((week, gap),) = ask(
        company,
        "select week_id, gap_shrunk from marts.rpt_portfolio_worklist "
        f"where rank = 1 and week_id = {NEWEST} - 12",
    )

    at = open_page(company, sort="gap", week=str(week))

    assert title(at).startswith("Week of ")
    assert rows(at, "Clients by gap")[0][4].startswith(f"\u2212{abs(round(gap))}")


def test_links_to_clients_keep_language_and_snapshot(company: Path, open_page: OpenPage) -> None:
    at = open_page(company, sort="gap", lang="zh", snapshot="0f3a", dim="trust")

    links = [e.proto.body for e in at.get("html") if "client?" in e.proto.body]

    assert 'href="client?lang=zh&amp;snapshot=0f3a&amp;account=A-001&amp;dim=trust"' in links[0]
