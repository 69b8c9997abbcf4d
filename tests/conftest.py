"""Fixtures that many tests share: small workspaces on a real disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from gapwatch.workspace import Workspace, load_workspace


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests of a group share what they set up, on one worker: an id that names no group is an error."""
    if getattr(config.option, "loadgroup", False):
        lost = [i.nodeid for i in items if i.get_closest_marker("xdist_group") and "@" not in i.nodeid]
        if lost:
            raise pytest.UsageError(f"pytest-xdist does not keep groups together with this pytest: {lost[0]}")


ACCOUNTS_CSV = (
    "id,name,tier,updated\n"
    "A1,Acme,S,2025-01-02T00:00:00Z\n"
    "A2,Müller GmbH,A,2025-01-03T00:00:00Z\n"
    "A3,新星公司,B,2025-01-04T00:00:00Z\n"
)

ACCOUNTS_SOURCE: dict[str, Any] = {
    "name": "crm",
    "contract": "accounts",
    "reader": "csv",
    "path": "inbox/*",
    "columns": {"account_id": "id", "account_name": "name", "tier": "tier", "updated_at": "updated"},
}


class WorkspaceFolder:
    """A workspace under test: write files into it, load it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def load(self) -> Workspace:
        return load_workspace(self.folder)


WorkspaceFactory = Callable[..., WorkspaceFolder]


@pytest.fixture
def workspace_factory(tmp_path: Path) -> WorkspaceFactory:
    """Make a workspace: ``factory(sources=[...], files={name: content}, **other_settings)``.

    Without ``sources`` it has one, `ACCOUNTS_SOURCE`, changed by the settings in ``source``.
    """

    def make(
        *,
        sources: list[dict[str, Any]] | None = None,
        source: dict[str, Any] | None = None,
        files: dict[str, str | bytes] | None = None,
        folder: str = "workspace",
        **settings: Any,
    ) -> WorkspaceFolder:
        made = WorkspaceFolder(tmp_path / folder)
        made.folder.mkdir(exist_ok=True)
        limits = {"quiet_seconds": 0, "memory": "1GB", "threads": 2, **settings.pop("limits", {})}
        document = {
            "version": 1,
            "name": "Test company",
            "limits": limits,
            "sources": sources if sources is not None else [{**ACCOUNTS_SOURCE, **(source or {})}],
            **settings,
        }
        made.write("gapwatch.yml", yaml.safe_dump(document, allow_unicode=True, sort_keys=False))
        for name, content in (files or {}).items():
            made.write(name, content)
        return made

    return make
