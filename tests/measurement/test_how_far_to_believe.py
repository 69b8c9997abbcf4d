"""How far to believe a mean: the published and worked checks, on marts built from rows written by hand."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest

from gapwatch.workspace import Workspace
from tests.measurement.raw_company import RawCompany

pytestmark = pytest.mark.xdist_group("measurement")

AS_OF = datetime.fromisoformat("2023-12-04")
NOW = datetime.fromisoformat("2023-11-15 12:00")
EARLIER = NOW - timedelta(weeks=13)
LONG_AGO = NOW - timedelta(weeks=30)
# Deviations from the account's mean whose squares add to 9 x 225 over 1 + 4 + 6 + 2 people.
DEVIATIONS = {
    -40: [0.0],
    -10: [15.0, -15.0, math.sqrt(112.5), -math.sqrt(112.5)],
    5: [15.0, -15.0, 15.0, -15.0, 0.0, 0.0],
    -20: [15.0, -15.0],
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    company = RawCompany(
        tmp_path_factory.mktemp("believe") / "co", {"spread": 30, "zone": 20, "alike": 25, "last": 25}, AS_OF
    )
    company.survey("s")
    company.survey("seven", low=1, high=7)
    company.survey("nine", low=1, high=9)
    for gap, deviations in DEVIATIONS.items():
        for contact, deviation in zip(company.account(f"g{-gap}", 10), deviations, strict=False):
            company.answer(
                "s",
                contact,
                NOW,
                {"spread-perception": 50 + gap + deviation, "spread-expectation": 50, "alike-perception": 40},
            )
    (person,) = company.account("weights", 1)
    expected, experienced = (6.2, 5.8, 6.0, 6.5), (5.4, 5.9, 5.1, 6.0)
    for name, e, p in zip(company.dimensions, expected, experienced, strict=True):
        company.answer(
            "seven", person, LONG_AGO, {f"{name}-expectation": e, f"{name}-perception": p}, response="w"
        )
    # LibQUAL's published means; then two people whose position is a ratio of means, and one who is inverted
    (person,) = company.account("libqual", 1)
    company.answer(
        "nine", person, NOW, {"zone-minimum": 6.23, "zone-expectation": 7.93, "zone-perception": 6.99}
    )
    one, other, inverted = company.account("zones", 3)
    company.answer("s", one, NOW, {"zone-minimum": 40, "zone-expectation": 50, "zone-perception": 50})
    company.answer("s", other, NOW, {"zone-minimum": 20, "zone-expectation": 80, "zone-perception": 20})
    company.answer("s", inverted, NOW, {"zone-minimum": 70, "zone-expectation": 60, "zone-perception": 90})
    for name, people, dimension, change in (
        ("fallen", 8, "last", -30),
        ("same", 8, "last", 0),
        ("one", 1, "last", -30),
    ):
        for i, contact in enumerate(company.account(name, people)):
            company.answer("s", contact, EARLIER, {f"{dimension}-perception": 70 + i % 3})
            company.answer("s", contact, NOW, {f"{dimension}-perception": 70 + change + (i + 1) % 3})
    company.account("silent", 3)
    one, other = company.account("halves", 2)
    company.answer("s", one, LONG_AGO, {"spread-perception": 60, "zone-perception": 60})
    company.answer("s", other, LONG_AGO, {"alike-perception": 40, "last-perception": 40})
    company.account("unlisted", 0, account_manager="alone")
    company.answer("s", "unlisted-0", LONG_AGO, {"spread-perception": 60})
    company.answer("s", "unlisted-1", LONG_AGO, {"zone-perception": 60})
    return company.build()


@pytest.fixture
def marts(built: Workspace) -> Any:
    with duckdb.connect(str(built.warehouse_path), read_only=True) as connection:
        connection.execute("use warehouse.marts")
        yield connection


def row(
    marts: duckdb.DuckDBPyConnection, account: str, dimension: str, columns: str, at: datetime = NOW
) -> tuple[Any, ...]:
    found = marts.execute(
        f"select {columns} from fct_satisfaction_weekly "
        "where account_id = ? and service_dimension = ? and week_start_on = date_trunc('week', ?::timestamp)",
        [account, dimension, at],
    ).fetchone()
    assert found is not None
    return found


def test_shrunk_gaps_are_those_of_the_worked_example(marts: duckdb.DuckDBPyConnection) -> None:
    found = marts.execute(
        "select within_variance, between_variance, prior_mean, n_accounts, is_default_variance, "
        "are_accounts_alike from fct_priors_weekly where service_dimension = 'spread' and measure = 'gap' "
        "and week_start_on = date_trunc('week', ?::timestamp)",
        [NOW],
    ).fetchone()

    assert found is not None
    assert found[:3] == pytest.approx((225, 191.7411, -12.7997), abs=5e-5)
    assert found[3:] == (4, False, False)
    assert row(marts, "g40", "spread", "gap_shrunk") == pytest.approx((-25.3145,), abs=5e-5)
    low, high = row(marts, "g-5", "spread", "gap_low, gap_high")
    assert ((high - low) / 2 / 1.959964) ** 2 == pytest.approx(33.2660, abs=5e-4)


def test_where_nobody_differs_accounts_are_alike_and_the_row_says_so(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    found = marts.execute(
        "select is_default_variance, within_variance, between_variance, are_accounts_alike, n_accounts "
        "from fct_priors_weekly where service_dimension = 'alike' and measure = 'perception' "
        "and week_start_on = date_trunc('week', ?::timestamp)",
        [NOW],
    ).fetchone()

    assert found == (True, 400.0, 0.0, True, 4)
    assert row(marts, "g40", "alike", "perception_shrunk_score") == pytest.approx((40.0,))


def test_overall_weighs_the_dimensions_by_their_points(marts: duckdb.DuckDBPyConnection) -> None:
    gap, reason = row(marts, "weights", "overall", "satisfaction_gap, null_reason", at=LONG_AGO)

    assert gap * 6 / 100 == pytest.approx(-0.570)
    assert reason is None


def test_overall_is_unknown_where_a_dimension_is_missing(marts: duckdb.DuckDBPyConnection) -> None:
    assert row(marts, "g10", "overall", "satisfaction_gap, gap_shrunk, null_reason") == (
        None,
        None,
        "missing_service_dimension",
    )
    assert row(marts, "silent", "overall", "perception_score, null_reason") == (None, "no_answers")


def test_the_zone_is_that_of_the_published_means(marts: duckdb.DuckDBPyConnection) -> None:
    adequacy, superiority, position = row(
        marts, "libqual", "zone", "adequacy_gap, superiority_gap, zone_position"
    )

    assert adequacy * 8 / 100 == pytest.approx(0.76)
    assert superiority * 8 / 100 == pytest.approx(-0.94)
    assert position == pytest.approx(0.76 / 1.70)


def test_a_position_is_a_ratio_of_means_without_the_inverted(marts: duckdb.DuckDBPyConnection) -> None:
    position, inverted, adequacy = row(marts, "zones", "zone", "zone_position, n_inverted, adequacy_gap")

    assert position == pytest.approx((35 - 30) / (65 - 30))
    assert inverted == 1
    assert adequacy == pytest.approx((10 + 0 + 20) / 3)


def test_the_standard_error_knows_how_few_there_are_to_ask(marts: duckdb.DuckDBPyConnection) -> None:
    error, share = row(marts, "g10", "spread", "gap_standard_error, coverage_share")

    assert error == pytest.approx(math.sqrt(225 / 4) * math.sqrt((10 - 4) / 9))
    assert share == 0.4
    assert row(marts, "fallen", "last", "perception_standard_error") == (0.0,)
    assert row(marts, "libqual", "zone", "gap_standard_error > 0") == (True,)


def test_what_the_silent_could_change_spans_all_they_could_say(marts: duckdb.DuckDBPyConnection) -> None:
    assert row(
        marts, "g10", "spread", "perception_silent_low_score, perception_silent_high_score"
    ) == pytest.approx((0.4 * 40, 0.4 * 40 + 60))
    assert row(marts, "g10", "spread", "gap_silent_low, gap_silent_high") == pytest.approx((-4 - 60, -4 + 60))
    assert row(marts, "silent", "spread", "perception_silent_low_score") == (None,)


def test_a_fall_of_everybody_is_news_and_chance_is_not(marts: duckdb.DuckDBPyConnection) -> None:
    change, low, high, q, word = row(
        marts,
        "fallen",
        "last",
        "perception_change, perception_change_low, perception_change_high, perception_q_value, "
        "perception_trend",
    )
    assert low < change < high < 0
    assert change == pytest.approx(-30, abs=1)
    assert q < 0.1
    assert word == "declining"
    assert row(marts, "same", "last", "perception_trend") == ("steady",)
    assert row(marts, "one", "last", "perception_trend, perception_change") == ("too_few_answers", None)
    assert row(marts, "fallen", "last", "gap_trend") == ("too_few_answers",)


def test_who_spoke_of_one_dimension_is_silent_on_the_others(marts: duckdb.DuckDBPyConnection) -> None:
    n, low, high, error = row(
        marts,
        "halves",
        "overall",
        "n_contacts, perception_silent_low_score, perception_silent_high_score, perception_standard_error",
        at=LONG_AGO,
    )

    assert n == 2
    assert (low, high) == pytest.approx((0.5 * 30 + 0.5 * 20, 0.5 * 80 + 0.5 * 70))
    assert error > 0


def test_a_part_of_the_portfolio_hears_no_more_people_than_it_has(marts: duckdb.DuckDBPyConnection) -> None:
    heard, eligible = row(marts, "unlisted", "overall", "n_contacts, n_eligible", at=LONG_AGO)
    found = marts.execute(
        "select n_contacts, n_eligible from rpt_portfolio_weekly "
        "where cut = 'account_manager' and cut_value = 'alone' and service_dimension = 'overall' "
        "and week_start_on = date_trunc('week', ?::timestamp)",
        [LONG_AGO],
    ).fetchone()

    assert (heard, eligible) == (2, 2)
    assert found == (2, 2)
