"""The warm process that starts commands, and the undisturbed runs that all others are compared with."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from tests.faults import tiny_company
from tests.faults.commands import Commands, Running


@dataclass
class Undisturbed:
    """Workspaces never killed. Copy one before changing it.

    ``fresh`` has the first delivery in its inbox and ``landed`` has it in landing; ``first`` has run on it,
    ``second`` on both deliveries.
    """

    fresh: Path
    landed: Path
    first: Path
    second_run: Running

    @cached_property
    def second(self) -> Path:
        """Waited for where it is needed: it runs beside the first tests."""
        ended = self.second_run.wait()
        assert ended.code == 11, ended
        return self.first.with_name("second")


@pytest.fixture(scope="session")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    """Start `gapwatch` without waiting for its imports."""
    started = Commands(tmp_path_factory.mktemp("output"))
    yield started
    started.close()


@pytest.fixture(scope="session")
def undisturbed(commands: Commands, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """One run for each of the two deliveries."""
    folder = tmp_path_factory.mktemp("undisturbed")
    fresh = tiny_company.make(folder / "fresh")
    tiny_company.deliver_first(fresh)
    landed = shutil.copytree(fresh, folder / "landed")
    assert commands.run(landed, "ingest").code == 0
    first = shutil.copytree(landed, folder / "first")
    ended = commands.run(first, "run")
    assert ended.code == 11, ended
    second = shutil.copytree(first, folder / "second")
    tiny_company.deliver_second(second)
    return Undisturbed(fresh, landed, first, commands.start(second, "run"))
