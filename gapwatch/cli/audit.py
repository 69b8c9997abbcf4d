"""``audit verify``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gapwatch.cli import output
from gapwatch.cli.options import DebugOption, JsonOption, WorkspaceOption, load

audit_app = typer.Typer(no_args_is_help=True, help="Who did what to alerts and judgements by hand.")


def register(app: typer.Typer) -> None:
    """Add ``audit`` and its sub-command to the app."""
    app.add_typer(audit_app, name="audit", rich_help_panel="Alerts")


@audit_app.command()
def verify(
    workspace: WorkspaceOption = Path(),
    expect: Annotated[
        str | None,
        typer.Option("--expect", help="A newest hash noted before: proves that nothing was cut off since."),
    ] = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Check that no event of the audit was changed, left out or put in (exit code 1 where one was)."""
    from gapwatch import audit
    from gapwatch.ledger import Ledger

    with Ledger.of(load(workspace)) as ledger, ledger.reading() as connection:
        report = audit.verify(connection, expect)
    output.finish(report)
