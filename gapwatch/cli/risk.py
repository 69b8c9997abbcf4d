"""``train`` and ``backtest``: the churn model, and the record of score and rules."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gapwatch.cli import output
from gapwatch.cli.options import DebugOption, JsonOption, WorkspaceOption, load
from gapwatch.errors import UserError

Table = Annotated[
    Path | None,
    typer.Option("--table", help="Try the model on a CSV or Parquet file instead: one row per client."),
]
Label = Annotated[
    str | None, typer.Option("--label", help="With --table: the column that is 1 for a lost client.")
]
Signs = Annotated[
    Path | None,
    typer.Option("--signs", help="With --table: CSV of feature, sign (1 or -1), reason."),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the app."""
    app.command(rich_help_panel="Risk")(train)
    app.command(rich_help_panel="Risk")(backtest)


def train(
    workspace: WorkspaceOption = Path(),
    table: Table = None,
    label: Label = None,
    signs: Signs = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Fit a churn model on the published weeks; it scores from the next build on, if it earns that."""
    if table is not None:
        from gapwatch.risk.table import train_on

        if label is None:
            raise UserError(
                "Which column tells a lost client?",
                where=str(table),
                rule="label",
                next_step=f"gapwatch train --table {table} --label <column>",
            )
        output.finish(train_on(table, label, signs))
    from gapwatch import pipeline

    with output.progress() as bars:
        report = pipeline.train(load(workspace), progress=bars)
    output.finish(report)


def backtest(
    workspace: WorkspaceOption = Path(),
    rule: Annotated[
        str | None,
        typer.Option("--rule", help="Only try this alert rule as the seed has it now; records nothing."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="Where the page with plots is written, as HTML.")
    ] = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Replay history as known then: how well score, model and alert rules would have told of the losses."""
    from gapwatch import pipeline

    loaded = load(workspace)
    if rule is not None:
        from gapwatch.risk.backtest import try_rule

        output.finish(try_rule(loaded, rule))
    with output.progress() as bars:
        found = pipeline.backtest(
            loaded, report or loaded.folder / "reports" / "backtest.html", progress=bars
        )
    output.finish(found)
