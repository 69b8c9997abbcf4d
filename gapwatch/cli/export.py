"""``export``: a mart as CSV or Parquet."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gapwatch.cli import output
from gapwatch.cli.options import DebugOption, JsonOption, WorkspaceOption, load


class Format(StrEnum):
    """What is written."""

    CSV = "csv"
    PARQUET = "parquet"


def register(app: typer.Typer) -> None:
    """Add the command of this module to the app."""
    app.command(rich_help_panel="Look")(export)


def export(
    table: Annotated[
        str | None, typer.Argument(help="A mart; without one they are listed.", show_default=False)
    ] = None,
    workspace: WorkspaceOption = Path(),
    kind: Annotated[
        Format | None,
        typer.Option("--format", help="csv, safe in a spreadsheet, or parquet.", show_default="--out's end"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file.", show_default="standard output")
    ] = None,
    snapshot: Annotated[
        str | None, typer.Option("--snapshot", help="Its id.", show_default="the newest")
    ] = None,
    week: Annotated[
        datetime | None,
        typer.Option("--week", formats=["%Y-%m-%d"], help="Only the week that holds this day."),
    ] = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """A table of the published numbers as CSV or Parquet, to a file or to standard output."""
    from gapwatch import export as library

    published = load(workspace).published_path
    if table is None:
        output.finish(library.tables(published, snapshot))
    is_parquet = out is not None and out.suffix == ".parquet"
    report = library.export(
        published,
        table,
        out,
        kind=(kind or (Format.PARQUET if is_parquet else Format.CSV)).value,
        snapshot_id=snapshot,
        week_of=week.date() if week else None,
    )
    if out is not None:
        output.finish(report)
