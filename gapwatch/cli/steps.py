"""``run`` and its steps, each alone (``gate`` has its own module)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gapwatch.cli import output
from gapwatch.cli.options import DebugOption, JsonOption, WorkspaceOption, load

FullRefresh = Annotated[
    bool, typer.Option("--full-refresh", help="Build every week again, not only the stale ones.")
]
Backfill = Annotated[
    bool,
    typer.Option("--backfill", help="Old data is expected: unusual volume only warns, and no alert is sent."),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the app."""
    for command in (run, ingest, build, publish, notify):
        app.command(rich_help_panel="Pipeline")(command)


def run(
    workspace: WorkspaceOption = Path(),
    full_refresh: FullRefresh = False,
    backfill: Backfill = False,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """All steps: ingest, gate, build, publish, notify. A second run does only what is new."""
    from gapwatch import pipeline

    with output.progress() as bars:
        report = pipeline.run(load(workspace), full_refresh=full_refresh, backfill=backfill, progress=bars)
    output.finish(report)


def ingest(
    workspace: WorkspaceOption = Path(),
    source: Annotated[
        list[str] | None, typer.Option("--source", "-s", help="Only this source; may be given again.")
    ] = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Read new source files into immutable batches in the landing folder."""
    from gapwatch import pipeline

    with output.progress() as bars:
        report = pipeline.ingest(load(workspace), sources=source, progress=bars)
    output.finish(report)


def build(
    workspace: WorkspaceOption = Path(),
    full_refresh: FullRefresh = False,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Transform raw rows into marts, and test them (dbt)."""
    from gapwatch import pipeline

    with output.progress() as bars:
        report = pipeline.build(load(workspace), full_refresh=full_refresh, progress=bars)
    output.finish(report)


def publish(
    workspace: WorkspaceOption = Path(), json: JsonOption = False, debug: DebugOption = False
) -> None:
    """Check the marts and put them out as a new read-only snapshot."""
    from gapwatch import pipeline

    with output.progress() as bars:
        report = pipeline.publish(load(workspace), progress=bars)
    output.finish(report)


def notify(
    workspace: WorkspaceOption = Path(),
    backfill: Backfill = False,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Raise alerts from the published snapshot, and send what is due."""
    from gapwatch import pipeline

    with output.progress() as bars:
        report = pipeline.notify(load(workspace), backfill=backfill, progress=bars)
    output.finish(report)
