"""Options that several commands share, and the workspace they name."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gapwatch.cli import output

if TYPE_CHECKING:
    from gapwatch.workspace import Workspace


def _debug(value: bool) -> bool:
    if value:
        output.settings.debug = True
    return value


def _json(value: bool) -> bool:
    if value:
        output.settings.json = True
    return value


WorkspaceOption = Annotated[
    Path,
    typer.Option(
        "--workspace",
        "-w",
        envvar="GAPWATCH_WORKSPACE",
        help="Folder with gapwatch.yml and the data.",
        show_default="the current folder",
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print the report as JSON on standard output.", callback=_json)
]
DebugOption = Annotated[
    bool, typer.Option("--debug", help="Show the traceback of an error.", callback=_debug)
]
ActorOption = Annotated[
    str | None,
    typer.Option("--as", help="Who does it, for the audit.", show_default="the user of this machine"),
]


def actor(given: str | None) -> str:
    """Who does it, as ``--as`` says, else the user of this machine."""
    return (given or "").strip() or getpass.getuser()


def load(folder: Path) -> Workspace:
    """The validated workspace; raises UserError with the key and the line that is wrong."""
    from gapwatch.workspace import load_workspace

    return load_workspace(folder)
