"""A workspace: the folder with ``gapwatch.yml`` and everything that belongs to one organisation."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, PrivateAttr, ValidationError, model_validator

from gapwatch import strict_yaml
from gapwatch.access.settings import KnownPerson, Login, Role
from gapwatch.alerts.settings import Alerts
from gapwatch.delivery.settings import Channel, Channels, Delivery
from gapwatch.did_you_mean import suggestion
from gapwatch.errors import UserError
from gapwatch.settings import SettingRow, explain, rows_of
from gapwatch.sources import AsOf, Options, Settings, Source, TextList, parse_instant

__all__ = [
    "Alerts",
    "AsOf",
    "Channel",
    "Delivery",
    "Limits",
    "Options",
    "Paths",
    "Role",
    "SettingRow",
    "Source",
    "Workspace",
    "load_workspace",
    "settings_rows",
]

FILE_NAME = "gapwatch.yml"
MEMORY_SIZE = r"^[1-9][0-9]*(\.[0-9]+)? ?([KMGT]i?B)$"


def _variable(value: object) -> object:
    # The value itself is never repeated: it may be the very address, with its password.
    if value is None or (isinstance(value, str) and re.fullmatch(r"env:[A-Za-z_][A-Za-z0-9_]*", value)):
        return value
    raise ValueError("ledger_url: has to be `env:NAME`, the environment variable that holds the address")


class Paths(Settings):
    """Where a workspace keeps its data, relative to its folder or absolute."""

    landing: str = Field(default="landing", description="Folder of the immutable batches.")
    warehouse: str = Field(default="warehouse.duckdb", description="The DuckDB file that is written to.")
    published: str = Field(default="published", description="Folder of the read-only snapshots.")
    ledger: str = Field(default="ledger.sqlite", description="SQLite file with runs, files seen and alerts.")
    ledger_url: Annotated[str | None, BeforeValidator(_variable)] = Field(
        default=None,
        description="`env:NAME`: variable with the ledger's PostgreSQL URL; null: `GAPWATCH_LEDGER_URL`, "
        "else the file.",
    )


class Limits(Settings):
    """What a run may use, and what a batch may look like."""

    memory: str = Field(default="4GB", pattern=MEMORY_SIZE, description="Most memory DuckDB uses.")
    threads: int = Field(default=2, ge=1, le=1024, description="Threads DuckDB uses.")
    temp_directory_size: str = Field(
        default="20GB", pattern=MEMORY_SIZE, description="Most disk to spill to."
    )
    max_rejected_share: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="Share of a batch's rows that may be quarantined (from 100 on).",
    )
    keep_snapshots: int = Field(default=5, ge=1, description="Published snapshots that are kept.")
    quiet_seconds: float = Field(
        default=1,
        ge=0,
        le=86_400,
        description="A file changed within these seconds is growing: not taken.",
    )
    max_file_bytes: int = Field(
        default=20_000_000_000, ge=1, description="Largest file that is read, in bytes, after decompression."
    )
    max_expansion: int = Field(
        default=200, ge=1, description="Most bytes that one compressed byte may become (files over 64 MiB)."
    )
    lock_wait_seconds: float = Field(default=600, ge=0, description="Wait for another run to finish writing.")
    volume_low: float = Field(
        default=0.1, ge=0, description="Hold a batch below this share of its usual size."
    )
    volume_high: float = Field(
        default=10, ge=1, description="Hold a batch above this multiple of its usual size."
    )
    volume_history: int = Field(default=8, ge=1, description="Batches that say what the usual size is.")


class Workspace(Settings):
    """All of ``gapwatch.yml``, checked, with paths resolved against the workspace's folder."""

    version: int = Field(ge=1, le=1, description="Version of this file's format: 1.")
    name: str = Field(min_length=1, max_length=200, description="Name of the organisation, for screens.")
    as_of: Annotated[datetime | None, BeforeValidator(parse_instant)] = Field(
        default=None,
        description="UTC instant or day (its start) that counts as now; null: newest known.",
    )
    roots: TextList = Field(
        default_factory=lambda: ["."], min_length=1, description="Folders that sources may read from."
    )
    paths: Paths = Field(default_factory=lambda: Paths(), description="Where data is kept.")
    limits: Limits = Field(default_factory=lambda: Limits(), description="What runs and batches may be.")
    vars: dict[str, Any] = Field(default_factory=dict, description="Overrides of the models' defaults.")
    roles: dict[str, Role] = Field(default_factory=dict, description="Groups of viewers by name.")
    people: dict[str, KnownPerson] = Field(
        default_factory=dict, description="People by the name that the CRM has for them."
    )
    login: Login | None = Field(
        default=None, description="How viewers prove who they are; null: only this machine is served."
    )
    channels: Channels = Field(default_factory=dict, description="Where alerts go, by name.")
    alerts: Alerts = Field(default_factory=lambda: Alerts(), description="What is raised, for whom.")
    delivery: Delivery = Field(default_factory=lambda: Delivery(), description="How alerts are sent.")
    sources: list[Source] = Field(default_factory=list, description="The sources, in any order.")

    _folder: Path = PrivateAttr(default_factory=Path.cwd)

    @model_validator(mode="after")
    def _unique_names(self) -> Self:
        seen: set[str] = set()
        for source in self.sources:
            if source.name in seen:
                raise ValueError(f"sources: the name {source.name!r} is used twice")
            seen.add(source.name)
        return self

    @model_validator(mode="after")
    def _known_channels(self) -> Self:
        named = {f"people.{name}": person.channels for name, person in self.people.items()}
        for where, channels in {**named, "alerts.default_channels": self.alerts.default_channels}.items():
            for channel in channels:
                if channel not in self.channels:
                    raise ValueError(
                        f"{where}: there is no channel {channel!r}{suggestion(channel, list(self.channels))}"
                    )
        return self

    @property
    def folder(self) -> Path:
        """The workspace's folder, absolute."""
        return self._folder

    @property
    def file(self) -> Path:
        """The settings file."""
        return self._folder / FILE_NAME

    @property
    def landing_path(self) -> Path:
        """Folder of the landed batches."""
        return self._folder / self.paths.landing

    @property
    def warehouse_path(self) -> Path:
        """The DuckDB file."""
        return self._folder / self.paths.warehouse

    @property
    def published_path(self) -> Path:
        """Folder of the snapshots."""
        return self._folder / self.paths.published

    @property
    def ledger_path(self) -> Path:
        """The SQLite ledger."""
        return self._folder / self.paths.ledger

    @property
    def seeds_path(self) -> Path:
        """Folder of the workspace's own seeds (it need not exist)."""
        return self._folder / "seeds"

    @property
    def state_path(self) -> Path:
        """Folder of locks, temporary files and logs: nothing in it is needed after a run."""
        return self._folder / ".gapwatch"

    @property
    def tmp_path(self) -> Path:
        """Folder of temporary files, on the workspace's own disk."""
        return self.state_path / "tmp"

    @property
    def root_paths(self) -> list[Path]:
        """Folders that sources may read from, absolute, links resolved."""
        return [(self._folder / root).resolve() for root in self.roots]

    def source(self, name: str) -> Source:
        """The source of that name. Raises `UserError` with a suggestion."""
        for source in self.sources:
            if source.name == name:
                return source
        raise UserError(
            f"There is no source {name!r}{suggestion(name, [s.name for s in self.sources])}",
            where=str(self.file),
            rule="source_known",
            next_step="gapwatch doctor",
        )


def load_workspace(path: str | Path) -> Workspace:
    """Read and check a workspace: its folder, or its ``gapwatch.yml``. Raises `UserError`."""
    given = Path(path)
    file = given if given.suffix in {".yml", ".yaml"} else given / FILE_NAME
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(
            f"There is no workspace: {file} does not exist",
            where=str(file),
            rule="workspace_exists",
            next_step=f"gapwatch init --workspace {given}",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"The workspace cannot be read: {error}",
            where=str(file),
            rule="workspace_readable",
            next_step=f"make {file} a readable UTF-8 file",
        ) from None
    document = strict_yaml.load(text, str(file))
    if not isinstance(document.data, dict):
        raise UserError(
            "The file has to be a mapping of settings, beginning with `version: 1`",
            where=str(file),
            rule="type",
            next_step=f"correct {file}, or start over with `gapwatch init`",
        )
    try:
        workspace = Workspace.model_validate(document.data)
    except ValidationError as error:
        raise explain(error, Workspace, document, str(file)) from None
    workspace._folder = file.parent.resolve()
    return workspace


def settings_rows() -> list[SettingRow]:
    """The one list of all settings, in the order of the file; help texts and the reference come from it."""
    return rows_of(Workspace)
