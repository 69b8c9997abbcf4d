"""Anonymous answers: enough of them are shown, and nobody's can be worked out from what is shown."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gapwatch import transform
from gapwatch.workspace import Workspace, load_workspace
from tests.build.compiled import CompiledModel

pytestmark = pytest.mark.xdist_group("build")

EPOCH = datetime.fromisoformat("1970-01-05")
BLOCK = 217
LAST_WEEK = BLOCK * 13 + 12
FEW = range(1, 5)


@pytest.fixture(scope="module")
def model(finished_company: Path) -> CompiledModel:
    return CompiledModel(
        load_workspace(finished_company),
        "marts/anonymous/rpt_anonymous_portfolio.sql",
        {
            "intermediate.int_answers_scored": {
                "response_key": "varchar",
                "source": "varchar",
                "survey_id": "varchar",
                "survey_kind": "varchar",
                "measure": "varchar",
                "service_dimension": "varchar",
                "item_id": "varchar",
                "is_anonymous": "boolean",
                "question_weight": "double",
                "account_id": "varchar",
                "submitted_at": "timestamp",
                "score": "double",
                "known_from": "timestamp",
                "known_to": "timestamp",
            },
            "intermediate.int_survey_items_counted": {
                "source": "varchar",
                "survey_id": "varchar",
                "service_dimension": "varchar",
                "valid_from_at": "timestamp",
                "valid_to_at": "timestamp",
                "n_items": "integer",
            },
            "intermediate.int_account_weeks": {
                "week_id": "integer",
                "account_key": "varchar",
                "account_id": "varchar",
                "tier": "varchar",
                "region": "varchar",
                "industry": "varchar",
                "account_manager": "varchar",
                "parent_account_id": "varchar",
            },
            "marts.dim_weeks": {"week_id": "integer", "is_provisional": "boolean"},
            "marts.dim_service_dimensions": {"service_dimension": "varchar"},
        },
    )


def answers(
    account: str,
    response: str,
    perception: float | None,
    expectation: float | None,
    at: datetime = EPOCH + timedelta(weeks=LAST_WEEK),
    until: datetime | None = None,
) -> list[dict[str, Any]]:
    return [
        {
            "response_key": response, "source": "s", "survey_id": "S", "survey_kind": "relationship",
            "measure": measure, "service_dimension": "trust", "item_id": "i", "is_anonymous": True,
            "question_weight": 1.0, "account_id": account, "submitted_at": at, "score": score,
            "known_from": at, "known_to": until,
        }
        for measure, score in (("perception", perception), ("expectation", expectation))
        if score is not None
    ]  # fmt: skip


def shown(
    model: CompiledModel,
    accounts: dict[str, dict[str, str | None]],
    given_: list[dict[str, Any]],
    weeks: int = 14,
) -> list[dict[str, Any]]:
    """The report over the weeks from the block's first one on, the last of them running."""
    first = LAST_WEEK - 12
    return model.run(
        {
            "intermediate.int_answers_scored": given_,
            "intermediate.int_survey_items_counted": [
                {
                    "source": "s", "survey_id": "S", "service_dimension": "trust", "n_items": 1,
                    "valid_from_at": datetime.fromisoformat("1900-01-01"),
                }
            ],
            "intermediate.int_account_weeks": [
                {"week_id": week, "account_key": name, "account_id": name, **places}
                for week in range(first, first + weeks)
                for name, places in accounts.items()
            ],
            "marts.dim_weeks": [
                {"week_id": first + week, "is_provisional": week == weeks - 1} for week in range(weeks)
            ],
            "marts.dim_service_dimensions": [{"service_dimension": "trust"}],
        }
    )  # fmt: skip


def many(account: str, n: int, perception: float = 50, expectation: float = 80) -> list[dict[str, Any]]:
    return list(
        itertools.chain.from_iterable(
            answers(account, f"{account}-{i}", perception, expectation) for i in range(n)
        )
    )


def by_cell(rows: list[dict[str, Any]]) -> dict[tuple[str, str], tuple[int | None, str | None]]:
    return {(row["cut"], row["cut_value"]): (row["n_responses"], row["null_reason"]) for row in rows}


def test_four_answers_are_not_shown_and_five_are(model: CompiledModel) -> None:
    one = {"A": {"tier": "A"}}

    assert by_cell(shown(model, one, many("A", 4)))[("all", "all")] == (None, "too_few_answers")
    assert by_cell(shown(model, one, many("A", 5)))[("all", "all")] == (5, None)


def test_the_smallest_shown_part_goes_where_subtraction_would_leave_a_few(model: CompiledModel) -> None:
    accounts: dict[str, dict[str, str | None]] = {t: {"tier": t} for t in "SABC"}
    given_ = many("S", 3) + many("A", 9) + many("B", 6) + many("C", 20)

    cells = by_cell(shown(model, accounts, given_))

    assert cells[("all", "all")] == (38, None)
    assert cells[("tier", "S")] == (None, "too_few_answers")
    assert cells[("tier", "B")] == (None, "complementary")
    assert cells[("tier", "A")] == (9, None)
    assert cells[("tier", "C")] == (20, None)


def test_a_group_inside_a_group_of_another_cut_is_not_told_by_the_rest_of_it(model: CompiledModel) -> None:
    accounts: dict[str, dict[str, str | None]] = {
        "A": {"region": "North", "account_manager": "M"},
        "B": {"region": "North", "account_manager": "N"},
        "C": {"region": "South", "account_manager": "N"},
    }
    given_ = many("A", 8) + many("B", 2) + many("C", 8)

    cells = by_cell(shown(model, accounts, given_))

    assert cells[("region", "North")] == (10, None)
    assert cells[("account_manager", "M")] == (None, "complementary")


