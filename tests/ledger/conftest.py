"""Ledgers on both databases."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy.engine import URL, make_url

from gapwatch.ledger import Ledger
from gapwatch.ledger_database import file_url
from tests.ledger import postgres


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a server's maintenance database."""
    if postgres.programs() is None:
        pytest.skip("PostgreSQL is not installed: make postgres, or apt-get install postgresql")
    # Not in pytest's folder: a session that starts beside this one closes that to other users again.
    with TemporaryDirectory(prefix="gapwatch-postgres-") as folder, postgres.server(Path(folder)) as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """A database of this test's own."""
    return postgres.database(postgres_server, f"t{uuid.uuid4().hex}")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> URL:
    """The address of an empty ledger, once on each database."""
    if request.param == "sqlite":
        return file_url(tmp_path / "ledger.sqlite")
    return make_url(request.getfixturevalue("postgres_url")).set(drivername="postgresql+psycopg")


@pytest.fixture
def ledger(url: URL) -> Iterator[Ledger]:
    """A new ledger, once on each database."""
    with Ledger(url) as made:
        yield made
