"""``report``: the board paper."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gapwatch.cli import output
from gapwatch.cli.options import DebugOption, JsonOption, WorkspaceOption, load


class Language(StrEnum):
    """What the paper is written in."""

    EN = "en"
    ZH = "zh"


def register(app: typer.Typer) -> None:
    """Add the command of this module to the app."""
    app.command(rich_help_panel="Look")(report)


def report(
    workspace: WorkspaceOption = Path(),
    account: Annotated[
        str | None, typer.Option(help="Only this client, by its id.", show_default="all clients")
    ] = None,
    language: Annotated[Language, typer.Option("--lang", help="English or Chinese.")] = Language.EN,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="The HTML file.", show_default="report.html"),
    ] = None,
    with_pdf: Annotated[bool, typer.Option("--pdf", help="A PDF beside it, printed by Chromium.")] = False,
    snapshot: Annotated[
        str | None, typer.Option("--snapshot", help="Its id.", show_default="the newest")
    ] = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """The board paper on all clients or on one: one HTML file, everything in it, for screen and A4."""
    from gapwatch import report as library

    written = library.report(
        load(workspace),
        out,
        account=account,
        language=language.value,
        snapshot_id=snapshot,
        with_pdf=with_pdf,
    )
    output.finish(written)
