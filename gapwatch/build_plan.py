"""What a build has to do: nothing, the stale weeks, or everything, and from which week on.

What changed since the last finished build is told by the load sequence of the batches; which weeks
it makes stale, by ``raw._changes``. A changed seed, model or source declaration, an earlier ``as_of`` or a
full delivery that lacks what the one before it held rebuilds everything, so that an incremental result
always equals a full one. The tables ``meta.builds`` and ``meta.builds_begun`` remember what was built, and
what was begun and never finished.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gapwatch import ledger_export, seeds
from gapwatch.errors import UserError
from gapwatch.weeks import week_of

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from gapwatch.workspace import Workspace

#: Below every load sequence and week: everything is made anew.
NO_LOAD, NO_WEEK = -1, -1_000_000


@dataclass(frozen=True)
class Plan:
    """One build: ``mode`` is none, records (what the ledger hands back is new), incremental or full.

    ``stale_week`` and the weeks after it are made again, with the facts of loads after ``built_load_seq``.
    """

    mode: str
    reason: str
    as_of: datetime
    load_seq: int
    built_load_seq: int
    stale_week: int
    fingerprint: str
    is_redefined: bool = False
    #: The last build died or failed: what it left of its seeds and models is not known.
    is_after_a_death: bool = False


def plan(ws: Workspace, connection: duckdb.DuckDBPyConnection, fingerprint: str, full_refresh: bool) -> Plan:
    """What to build now. Raises UserError when nothing has been admitted yet."""
    connection.execute(
        "create table if not exists meta.builds "
        "(build_id varchar, finished_at timestamp, fingerprint varchar, "
        "load_seq bigint, as_of timestamp, mode varchar)"
    )
    connection.execute(
        "create table if not exists meta.builds_begun (fingerprint varchar, begun_at timestamp)"
    )
    for column, kind in (("as_of", "timestamp"), ("mode", "varchar")):
        connection.execute(f"alter table meta.builds_begun add column if not exists {column} {kind}")
    # A version dated years ahead by mistake would make as many empty weeks: now is landing or a day later.
    newest = connection.execute(
        "select max(load_seq), max(least(max_known_at, landed_at + interval 1 day)) "
        "filter (where accepted_rows > 0) from raw._batches"
    ).fetchone()
    if newest is None or newest[1] is None:
        raise UserError(
            "No row has been admitted yet, so there is nothing to build from",
            where=str(ws.warehouse_path),
            rule="something_admitted",
            next_step="gapwatch ingest && gapwatch gate",
        )
    load_seq, as_of = int(newest[0]), ws.as_of or newest[1]
    last = connection.execute(
        "select load_seq, as_of, fingerprint from meta.builds order by rowid desc limit 1"
    ).fetchone()
    running_week = week_of(as_of)

    def full(reason: str) -> Plan:
        redefined = last is not None and last[2] != fingerprint
        return Plan("full", reason, as_of, load_seq, NO_LOAD, NO_WEEK, fingerprint, redefined)

    if full_refresh:
        return full("asked for")
    if last is None:
        return full("first build")
    ledger = connection.execute(
        "select count(*) from information_schema.tables "
        "where table_schema = 'intermediate' and table_name = 'int_promises_unioned'"
    ).fetchone()
    if ledger == (0,):
        # What feeds it would hand over the changed promises alone.
        return full("the promise ledger is missing")
    if last[2] != fingerprint:
        return full("models, seeds, thresholds or source declarations changed")
    begun = connection.execute("select fingerprint, as_of, mode from meta.builds_begun").fetchone()
    if begun is not None and begun[0] != fingerprint:
        # It may have left weeks of its own definitions among the others.
        return full("a rebuild with other definitions did not finish")
    if begun is not None and begun[1] is not None and not last[1] <= begun[1] <= as_of:
        # It may have left what only that day knew, or taken away weeks after it.
        return full("a rebuild as of another day did not finish")
    if begun is not None and begun[2] != "incremental":
        # What it was to mend may stand in the tables that it did not come to.
        return full("a rebuild did not finish")
    if as_of < last[1]:
        return full("as_of went back")
    if as_of > last[1] and _passes_over_facts(connection, last[0], last[1], as_of):
        return full("as_of moved on over facts that were admitted before")
    if _keys_left_or_came_back(connection, last[0], last[1], as_of):
        return full("a full delivery left keys out or brought them back")
    scored_from = ledger_export.weeks_to_score(connection)
    is_same = last[0] == load_seq and last[1] == as_of
    if is_same and scored_from is None and begun is None:
        is_new = ledger_export.has_new_records(connection)
        mode, reason = ("records", "a new replay") if is_new else ("none", "nothing new")
        return Plan(mode, reason, as_of, load_seq, load_seq, running_week, fingerprint)
    stale = connection.execute(
        "select min(stale_from) from raw._changes where load_seq > ?", [last[0]]
    ).fetchone()
    weeks = [week_of(last[1])] + ([week_of(stale[0])] if stale and stale[0] else [])
    weeks += [scored_from] if scored_from is not None else []
    reason = "new batches"
    if is_same:
        reason = "the last build did not finish" if scored_from is None else "a churn model was published"
    return Plan(
        "incremental",
        reason,
        as_of,
        load_seq,
        int(last[0]),
        min(weeks),
        fingerprint,
        is_after_a_death=begun is not None,
    )


def begin(connection: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """Remember that the build is under way."""
    connection.execute("delete from meta.builds_begun")
    connection.execute(
        "insert into meta.builds_begun (fingerprint, begun_at, as_of, mode) values (?, ?, ?, ?)",
        [plan.fingerprint, _now(), plan.as_of, plan.mode],
    )


def finish(connection: duckdb.DuckDBPyConnection, build_id: str, plan: Plan) -> None:
    """Remember that the build is done, and what it stands on."""
    connection.execute(
        "insert into meta.builds values (?, ?, ?, ?, ?, ?)",
        [build_id, _now(), plan.fingerprint, plan.load_seq, plan.as_of, plan.mode],
    )
    ledger_export.note_built(connection)
    connection.execute("delete from meta.builds_begun")


def fingerprint_of(
    seed_folder: Path, thresholds: dict[str, float], connection: duckdb.DuckDBPyConnection
) -> str:
    """Digest of everything but the data that decides the marts: a change rebuilds them whole."""
    digest = hashlib.sha256()
    sources = [
        path
        # The columns that a contract declares are types of tables, so models' YAML counts too.
        for pattern in ("models/**/*.sql", "models/**/*.py", "models/**/*.yml", "macros/**/*.sql", "*.yml")
        for path in sorted(seeds.DBT_PROJECT.glob(pattern))
    ]
    for path in sources + sorted(seed_folder.glob("*.csv")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    digest.update(json.dumps(thresholds, sort_keys=True).encode())
    declared = connection.execute("select * from raw._sources order by all").fetchall()
    digest.update(repr(declared).encode())
    return digest.hexdigest()


def _passes_over_facts(
    connection: duckdb.DuckDBPyConnection, load_seq: int, earlier: datetime, as_of: datetime
) -> bool:
    """Whether rows that the last build had, and did not count yet, became known between the two instants.

    A row dated years ahead by mistake is beyond both, and no reason to make everything anew each day.
    """
    batches = connection.execute(
        "select distinct contract from raw._batches where load_seq <= ? and max_known_at > ?",
        [load_seq, earlier],
    ).fetchall()
    return any(
        connection.execute(
            f"select 1 from raw.{contract} where known_at > ? and known_at <= ? and _batch_id in "
            "(select batch_id from raw._batches where load_seq <= ? and max_known_at > ?) limit 1",
            [earlier, as_of, load_seq, earlier],
        ).fetchone()
        for (contract,) in batches
    )


def _keys_left_or_came_back(
    connection: duckdb.DuckDBPyConnection, load_seq: int, earlier: datetime, as_of: datetime
) -> bool:
    """Whether a full delivery that counts since the last build lacks a key of the one before it, or one that
    was loaded for a later instant than that build's brings a key back.

    What hangs on such a key is in no new batch, so no model would know it to be changed. Clients and contacts
    are read whole in every build, and no fact takes its owner from them.
    """
    found = connection.execute(
        """
        with deliveries as (
            select
                contract, system, batch_id, as_of, load_seq > ? as is_new,
                lag(batch_id) over (partition by contract, system order by as_of, batch_id) as batch_before
            from raw._batches
            where is_full and rows > 0 and as_of <= ? and contract not in ('accounts', 'contacts')
        ),
        counting as (
            select * from deliveries
            where batch_before is not null and (is_new or as_of > ?)
        ),
        lost as (
            select held.batch_id
            from counting
            inner join raw._delivered_keys as held on counting.batch_before = held.batch_id
            where (counting.batch_id, held._source, held.key) not in (
                select batch_id, _source, key from raw._delivered_keys
                where batch_id in (select batch_id from counting)
            )
        ),
        back as (
            select held.batch_id
            from counting
            inner join raw._delivered_keys as held on counting.batch_id = held.batch_id
            inner join raw._delivered_keys as once
                on held.contract = once.contract and held._source = once._source and held.key = once.key
            where
                not counting.is_new
                and once.as_of < counting.as_of
                and (counting.batch_before, held._source, held.key) not in (
                    select batch_id, _source, key from raw._delivered_keys
                    where batch_id in (select batch_before from counting)
                )
        )
        select 1 from lost union all select 1 from back limit 1
        """,
        [load_seq, as_of, earlier],
    ).fetchone()
    return found is not None


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
