"""The command line: ``gapwatch``.

Commands only read options, call one function of the library and print its report. What is heavy to
import is imported inside the command that needs it.
"""

from __future__ import annotations

import sys

import typer

from gapwatch.cli import alerts, audit, delivery, demo, export, gate, report, risk, steps, workspace
from gapwatch.cli.output import fail
from gapwatch.errors import GapwatchError

EPILOG = """
**Exit codes**

0 done · 10 done, with rows quarantined or waiting · 11 done, with a batch held ·
2 user error: settings, usage, or another process holds the lock · 1 internal error ·
12 out of disk or memory, or the disk fails.

An error is one paragraph: what, where, the rule, the next command; `--debug` adds the traceback.
The workspace is `--workspace`, else `GAPWATCH_WORKSPACE`, else the folder you are in.
"""

app = typer.Typer(
    name="gapwatch",
    help="Satisfaction = perception - expectation, watched for every client.",
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
demo.register(app)
workspace.register(app)
steps.register(app)
gate.register(app)
risk.register(app)
alerts.register(app)
delivery.register(alerts.alerts_app)
audit.register(app)
export.register(app)
report.register(app)


@app.callback(invoke_without_command=True)
def _global(
    version: bool = typer.Option(False, "--version", help="Show the version and stop.", is_eager=True),
) -> None:
    if version:
        from gapwatch import __version__

        typer.echo(f"gapwatch {__version__}")
        raise typer.Exit


def main() -> None:
    """Entry point of the console script; ends the process with a documented exit code."""
    try:
        app()
    except GapwatchError as error:
        sys.exit(fail(error))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader of a pipe went away (``| head``): nothing is left to say, and nobody to say it to.
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:  # the border to the user: anything else is ours, and said so
        sys.exit(fail(error))
