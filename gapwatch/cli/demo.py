"""``demo``, ``simulate`` and ``serve``: the sample company, and the screens."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gapwatch.cli import output
from gapwatch.cli.options import DebugOption, JsonOption, WorkspaceOption, load

Accounts = Annotated[int, typer.Option(min=1, help="Clients of the sample company.")]
Months = Annotated[int, typer.Option(min=1, help="Months of history.")]
Seed = Annotated[int, typer.Option(help="The same seed gives the same files.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the app."""
    app.command(rich_help_panel="Start")(demo)
    app.command(rich_help_panel="Start")(simulate)
    app.command(rich_help_panel="Look")(serve)


def demo(
    workspace: WorkspaceOption = Path("demo"),
    accounts: Accounts = 120,
    months: Months = 18,
    seed: Seed = 7,
    is_served: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Show the screens at the end.")
    ] = True,
    port: Port = 8501,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """The whole way on a simulated company: files, pipeline, summary, screens."""
    from gapwatch import demo as sample
    from gapwatch import pipeline
    from gapwatch import serve as server

    with output.progress() as bars:
        bars("simulate")
        sample.prepare(workspace, accounts=accounts, months=months, seed=seed, progress=bars)
        loaded = load(workspace)
        report = pipeline.run(loaded, progress=bars)
        sample.show_record(loaded, report, bars)
    if not is_served:
        output.finish(report)
    output.show(report)
    output.errors.print(f"Serving http://{server.ADDRESS}:{port}   stop with Ctrl-C", soft_wrap=True)
    raise typer.Exit(server.serve(loaded, port))


def simulate(
    workspace: WorkspaceOption = Path(),
    accounts: Accounts = 120,
    months: Months = 18,
    seed: Seed = 7,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Write the files that a simulated company's systems would export."""
    from gapwatch.simulate import simulate as write

    with output.progress() as bars:
        bars("simulate")
        report = write(workspace, accounts=accounts, months=months, seed=seed, progress=bars)
    output.finish(report)


def serve(
    workspace: WorkspaceOption = Path(),
    port: Port = 8501,
    address: Annotated[
        str, typer.Option(help="Address to listen on; another than this machine's needs `login`.")
    ] = "127.0.0.1",
    debug: DebugOption = False,
) -> None:
    """Show the screens: to this machine, or to who logs in where the workspace has a `login`."""
    from gapwatch import serve as server

    loaded = load(workspace)
    output.errors.print(
        f"Serving {loaded.login.address} to who logs in and has a role   stop with Ctrl-C"
        if loaded.login
        else f"Serving http://{address}:{port} to this machine alone, which sees everything: "
        "no login is configured   stop with Ctrl-C",
        soft_wrap=True,
    )
    raise typer.Exit(server.serve(loaded, port, address))
