"""``alerts dead``, ``resend`` and ``try``: messages that did not arrive, and whether a channel works."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gapwatch.cli import output
from gapwatch.cli.options import ActorOption, DebugOption, JsonOption, WorkspaceOption, actor, load


def register(alerts_app: typer.Typer) -> None:
    """Add the commands of this module to ``alerts``."""
    alerts_app.command()(dead)
    alerts_app.command()(resend)
    alerts_app.command("try")(try_channel)


def dead(workspace: WorkspaceOption = Path(), json: JsonOption = False, debug: DebugOption = False) -> None:
    """Messages that were given up after the last try, each with its last error."""
    from gapwatch.delivery import dead_letters
    from gapwatch.ledger import Ledger

    with Ledger.of(load(workspace)) as ledger:
        rows = dead_letters.dead(ledger)
    if output.settings.json:
        output.finish(output.Answer({"dead": rows}))
    shown = ("delivery_id", "alert_id", "digest_on", "recipient", "channel", "attempts", "last_error")
    lines = [{name: row[name] if row[name] is not None else "" for name in shown} for row in rows]
    output.finish(
        output.Answer({"dead": lines or "none", "next": "gapwatch alerts resend --all" if rows else None})
    )


def resend(
    deliveries: Annotated[
        list[str] | None, typer.Argument(help="Ids, as `dead` lists them.", show_default=False)
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All dead messages.")] = False,
    workspace: WorkspaceOption = Path(),
    by: ActorOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Have dead messages sent again with the next `gapwatch notify`, to those who have not confirmed."""
    from gapwatch.delivery import dead_letters
    from gapwatch.ledger import Ledger

    with Ledger.of(load(workspace)) as ledger:
        revived = dead_letters.resend(ledger, None if every else deliveries or [], actor(by))
    output.finish(output.Answer({"to be sent again": revived, "next": "gapwatch notify"}))


def try_channel(
    channel: Annotated[str, typer.Argument(help="Name of a channel.", show_default=False)],
    workspace: WorkspaceOption = Path(),
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Send a test message through a channel, and tell what each of its receivers answered."""
    from gapwatch.delivery.trial import try_out

    outcomes = try_out(load(workspace), channel)
    answers = [
        {
            "receiver": outcome.target or "–",
            "confirmed": "yes" if outcome.is_ok else "unknown" if outcome.is_ok is None else "no",
            "answer": outcome.status,
            "error": outcome.error or "",
            "seconds": f"{outcome.seconds:.1f}",
        }
        for outcome in outcomes
    ]
    is_fine = bool(outcomes) and all(outcome.is_ok for outcome in outcomes)
    output.finish(output.Answer({"channel": channel, "receivers": answers}, 0 if is_fine else 2))
