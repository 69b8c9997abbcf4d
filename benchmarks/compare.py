"""Two sets of marts, row by row: keys, text, integers, days, instants equal, doubles within a tolerance."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

TOLERANCE = 1e-9

#: Mart -> its key.
KEYS: dict[str, tuple[str, ...]] = {
    "dim_accounts": ("account_id",),
    "dim_contacts": ("contact_id",),
    "dim_service_dimensions": ("service_dimension",),
    "dim_signals": ("signal",),
    "dim_weeks": ("week_id",),
    "fct_answers": ("source", "survey_id", "response_id", "question_id", "account_id"),
    "fct_batches": ("batch_id",),
    "fct_dimension_weights_weekly": ("week_id", "basis", "service_dimension"),
    "fct_felt_and_factual_weekly": ("account_id", "service_dimension", "week_id"),
    "fct_measurement_quality": ("source", "survey_id", "service_dimension", "wave", "is_whole"),
    "fct_portfolio_change": ("cut", "cut_value", "service_dimension", "week_id", "weeks_before"),
    "fct_priors_weekly": ("week_id", "service_dimension", "measure"),
    "fct_promise_gap_weekly": ("account_id", "service_dimension", "week_id"),
    "fct_promises": ("promise_id", "account_id", "known_from"),
    "fct_ratings": ("source", "survey_id", "response_id", "service_dimension", "account_id"),
    "fct_satisfaction_change": ("account_id", "service_dimension", "week_id", "weeks_before"),
    "fct_satisfaction_weekly": ("account_id", "service_dimension", "week_id"),
    "fct_source_freshness": ("source",),
    "fct_survey_coverage": ("account_id", "cut", "cut_value", "week_id"),
    "fct_survey_scores": ("cut", "cut_value", "survey_kind", "measure", "week_id"),
    "rpt_client_contacts": ("account_id", "contact_id"),
    "rpt_portfolio_weekly": ("cut", "cut_value", "service_dimension", "week_id"),
    "rpt_portfolio_worklist": ("account_id", "service_dimension", "week_id"),
    "rpt_survey_plan": ("contact_id",),
}

#: Models that the script has no counterpart of, with the reason: their time is shown apart.
APART: dict[str, str] = {
    "dim_alert_rules": "the names of a seed",
    "dim_risk_drivers": "the names of a seed",
    "rpt_client_evidence": "the facts of other marts, side by side",
    "fct_backtest": "what the ledger hands back",
    "fct_calibration": "what the ledger hands back",
    "fct_rule_records": "what the ledger hands back",
    "fct_alert_conditions": "judged on planted causes instead, by benchmarks.risk",
    "fct_churn_features": "judged on planted causes instead, by benchmarks.risk",
    "fct_churn_risk_drivers": "judged on planted causes instead, by benchmarks.risk",
    "fct_churn_risk_weekly": "judged on planted causes instead, by benchmarks.risk",
    "fct_loss_timeline": "judged on planted causes instead, by benchmarks.risk",
    "fct_losses": "judged on planted causes instead, by benchmarks.risk",
    "fct_restatements": "a record over builds",
    "int_closed_weeks_kept": "what fct_restatements compares with",
    "int_subjects_judged": "what rpt_client_evidence is made of",
    "int_risk_culprits_weekly": "what the marts of risk are made of",
    "int_risk_evidence_weekly": "what the marts of risk are made of",
    "int_risk_points_weekly": "what the marts of risk are made of",
    "int_risk_values_weekly": "what the marts of risk are made of",
    "rpt_anonymous_portfolio": "empty in the generated firm",
    "fct_gate_days": "about deliveries, not about clients",
    "rpt_quarantine_rules": "about deliveries, not about clients",
    "rpt_source_quality": "about deliveries, not about clients",
    "rpt_source_reach": "about deliveries, not about clients",
    "rpt_gap_worked": "the newest week of other marts, side by side",
    "rpt_portfolio_members": "decides who may see a mean, and is no measurement",
    "private_comments": "not for analysis",
    "private_contacts": "not for analysis",
    "private_tickets": "not for analysis",
}


@dataclass
class Difference:
    """What differs in one mart: columns that only one side has, rows only one side has, values per column."""

    table: str
    rows: int
    columns: list[str] = field(default_factory=list)
    only_left: int = 0
    only_right: int = 0
    values: dict[str, int] = field(default_factory=dict)
    examples: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_equal(self) -> bool:
        """True where nothing differs."""
        return not (self.columns or self.only_left or self.only_right or self.values)

    def __str__(self) -> str:
        if self.is_equal:
            return f"{self.table}: {self.rows} rows equal"
        parts = [f"{self.only_left} rows only left"] if self.only_left else []
        parts += [f"{self.only_right} rows only right"] if self.only_right else []
        parts += [f"{column} differs in {rows} rows" for column, rows in self.values.items()]
        parts += [f"columns not in both: {', '.join(self.columns)}"] if self.columns else []
        return "\n    ".join(
            [f"{self.table}: {self.rows} rows; {'; '.join(parts)}", *map(str, self.examples)]
        )


def compare(
    left: Path,
    right: Path,
    *,
    tables: dict[str, tuple[str, ...]] = KEYS,
    limit: int = 5,
    memory: str = "4GB",
    temporary: Path | None = None,
) -> list[Difference]:
    """Compare the schema ``marts`` of two DuckDB files, at most ``limit`` examples a table.

    ``memory`` is what DuckDB may use; beyond it spills to ``temporary`` (default: beside the left file).
    """
    spill = str(temporary or left.with_suffix(".tmp"))
    with duckdb.connect(config={"memory_limit": memory, "temp_directory": spill}) as connection:
        connection.execute("load icu")
        connection.execute("set TimeZone = 'UTC'")
        for name, path in (("l", left), ("r", right)):
            connection.execute(f"attach '{str(path).replace(chr(39), chr(39) * 2)}' as {name} (read_only)")
        return [_compared(connection, table, key, limit) for table, key in tables.items()]


def _compared(
    connection: duckdb.DuckDBPyConnection, table: str, key: tuple[str, ...], limit: int
) -> Difference:
    left, right = (_columns(connection, side, table) for side in ("l", "r"))
    found = connection.execute(f"select count(*) from l.marts.{table}").fetchone()
    difference = Difference(table, found[0] if found else 0, sorted(left.keys() ^ right.keys()))
    values = [column for column in left if column in right and column not in key]
    differs = {column: _differs(column, left[column]) for column in values}
    # A key that one side has twice would multiply in the join: then the copies are told apart by number.
    number = "1"
    if any(_has_twice(connection, side, table, key) for side in ("l", "r")):
        number = f"row_number() over (partition by {', '.join(key)})"
    sides = [f"select *, {number} as copy from {side}.marts.{table}" for side in ("l", "r")]
    on = " and ".join(f"l.{column} is not distinct from r.{column}" for column in (*key, "copy"))
    wrong = " or ".join(["l.copy is null", "r.copy is null", *differs.values()])
    listed = ", ".join(
        [f"coalesce(l.{column}, r.{column}) as {column}" for column in key]
        + [
            f"l.{column} as l_{column}, r.{column} as r_{column}, coalesce({test}, false) as d_{column}"
            for column, test in differs.items()
        ]
        + ["l.copy is null as no_left", "r.copy is null as no_right"]
    )
    connection.execute(
        f"create or replace temp table differing as select {listed} from ({sides[0]}) as l "
        f"full join ({sides[1]}) as r on {on} where {wrong}"
    )
    counts = ", ".join(
        ["count(case when no_right then 1 end)", "count(case when no_left then 1 end)"]
        + [f"count(case when d_{column} and not no_left and not no_right then 1 end)" for column in values]
    )
    (counted,) = connection.execute(f"select {counts} from differing").fetchall()
    difference.only_left, difference.only_right = counted[:2]
    difference.values = {column: rows for column, rows in zip(values, counted[2:], strict=True) if rows}
    rows = connection.execute(f"select * from differing order by {', '.join(key)} limit {limit}")
    names = [column[0] for column in rows.description or ()]
    for row in rows.fetchall():
        entry = dict(zip(names, row, strict=True))
        example = {column: entry[column] for column in key}
        if entry["no_left"] or entry["no_right"]:
            example["only"] = "right" if entry["no_left"] else "left"
        else:
            example |= {c: (entry[f"l_{c}"], entry[f"r_{c}"]) for c in values if entry[f"d_{c}"]}
        difference.examples.append(example)
    return difference


def _has_twice(connection: duckdb.DuckDBPyConnection, side: str, table: str, key: tuple[str, ...]) -> bool:
    counted = f"select count(*) - count(distinct hash({', '.join(key)})) from {side}.marts.{table}"
    ((repeated,),) = connection.execute(counted).fetchall()
    return bool(repeated)


def _columns(connection: duckdb.DuckDBPyConnection, side: str, table: str) -> dict[str, str]:
    described = connection.execute(f"describe {side}.marts.{table}").fetchall()
    return {row[0]: row[1] for row in described}


def _differs(column: str, kind: str) -> str:
    if kind != "DOUBLE":
        return f"l.{column} is distinct from r.{column}"
    return (
        f"(l.{column} is null) <> (r.{column} is null) "
        f"or abs(l.{column} - r.{column}) > {TOLERANCE} or isnan(l.{column}) <> isnan(r.{column})"
    )
