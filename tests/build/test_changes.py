"""Why it moved: the parts of a change, over tables of people who come, go and change their minds."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gapwatch.workspace import load_workspace
from tests.build.compiled import CompiledModel

pytestmark = pytest.mark.xdist_group("build")

NOW, BEFORE = 2838, 2825
DIMENSIONS = ("responsiveness", "business_understanding", "trust")
CUTS = {"all": ("all",), "tier": ("A", "B")}


@pytest.fixture(scope="module")
def account_model(finished_company: Any) -> CompiledModel:
    return CompiledModel(
        load_workspace(finished_company),
        "marts/changes/fct_satisfaction_change.sql",
        {
            "marts.fct_satisfaction_weekly": {
                "account_id": "varchar",
                "service_dimension": "varchar",
                "week_id": "integer",
                "week_start_on": "date",
                "is_provisional": "boolean",
                "satisfaction_gap": "double",
                "n_paired": "integer",
                "coverage_share": "double",
            },
            "marts.fct_dimension_weights_weekly": {
                "week_id": "integer",
                "basis": "varchar",
                "service_dimension": "varchar",
                "weight": "double",
            },
            "marts.dim_weeks": {"week_id": "integer"},
            "intermediate.int_voices_weekly": {
                "week_id": "integer",
                "account_key": "varchar",
                "account_id": "varchar",
                "voice_key": "varchar",
                "service_dimension": "varchar",
                "is_counted": "boolean",
                "weight": "double",
                "paired_perception_score": "double",
                "paired_expectation_score": "double",
            },
        },
    )


@pytest.fixture(scope="module")
def portfolio_model(finished_company: Any) -> CompiledModel:
    return CompiledModel(
        load_workspace(finished_company),
        "marts/changes/fct_portfolio_change.sql",
        {
            "intermediate.int_portfolio_weekly": {
                "cut": "varchar",
                "cut_value": "varchar",
                "service_dimension": "varchar",
                "week_id": "integer",
                "week_start_on": "date",
                "is_provisional": "boolean",
                "satisfaction_gap": "double",
                "n_accounts_paired": "integer",
                "coverage_share": "double",
            },
            "intermediate.int_account_cuts": {
                "week_id": "integer",
                "account_id": "varchar",
                "cut": "varchar",
                "cut_value": "varchar",
                "was_in_it_window_before": "boolean",
                "was_in_it_year_before": "boolean",
            },
            "marts.fct_satisfaction_change": {
                "account_id": "varchar",
                "service_dimension": "varchar",
                "week_id": "integer",
                "weeks_before": "integer",
                "satisfaction_gap_before": "double",
                "satisfaction_gap": "double",
                "satisfaction_gap_change": "double",
                "perception_part": "double",
                "expectation_part": "double",
                "respondent_mix_part": "double",
            },
            "marts.fct_dimension_weights_weekly": {
                "week_id": "integer",
                "basis": "varchar",
                "service_dimension": "varchar",
                "weight": "double",
            },
            "marts.dim_weeks": {"week_id": "integer"},
        },
    )


Voices = list[dict[str, Any]]
Weights = dict[int, dict[str, float]]


def weekly(accounts: dict[int, set[str]], voices: Voices, weights: Weights) -> list[dict[str, Any]]:
    """What fct_satisfaction_weekly says of these voices."""
    rows = []
    for week, active in accounts.items():
        for account in active:
            gaps = {}
            for dimension in DIMENSIONS:
                key = (week, account, dimension)
                heard = [v for v in voices if (v["week_id"], v["account_id"], v["service_dimension"]) == key]
                total = sum(v["weight"] for v in heard)
                difference = sum(
                    v["weight"] * (v["paired_perception_score"] - v["paired_expectation_score"])
                    for v in heard
                )
                gaps[dimension] = difference / total if heard else None
                rows.append(row(account, dimension, week, gaps[dimension], len(heard)))
            counted = {d: w for d, w in weights[week].items() if w > 0}
            known = all(gaps[d] is not None for d in counted)
            overall = sum(w * (gaps[d] or 0) for d, w in counted.items()) if known else None
            rows.append(row(account, "overall", week, overall, len(voices)))
    return rows


def row(account: str, dimension: str, week: int, gap: float | None, n: int) -> dict[str, Any]:
    return {
        "account_id": account,
        "service_dimension": dimension,
        "week_id": week,
        "is_provisional": False,
        "satisfaction_gap": gap,
        "n_paired": n,
    }


def weight_rows(weights: Weights) -> list[dict[str, Any]]:
    return [
        {"week_id": week, "basis": "default", "service_dimension": dimension, "weight": weight}
        for week, by_dimension in weights.items()
        for dimension, weight in by_dimension.items()
        if weight > 0
    ]


def voice(
    week: int, who: str, dimension: str, p: float, e: float, w: float = 1.0, account: str = "A"
) -> dict[str, Any]:
    return {
        "week_id": week,
        "account_key": account,
        "account_id": account,
        "voice_key": f"{account}-{who}",
        "service_dimension": dimension,
        "is_counted": True,
        "weight": w,
        "paired_perception_score": p,
        "paired_expectation_score": e,
    }


def split(
    model: CompiledModel, accounts: dict[int, set[str]], voices: Voices, weights: Weights
) -> list[dict[str, Any]]:
    rows = model.run(
        {
            "marts.fct_satisfaction_weekly": weekly(accounts, voices, weights),
            "marts.fct_dimension_weights_weekly": weight_rows(weights),
            "marts.dim_weeks": [{"week_id": BEFORE}, {"week_id": NOW}],
            "intermediate.int_voices_weekly": voices,
        }
    )
    return [r for r in rows if r["week_id"] == NOW and r["weeks_before"] == 13]


def residual(r: dict[str, Any]) -> float:
    parts = ("perception_part", "expectation_part", "weights_part", "respondent_mix_part", "turnover_part")
    return float(abs(r["satisfaction_gap_change"] - sum(r.get(part) or 0.0 for part in parts)))


def test_a_client_was_promised_more_than_it_lost(account_model: CompiledModel) -> None:
    """One person in both windows, four dimensions, weights that change: nothing is left over."""
    names = ("a", "b", "c", "d")
    answers = {
        BEFORE: ((5.6, 5.2, 5.4, 6.1), (6.0, 5.5, 5.8, 6.3), (0.30, 0.20, 0.25, 0.25)),
        NOW: ((5.5, 5.2, 5.0, 6.0), (6.3, 5.6, 6.1, 6.3), (0.35, 0.20, 0.20, 0.25)),
    }
    weights = {week: dict(zip(names, w, strict=True)) for week, (_, _, w) in answers.items()}
    voices = [
        voice(week, "only", name, p, e)
        for week, (ps, es, _) in answers.items()
        for name, p, e in zip(names, ps, es, strict=True)
    ]
    gaps = {
        week: sum(w * (p - e) for p, e, w in zip(ps, es, ws, strict=True))
        for week, (ps, es, ws) in answers.items()
    }
    satisfaction = [
        row("A", v["service_dimension"], v["week_id"],
            v["paired_perception_score"] - v["paired_expectation_score"], 1)
        for v in voices
    ] + [row("A", "overall", week, gap, 1) for week, gap in gaps.items()]  # fmt: skip

    rows = account_model.run(
        {
            "marts.fct_satisfaction_weekly": satisfaction,
            "marts.fct_dimension_weights_weekly": weight_rows(weights),
            "marts.dim_weeks": [{"week_id": BEFORE}, {"week_id": NOW}],
            "intermediate.int_voices_weekly": voices,
        }
    )

    (overall,) = (
        r
        for r in rows
        if r["service_dimension"] == "overall" and r["week_id"] == NOW and r["weeks_before"] == 13
    )
    found = [
        overall[name]
        for name in (
            "satisfaction_gap_before",
            "satisfaction_gap",
            "satisfaction_gap_change",
            "perception_part",
            "expectation_part",
            "weights_part",
            "respondent_mix_part",
        )
    ]
    assert found == pytest.approx([-0.330, -0.655, -0.325, -0.1475, -0.1850, 0.0075, 0.0], abs=1e-12)
    assert overall["n_stayers"] == 1


def test_with_nobody_in_both_windows_all_of_it_is_who_answered(account_model: CompiledModel) -> None:
    voices = [voice(BEFORE, "old", "trust", 60, 80), voice(NOW, "new", "trust", 40, 90)]
    accounts = {BEFORE: {"A"}, NOW: {"A"}}
    rows = split(account_model, accounts, voices, {week: {"trust": 1.0} for week in accounts})

    (trust,) = (r for r in rows if r["service_dimension"] == "trust")
    assert (trust["perception_part"], trust["expectation_part"], trust["respondent_mix_part"]) == (0, 0, -30)
    assert trust["n_stayers"] == 0


def test_what_stayers_felt_and_expect_is_told_apart_from_who_joined(account_model: CompiledModel) -> None:
    """Before: one stayer at 60 - 80. Now: the stayer at 50 - 85, and somebody new at 90 - 90."""
    voices = [
        voice(BEFORE, "stayer", "trust", 60, 80),
        voice(NOW, "stayer", "trust", 50, 85),
        voice(NOW, "new", "trust", 90, 90),
    ]
    accounts = {BEFORE: {"A"}, NOW: {"A"}}
    rows = split(account_model, accounts, voices, {week: {"trust": 1.0} for week in accounts})

    (trust,) = (r for r in rows if r["service_dimension"] == "trust")
    assert trust["satisfaction_gap_change"] == pytest.approx(2.5)
    assert (trust["perception_part"], trust["expectation_part"]) == pytest.approx((-10, -5))
    assert trust["respondent_mix_part"] == pytest.approx(17.5)


@pytest.mark.parametrize(
    ("active_before", "heard_before", "heard_now", "reason"),
    [
        (False, False, True, "not_active_before"),
        (True, False, True, "unknown_before"),
        (True, True, False, "unknown_now"),
        (True, False, False, "unknown_both"),
    ],
)
def test_an_end_that_is_not_known_is_named_and_nothing_is_split(
    account_model: CompiledModel, active_before: bool, heard_before: bool, heard_now: bool, reason: str
) -> None:
    voices = [voice(BEFORE, "x", "trust", 60, 80)] * heard_before + [
        voice(NOW, "x", "trust", 50, 80)
    ] * heard_now
    accounts = {BEFORE: {"A"} if active_before else set(), NOW: {"A"}}
    rows = split(account_model, accounts, voices, {week: {"trust": 1.0} for week in accounts})

    for r in rows:
        if r["service_dimension"] in {"trust", "overall"}:
            assert r["null_reason"] == reason
            parts = ("satisfaction_gap_change", "perception_part", "expectation_part", "respondent_mix_part")
            assert [r[part] for part in parts] == [None] * 4


score = st.integers(min_value=0, max_value=100).map(float)
people = st.fixed_dictionaries(
    {
        (week, who, dimension): st.none() | st.tuples(score, score, st.sampled_from([1.0, 2.0, 0.5]))
        for week, who, dimension in itertools.product((BEFORE, NOW), range(3), DIMENSIONS)
    }
)
points = st.lists(st.integers(min_value=0, max_value=60), min_size=3, max_size=3).filter(any)


def shares(drawn: list[int]) -> dict[str, float]:
    return {d: p / sum(drawn) for d, p in zip(DIMENSIONS, drawn, strict=True)}


@given(
    answers=st.lists(people, min_size=1, max_size=4),
    tiers=st.lists(
        st.tuples(st.sampled_from([None, "A", "B"]), st.sampled_from([None, "A", "B"])),
        min_size=4,
        max_size=4,
    ),
    before=points,
    now=points,
)
@settings(max_examples=150, deadline=None)
def test_the_parts_add_up_to_the_whole(
    account_model: CompiledModel,
    portfolio_model: CompiledModel,
    answers: list[dict[tuple[int, int, str], tuple[float, float, float] | None]],
    tiers: list[tuple[str | None, str | None]],
    before: list[int],
    now: list[int],
) -> None:
    """Whoever answers, joins, leaves or is silent, and whatever the dimensions count for. An account
    without a tier in a week is not a client in that week.
    """
    weights = {BEFORE: shares(before), NOW: shares(now)}
    tier_of = {f"C{i}": dict(zip((BEFORE, NOW), tiers[i], strict=True)) for i in range(len(answers))}
    accounts = {week: {a for a, t in tier_of.items() if t[week]} for week in (BEFORE, NOW)}
    voices = [
        voice(week, str(who), dimension, given_[0], given_[1], given_[2], account=f"C{i}")
        for i, person in enumerate(answers)
        for (week, who, dimension), given_ in person.items()
        if given_ is not None and f"C{i}" in accounts[week]
    ]
    satisfaction = weekly(accounts, voices, weights)

    changes = split(account_model, accounts, voices, weights)

    assert len(changes) == len(accounts[NOW]) * (len(DIMENSIONS) + 1)
    at = {
        (r["account_id"], r["service_dimension"], r["week_id"]): r["satisfaction_gap"] for r in satisfaction
    }
    for change in changes:
        ends = [at.get((change["account_id"], change["service_dimension"], week)) for week in (BEFORE, NOW)]
        assert (change["null_reason"] is None) == (None not in ends)
        if None not in ends:
            assert change["satisfaction_gap_change"] == pytest.approx(ends[1] - ends[0])
            assert residual(change) < 1e-9

    portfolio, members = [], []
    for week, (cut, values) in itertools.product((BEFORE, NOW), CUTS.items()):
        for value in values:
            inside = {a for a in accounts[week] if cut == "all" or tier_of[a][week] == value}
            if not inside:
                continue
            members += [
                {
                    "week_id": week, "account_id": a, "cut": cut, "cut_value": value,
                    "was_in_it_window_before": bool(
                        tier_of[a][BEFORE] if cut == "all" else tier_of[a][BEFORE] == value
                    ),
                    "was_in_it_year_before": False,
                }
                for a in inside
            ]  # fmt: skip
            means: dict[str, float | None] = {}
            for dimension in DIMENSIONS:
                gaps = [g for a in inside if (g := at[(a, dimension, week)]) is not None]
                means[dimension] = sum(gaps) / len(gaps) if gaps else None
                portfolio.append(in_portfolio(cut, value, dimension, week, means[dimension], len(gaps)))
            counted = {d: w for d, w in weights[week].items() if w > 0}
            known = all(means[d] is not None for d in counted)
            overall = sum(w * (means[d] or 0) for d, w in counted.items()) if known else None
            portfolio.append(in_portfolio(cut, value, "overall", week, overall, 0))
    moved = portfolio_model.run(
        {
            "intermediate.int_portfolio_weekly": portfolio,
            "intermediate.int_account_cuts": members,
            "marts.fct_satisfaction_change": changes,
            "marts.fct_dimension_weights_weekly": weight_rows(weights),
            "marts.dim_weeks": [{"week_id": BEFORE}, {"week_id": NOW}],
        }
    )
    for change in (m for m in moved if m["week_id"] == NOW and m["weeks_before"] == 13):
        if change["null_reason"] is None:
            assert residual(change) < 1e-9
        if change["service_dimension"] == "overall":
            continue
        value = None if change["cut"] == "all" else change["cut_value"]
        in_before, in_now = (
            {a for a in accounts[week] if value is None or tier_of[a][week] == value}
            for week in (BEFORE, NOW)
        )
        heard = [
            {a for a in inside if at[(a, change["service_dimension"], week)] is not None}
            for week, inside in ((BEFORE, in_before), (NOW, in_now))
        ]
        assert [
            change[n] for n in ("n_stayed", "n_joined", "n_newly_heard", "n_left", "n_no_longer_heard")
        ] == [
            len(heard[0] & heard[1]),
            len(heard[1] - in_before),
            len((heard[1] & in_before) - heard[0]),
            len(heard[0] - in_now),
            len((heard[0] & in_now) - heard[1]),
        ]


def in_portfolio(
    cut: str, value: str, dimension: str, week: int, gap: float | None, n: int
) -> dict[str, Any]:
    return {
        "cut": cut,
        "cut_value": value,
        "service_dimension": dimension,
        "week_id": week,
        "is_provisional": False,
        "satisfaction_gap": gap,
        "n_accounts_paired": n,
    }
