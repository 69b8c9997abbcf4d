"""Names and comments: the one module that attaches the private snapshot, for viewers who may see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from dashboards.queries.attached import QueryFailedError, shared_by_all
from dashboards.rows import Snapshot
from gapwatch import snapshots
from gapwatch.access.rows import filter_rows


class NotAllowedError(Exception):
    """The viewer's role does not see names and comments."""


@dataclass(frozen=True)
class Named:
    """Who a contact is."""

    display_name: str | None
    email: str | None


@dataclass(frozen=True)
class Comment:
    """What a contact wrote in a survey."""

    contact_id: str | None
    submitted_at: datetime
    answer_text: str


def names(snapshot: Snapshot, account_id: str) -> dict[str, Named]:
    """The client's contacts by key. Raises NotAllowedError, SnapshotMissingError; not cached."""
    rows = _fetch(
        snapshot,
        """select contact_id, display_name, email from private.contacts
           where contact_id in (select contact_id from marts.dim_contacts where account_id = $account)""",
        account_id,
    )
    return {str(key): Named(name, email) for key, name, email in rows}


def comments(snapshot: Snapshot, account_id: str, limit: int) -> list[Comment]:
    """The client's newest comments. Raises NotAllowedError, SnapshotMissingError; not cached."""
    rows = _fetch(
        snapshot,
        f"""select contact_id, submitted_at, answer_text from private.comments
            where account_id = $account order by submitted_at desc, response_id, question_id
            limit {int(limit)}""",
        account_id,
    )
    return [Comment(*row) for row in rows]


def _fetch(snapshot: Snapshot, sql: str, account_id: str) -> list[tuple[object, ...]]:
    if not snapshot.viewer.may_see_names:
        raise NotAllowedError
    try:
        cursor = _connection(snapshot).cursor()
        try:
            cursor.execute("use memory")
            return cursor.execute(sql, {"account": account_id}).fetchall()
        finally:
            cursor.close()
    except duckdb.Error as error:
        raise QueryFailedError("the private snapshot", snapshot.snapshot_id) from error


@shared_by_all(max_entries=16)
def _connection(snapshot: Snapshot) -> duckdb.DuckDBPyConnection:
    connection = snapshots.open_snapshot(Path(snapshot.folder), snapshot.snapshot_id, private=True)
    filter_rows(connection, snapshot.viewer.scope)
    return connection
