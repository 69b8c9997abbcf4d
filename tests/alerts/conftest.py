"""Workspaces with a snapshot written by hand, on both kinds of ledger; and real processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gapwatch.ledger import Ledger
from gapwatch.ledger_database import VARIABLE
from gapwatch.workspace import Workspace
from tests.alerts import published_by_hand
from tests.faults.commands import Commands
from tests.ledger.conftest import postgres_server, postgres_url

__all__ = ["commands", "ledger", "postgres_server", "postgres_url", "ws"]


@pytest.fixture(params=["sqlite", "postgresql"])
def ws(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace, its ledger once on each database."""
    if request.param == "postgresql":
        monkeypatch.setenv(VARIABLE, request.getfixturevalue("postgres_url"))
    return published_by_hand.workspace(tmp_path / "company")


@pytest.fixture
def ledger(ws: Workspace) -> Iterator[Ledger]:
    """Its ledger."""
    with Ledger.of(ws) as opened:
        yield opened


@pytest.fixture(scope="session")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    """Start `gapwatch` without waiting for its imports."""
    started = Commands(tmp_path_factory.mktemp("output"))
    yield started
    started.close()
