"""The generated firm: raw tables straight at size, without files or a gate, the same on every run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gapwatch.contracts import CONTRACTS, Contract
from gapwatch.warehouse import write_connection

if TYPE_CHECKING:
    import duckdb

    from gapwatch.workspace import Workspace

SQL = Path(__file__).with_name("generate.sql")

#: Contract -> the temporary table that generate.sql makes for it.
MADE = {
    "accounts": "made_accounts",
    "contacts": "made_contacts",
    "survey_questions": "made_questions",
    "survey_invitations": "made_invitations",
    "survey_answers": "made_answers",
    "tickets": "made_tickets",
    "deliveries": "made_deliveries",
    "delivery_promises": "made_promises",
    "interactions": "made_interactions",
}

#: Systems that do not keep the defaults of ``raw._sources``: zone of date-only promises, first responses.
_ZONES = {"orders": "Europe/Berlin"}
_WITHOUT_FIRST_RESPONSE = {"helpdesk"}


@dataclass(frozen=True)
class Size:
    """How much is generated: tickets (about 1.4 versions each), answers, client accounts, weeks."""

    tickets: int = 1_000_000
    answers: int = 500_000
    accounts: int = 1_000
    weeks: int = 156


def generate(ws: Workspace, size: Size) -> dict[str, int]:
    """Write the first load into the workspace's warehouse, and one more day into the schema ``held_back``.

    Returns rows per raw table of the first load.
    """
    with write_connection(ws) as connection:
        for name, value in vars(size).items():
            connection.execute(f"set variable {name} = {int(value)}")
        connection.execute(SQL.read_text(encoding="utf-8"))
        connection.execute("create schema if not exists held_back")
        for contract in MADE:
            cutoff = "getvariable('cutoff')"
            connection.execute(
                f"create table held_back.{contract} as select * from {MADE[contract]} "
                f"where known_at > {cutoff} and known_at <= {cutoff} + interval 1 day"
            )
            rows = f"(select * from {MADE[contract]} where known_at <= {cutoff})"
            _load(connection, contract, rows, "first")
        return dict(
            connection.execute(
                "select contract, cast(sum(accepted_rows) as bigint) from raw._batches group by contract"
            ).fetchall()
        )


def add_a_day(ws: Workspace) -> dict[str, int]:
    """Load the day that was held back, one batch per contract and system. Returns rows per raw table."""
    with write_connection(ws) as connection:
        for contract in MADE:
            _load(connection, contract, f"held_back.{contract}", "second")
        return dict(
            connection.execute(
                "select contract, cast(sum(accepted_rows) as bigint) from raw._batches "
                "where file like 'second-%' group by contract"
            ).fetchall()
        )


def _load(connection: duckdb.DuckDBPyConnection, name: str, rows: str, delivery: str) -> None:
    contract = CONTRACTS[name]
    columns = ", ".join(f'"{column}"' for column in contract.columns)
    systems = connection.execute(f"select distinct _source from {rows} order by all").fetchall()
    for (system,) in systems:
        batch = f"{delivery}-{system}-{name}"
        connection.execute(
            f"insert into raw.{name} by name select {columns}, known_at, false as is_deleted, _source, "
            f"'{batch}' as _batch_id, '{batch}' as _file, row_number() over () as _row, "
            f"hash({columns}) as _row_hash, known_at as _loaded_at from {rows} where _source = '{system}'"
        )
        _record(connection, contract, system, batch)


def _record(connection: duckdb.DuckDBPyConnection, contract: Contract, system: str, batch: str) -> None:
    connection.execute(
        f"""
        insert into raw._batches by name
        select
            '{batch}' as batch_id, '{system}_{contract.name}' as source, '{system}' as system,
            '{contract.name}' as contract, '{batch}' as file, '' as file_sha256,
            count(*) as records, count(*) as rows, count(*) as accepted_rows,
            0 as quarantined_rows, 0 as waiting_rows, 'pass' as outcome,
            min(known_at) as min_known_at, max(known_at) as max_known_at,
            max(known_at) as landed_at, max(known_at) as loaded_at,
            1 + coalesce((select max(load_seq) from raw._batches), 0) as load_seq, false as is_full,
            1 as expectations_declared, 1 as expectations_evaluated
        from raw.{contract.name} where _batch_id = '{batch}'
        """
    )
    connection.execute(
        f"insert into raw._changes select b.load_seq, b.contract, {_stale_from(contract)} "
        f"from raw.{contract.name} as r, raw._batches as b "
        f"where r._batch_id = '{batch}' and b.batch_id = '{batch}' group by all"
    )
    connection.execute(
        "insert into raw._sources by name select ? as source, ? as system, ? as contract, ? as time_zone, "
        "'versions' as history, 'changes' as delivers, 0.0 as arrival_lag_minutes, 'self' as ids, "
        "? as records_first_response, false as is_anonymous "
        "where ? not in (select source from raw._sources)",
        [
            f"{system}_{contract.name}",
            system,
            contract.name,
            _ZONES.get(system),
            system not in _WITHOUT_FIRST_RESPONSE,
            f"{system}_{contract.name}",
        ],
    )


def _stale_from(contract: Contract) -> str:
    """Oldest instant at which a row of the batch counts: an oldest version stands for the time before it."""
    before = {
        "accounts": "least(r.known_at, coalesce(r.contract_started_on, timestamp '1970-01-05'))",
        "contacts": "least(r.known_at, coalesce(r.valid_from, timestamp '1970-01-05'))",
        "survey_questions": "timestamp '1970-01-05'",
    }.get(contract.name)
    if before is None:
        return "min(r.known_at)"
    key = " and ".join(f"e.{column} = r.{column}" for column in contract.key)
    older = f"exists (select 1 from raw.{contract.name} as e where {key} and e.known_at < r.known_at)"
    return f"min(case when {older} then r.known_at else {before} end)"
