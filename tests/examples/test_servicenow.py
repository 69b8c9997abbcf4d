"""An event log of incidents: every event is a version of its ticket. Figures measured on the file itself."""

from __future__ import annotations

import duckdb
import pytest
from public_examples import Run

pytestmark = pytest.mark.xdist_group("example_servicenow")

NEWEST = "select count(*) from marts.fct_promises where is_newest and "


@pytest.fixture(scope="module")
def marts(run: Run) -> duckdb.DuckDBPyConnection:
    return run("servicenow")


def test_every_event_is_let_in_as_a_version_of_its_ticket(marts: duckdb.DuckDBPyConnection) -> None:
    rows = marts.execute(
        "select records, accepted_rows from marts.fct_batches where source = 'tickets'"
    ).fetchall()
    assert rows == [(141_712, 141_712)]
    tickets = marts.execute("select count(distinct subject_id) from marts.fct_promises").fetchall()
    assert tickets == [(24_918,)]


def test_resolution_promises_broken_by_the_sources_verdict(marts: duckdb.DuckDBPyConnection) -> None:
    promises = _count(marts, NEWEST + "signal = 'resolution' and due_origin = 'verdict'")
    broken = _count(marts, NEWEST + "signal = 'resolution' and state = 'broken'")
    kept = _count(marts, NEWEST + "signal = 'resolution' and state = 'kept'")
    assert (promises, kept) == (24_918, 15_803)
    assert round(100 * broken / promises, 2) == 36.58


def test_verdicts_by_priority(marts: duckdb.DuckDBPyConnection) -> None:
    rows = marts.execute(
        "select priority, count(*), round(100 * avg(cast(state = 'kept' as integer)), 1) "
        "from marts.fct_promises where is_newest and signal = 'resolution' group by priority order by 2"
    ).fetchall()
    assert rows == [
        ("Critical", 270, 1.9),
        ("High", 408, 0.5),
        ("Low", 774, 84.1),
        ("Moderate", 23_466, 64.5),
    ]


def test_tickets_reopened_and_handed_over(marts: duckdb.DuckDBPyConnection) -> None:
    assert _count(marts, NEWEST + "signal = 'reopened' and state = 'broken'") == 275
    assert _count(marts, NEWEST + "signal = 'reassigned' and actual_count > 0") == 11_369


def test_no_first_response_is_made_up(marts: duckdb.DuckDBPyConnection) -> None:
    assert _count(marts, NEWEST + "signal = 'first_response'") == 0


def test_an_end_that_early_events_tell_of_is_not_known_before_it_came(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    assert _count(marts, "select count(*) from marts.fct_promises where ended_at > known_from") == 0
    open_once = "select count(*) from marts.fct_promises where not is_newest and state = 'open'"
    assert _count(marts, open_once + " and signal = 'resolution'") > 50_000


def test_every_location_is_a_client_and_events_without_one_have_theirs(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    assert _count(marts, "select count(*) from marts.dim_accounts where account_id <> 'no location'") == 224
    # Six incidents end without a location.
    assert _count(marts, NEWEST + "signal = 'resolution' and account_id = 'no location'") == 6


def _count(marts: duckdb.DuckDBPyConnection, query: str) -> int:
    ((count,),) = marts.execute(query).fetchall()
    return int(count)