def test_only_answers_with_both_sides_count_so_that_all_values_stand_on_the_same_people(
    model: CompiledModel,
) -> None:
    given_ = many("A", 5) + answers("A", "half", 0, None)

    (row,) = (r for r in shown(model, {"A": {}}, given_) if r["cut"] == "all")

    assert (row["n_responses"], row["perception_score"], row["expectation_score"]) == (5, 50, 80)
    assert row["satisfaction_gap"] == -30


def test_a_block_is_shown_when_it_has_ended_and_not_before(model: CompiledModel) -> None:
    given_ = many("A", 5)

    assert shown(model, {"A": {}}, given_, weeks=13) == []
    (row,) = (r for r in shown(model, {"A": {}}, given_, weeks=14) if r["cut"] == "all")
    assert row["block_id"] == BLOCK
    assert row["block_end_on"] == (EPOCH + timedelta(weeks=LAST_WEEK + 1)).date()
    assert row["shown_until_on"] == (EPOCH + timedelta(weeks=LAST_WEEK + 14)).date()


def test_an_answer_counts_in_one_block_only_as_it_was_known_at_its_end(model: CompiledModel) -> None:
    """Five answers; one of them is corrected after the block, and one more becomes known only then."""
    later = EPOCH + timedelta(weeks=LAST_WEEK + 2)
    corrected = [
        *answers("A", "x", 0, 80, until=later),
        *answers("A", "x", 100, 80, at=later),
    ]
    late = answers("A", "late", 100, 100, at=later)
    given_ = many("A", 4) + corrected + late

    rows = [r for r in shown(model, {"A": {}}, given_, weeks=27) if r["cut"] == "all"]

    assert [(r["block_id"], r["n_responses"], r["perception_score"]) for r in rows] == [
        (BLOCK, 5, 40.0),
        (BLOCK + 1, None, None),
    ]


places = st.fixed_dictionaries(
    {
        "tier": st.sampled_from([None, "A", "B", "C"]),
        "region": st.sampled_from([None, "North", "South"]),
        "account_manager": st.sampled_from(["M", "N"]),
        "parent_account_id": st.sampled_from([None, "P", "C0"]),
    }
)


@given(
    accounts=st.lists(st.tuples(places, st.lists(st.integers(0, 100), max_size=9)), min_size=1, max_size=9)
)
@settings(max_examples=200, deadline=None)
def test_no_few_answers_are_left_by_taking_shown_parts_from_a_shown_whole(
    model: CompiledModel, accounts: list[tuple[dict[str, str | None], list[int]]]
) -> None:
    names = {f"C{i}": where for i, (where, _) in enumerate(accounts)}
    n = {f"C{i}": len(scores) for i, (_, scores) in enumerate(accounts)}
    given_ = [
        answer
        for i, (_, scores) in enumerate(accounts)
        for j, score in enumerate(scores)
        for answer in answers(f"C{i}", f"C{i}-{j}", float(score), 90.0)
    ]

    rows = shown(model, names, given_)

    parents = {where["parent_account_id"] for where in names.values()} - {None}
    group = {
        "all": dict.fromkeys(names, "all"),
        **{cut: {a: w[cut] for a, w in names.items()} for cut in ("tier", "region", "account_manager")},
        "parent_account": {
            a: w["parent_account_id"] or (a if a in parents else None) for a, w in names.items()
        },
    }
    members = {
        (row["cut"], row["cut_value"]): {
            a for a, value in group[row["cut"]].items() if value == row["cut_value"] and n[a]
        }
        for row in rows
    }
    visible = {}
    for row in rows:
        cell = (row["cut"], row["cut_value"])
        values = [
            row[v] for v in ("n_responses", "perception_score", "expectation_score", "satisfaction_gap")
        ]
        if row["null_reason"] is not None:
            assert values == [None] * 4
            continue
        assert row["n_responses"] == sum(n[a] for a in members[cell]) >= 5
        visible[cell] = members[cell]
    if sum(n.values()) >= 5:
        assert ("all", "all") in visible
    # Whatever is shown as a whole, less any shown parts of one cut that lie in it.
    for (cut, _), whole in visible.items():
        for other in set(group) - {cut}:
            inside = [part for (c, _), part in visible.items() if c == other and part <= whole]
            for size in range(1, len(inside) + 1):
                for parts in itertools.combinations(inside, size):
                    left = whole - set().union(*parts)
                    assert sum(n[a] for a in left) not in FEW


def query(ws: Workspace, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(ws.warehouse_path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_anonymous_answers_are_in_no_named_mart(company: Workspace) -> None:
    """The company's relationship surveys are said to have been anonymous from the start."""
    with duckdb.connect(str(company.warehouse_path)) as connection:
        connection.execute("update raw.survey_questions set is_anonymous = survey_kind = 'relationship'")
        connection.execute(
            "update raw.survey_answers set contact_id = null where survey_id in "
            "(select survey_id from raw.survey_questions where is_anonymous)"
        )
        silent = connection.execute(
            "select count(*) from marts.fct_satisfaction_weekly where perception_score is not null"
        ).fetchone()
    assert silent is not None
    assert silent[0] > 0

    transform.build(company, full_refresh=True)

    shown_rows = query(company, "select count(*) from marts.rpt_anonymous_portfolio where n_responses >= 5")
    assert shown_rows[0][0] > 0
    surveys = "(select survey_id from raw.survey_questions where is_anonymous)"
    for mart in ("fct_answers", "fct_ratings"):
        assert query(company, f"select count(*) from marts.{mart} where survey_id in {surveys}") == [(0,)]
    for mart in ("fct_satisfaction_weekly", "rpt_portfolio_weekly"):
        named = query(company, f"select count(*) from marts.{mart} where perception_score is not null")
        assert named == [(0,)], mart
