"""A full delivery tells by what it no longer holds: facts that hang on it are in no new file."""

from __future__ import annotations

import duckdb
import pytest

from gapwatch import build_plan, gate, landing, transform
from gapwatch.build_plan import Plan
from gapwatch.workspace import Workspace, load_workspace

pytestmark = pytest.mark.xdist_group("build")

ORGANIZATION, CLIENT = "ORG-40003", "A-00001"


def as_of(company: Workspace, day: str) -> Workspace:
    text = company.file.read_text(encoding="utf-8").split("\nas_of:")[0]
    company.file.write_text(f"{text}\nas_of: {day}\n", encoding="utf-8")
    return load_workspace(company.folder)


def planned(company: Workspace) -> Plan:
    with duckdb.connect(str(company.warehouse_path)) as connection:
        (fingerprint,) = connection.execute("select fingerprint from meta.builds").fetchall()[-1]
        return build_plan.plan(company, connection, fingerprint, False)


def owners(company: Workspace) -> list[tuple[str]]:
    """Whose the organization's tickets are as known now."""
    with duckdb.connect(str(company.warehouse_path), read_only=True) as connection:
        return connection.execute(
            "select distinct account_id from marts.fct_promises where is_newest and source = 'desk' "
            "and subject_id in (select ticket_id from raw.tickets where account_id = ?)",
            [ORGANIZATION],
        ).fetchall()


def test_an_identity_that_a_full_delivery_leaves_out_and_brings_back_takes_its_tickets_along(
    company: Workspace,
) -> None:
    folder = company.folder / "inbox" / "crm"
    lines = (folder / "identities-2026-06-14.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    for day, kept in ((20, [line for line in lines if ORGANIZATION not in line]), (25, lines)):
        text = "".join(kept).replace("14.06.2026", f"{day}.06.2026")
        (folder / f"identities-2026-06-{day}.csv").write_text(text, encoding="utf-8")
    landing.ingest(company)
    assert gate.gate(company).held == []
    reason = "a full delivery left keys out or brought them back"
    assert planned(as_of(company, "2026-06-22")).reason == reason

    # They are in, and the day has not come to them.
    assert transform.build(as_of(company, "2026-06-15")).mode == "incremental"
    assert owners(company) == [(CLIENT,)]

    assert transform.build(as_of(company, "2026-06-22")).reason == reason
    assert owners(company) == [(ORGANIZATION,)]

    assert transform.build(as_of(company, "2026-06-26")).mode == "full"
    assert owners(company) == [(CLIENT,)]
