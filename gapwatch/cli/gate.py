"""``gate`` and ``gate repair``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gapwatch.cli import output
from gapwatch.cli.options import DebugOption, JsonOption, WorkspaceOption, load
from gapwatch.cli.steps import Backfill

gate_app = typer.Typer(invoke_without_command=True)


def register(app: typer.Typer) -> None:
    """Add ``gate`` and its sub-command to the app."""
    app.add_typer(gate_app, name="gate", rich_help_panel="Pipeline")


@gate_app.callback()
def gate(
    context: typer.Context,
    workspace: WorkspaceOption = Path(),
    backfill: Backfill = False,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Check landed batches and load what passes; `gate repair` replays rows after a fix."""
    if context.invoked_subcommand is not None:
        return
    from gapwatch import pipeline

    with output.progress() as bars:
        report = pipeline.gate(load(workspace), backfill=backfill, progress=bars)
    output.finish(report)


@gate_app.command()
def repair(
    workspace: WorkspaceOption = Path(),
    batch: Annotated[
        list[str] | None, typer.Option("--batch", "-b", help="Only this batch; may be given again.")
    ] = None,
    source: Annotated[str | None, typer.Option("--source", "-s", help="Only this source.")] = None,
    backfill: Backfill = False,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Replay quarantined rows and held batches with the mapping as it is now."""
    from gapwatch import pipeline

    with output.progress() as bars:
        report = pipeline.repair(
            load(workspace), batches=batch, source=source, backfill=backfill, progress=bars
        )
    output.finish(report)
