"""``init``, ``status`` and ``doctor``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gapwatch.cli import output
from gapwatch.cli.options import DebugOption, JsonOption, WorkspaceOption, load


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the app."""
    app.command(rich_help_panel="Start")(init)
    app.command(rich_help_panel="Look")(status)
    app.command(rich_help_panel="Look")(doctor)


def init(
    workspace: WorkspaceOption = Path(),
    name: Annotated[str | None, typer.Option(help="Name of the workspace; default: the folder's.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing gapwatch.yml.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the proposal, write nothing.")] = False,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Propose a gapwatch.yml from the files in a folder."""
    from gapwatch.init import propose, write

    proposal = propose(workspace, name)
    if dry_run and not output.settings.json:
        typer.echo(proposal.text, nl=False)
        return
    if not dry_run:
        write(workspace, proposal, force=force)
    output.finish(proposal)


def status(workspace: WorkspaceOption = Path(), json: JsonOption = False, debug: DebugOption = False) -> None:
    """What is there: sources, batches, quarantine, the snapshot and its age."""
    from gapwatch.status import status as look

    output.finish(look(load(workspace)))


def doctor(workspace: WorkspaceOption = Path(), json: JsonOption = False, debug: DebugOption = False) -> None:
    """Check environment, workspace, mappings, disk and locks; every finding names its fix."""
    from gapwatch.doctor import examine

    with output.progress() as bars:
        bars("doctor")
        report = examine(workspace)
    output.finish(report)
