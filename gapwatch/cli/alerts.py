"""``alerts``: list, show, and what people do with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gapwatch.cli import output
from gapwatch.cli.options import ActorOption, DebugOption, JsonOption, WorkspaceOption, actor, load

if TYPE_CHECKING:
    from gapwatch.ledger import Ledger
    from gapwatch.workspace import Workspace

alerts_app = typer.Typer(no_args_is_help=True, help="Look at alerts, and answer them.")

Alert = Annotated[str, typer.Argument(help="The alert's id, or the beginning of it.", show_default=False)]
Version = Annotated[
    int | None,
    typer.Option("--version", help="Only if the alert is still of this version, as `show` gave it."),
]
Reason = Annotated[str, typer.Option("--reason", help="Why; is kept.", show_default=False)]
Until = Annotated[
    datetime,
    typer.Option("--until", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"], help="UTC.", show_default=False),
]


@dataclass(frozen=True)
class AlertList:
    """Some alerts, and how many fit the filters in all."""

    alerts: list[dict[str, Any]]
    total: int

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {"alerts": self.alerts, "total": self.total}


def register(app: typer.Typer) -> None:
    """Add ``alerts`` and its sub-commands to the app."""
    app.add_typer(alerts_app, name="alerts", rich_help_panel="Alerts")


@alerts_app.command("list")
def list_alerts(
    workspace: WorkspaceOption = Path(),
    state: Annotated[
        str,
        typer.Option(
            help="open, all, or one of pending, sent, failed, acknowledged, snoozed, resolved, suppressed."
        ),
    ] = "open",
    owner: Annotated[str | None, typer.Option(help="Only this owner's.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only this kind.")] = None,
    account: Annotated[str | None, typer.Option(help="Only this account's.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Alerts, newest week and highest risk first."""
    from gapwatch.alerts import store

    with _ledger(workspace) as (_, ledger):
        page = store.find(ledger, store.Filters(state, owner, kind, account), limit=limit)
    output.finish(AlertList(page.alerts, page.total))


@alerts_app.command()
def show(
    alert: Alert, workspace: WorkspaceOption = Path(), json: JsonOption = False, debug: DebugOption = False
) -> None:
    """One alert: what was true, what was done by whom, which messages went out."""
    from gapwatch.alerts import store

    with _ledger(workspace) as (_, ledger):
        found = store.story(ledger, alert)
    if output.settings.json:
        output.finish(found)
    values = {**found.alert, "alert_key": None, "version": str(found.alert["version"])}
    events = [{key: event[key] for key in ("at", "actor", "action")} for event in found.events]
    sent = ("channel", "recipient", "state", "attempts", "next_attempt_at", "sent_at", "last_error")
    messages = [{key: row[key] for key in sent} for row in found.deliveries]
    output.finish(output.Answer({**values, "what was done": events, "messages": messages}))


@alerts_app.command()
def ack(
    alert: Alert,
    workspace: WorkspaceOption = Path(),
    note: Annotated[str | None, typer.Option(help="What you are going to do.")] = None,
    by: ActorOption = None,
    version: Version = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Say that you have taken it up."""
    from gapwatch.alerts import actions

    with _ledger(workspace) as (_, ledger):
        changed = actions.acknowledge(ledger, alert, actor=actor(by), version=version, note=note)
    _done(changed)


@alerts_app.command()
def snooze(
    alert: Alert,
    until: Until,
    reason: Reason,
    workspace: WorkspaceOption = Path(),
    by: ActorOption = None,
    version: Version = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Leave it aside until a day, for a reason."""
    from gapwatch.alerts import actions

    with _ledger(workspace) as (_, ledger):
        changed = actions.snooze(ledger, alert, actor=actor(by), until=until, reason=reason, version=version)
    _done(changed)


@alerts_app.command()
def resolve(
    alert: Alert,
    outcome: Annotated[
        str,
        typer.Option(help="confirmed, not_confirmed, saved, lost or duplicate.", show_default=False),
    ],
    cause: Annotated[str, typer.Option(help="What it was, in a sentence.", show_default=False)],
    workspace: WorkspaceOption = Path(),
    note: Annotated[str | None, typer.Option(help="Whatever else is worth keeping.")] = None,
    by: ActorOption = None,
    version: Version = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Close the case: its cause, and how it ended."""
    from gapwatch.alerts import actions

    with _ledger(workspace) as (_, ledger):
        changed = actions.resolve(
            ledger, alert, actor=actor(by), outcome=outcome, cause=cause, note=note, version=version
        )
    _done(changed)


@alerts_app.command()
def assign(
    alert: Alert,
    to: Annotated[str, typer.Option("--to", help="Name as in the CRM.", show_default=False)],
    workspace: WorkspaceOption = Path(),
    by: ActorOption = None,
    version: Version = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Give it to somebody else, who is told."""
    from gapwatch.alerts import actions

    with _ledger(workspace) as (ws, ledger):
        changed = actions.assign(ws, ledger, alert, actor=actor(by), owner=to, version=version)
    _done(changed)


@alerts_app.command()
def mute(
    account: Annotated[str, typer.Argument(help="The account's id.", show_default=False)],
    until: Until,
    reason: Reason,
    workspace: WorkspaceOption = Path(),
    dimension: Annotated[str, typer.Option(help="Only this service dimension.", show_default="all")] = "",
    by: ActorOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Raise no alerts of an account until a day, for a reason."""
    from gapwatch.alerts import overrides

    with _ledger(workspace) as (_, ledger):
        made = overrides.make(
            ledger,
            account_id=account,
            kind=overrides.MUTE,
            reason=reason,
            expires_on=until.date(),
            actor=actor(by),
            service_dimension=dimension,
        )
    output.finish(output.Answer(made))


@alerts_app.command()
def unmute(
    override: Annotated[str, typer.Argument(help="Its id, as `overrides` lists it.", show_default=False)],
    workspace: WorkspaceOption = Path(),
    by: ActorOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """End a judgement by hand before its time."""
    from gapwatch.alerts import overrides

    with _ledger(workspace) as (_, ledger):
        overrides.revoke(ledger, override, actor=actor(by))
    output.finish(output.Answer({"revoked": override}))


@alerts_app.command("overrides")
def list_overrides(
    workspace: WorkspaceOption = Path(), json: JsonOption = False, debug: DebugOption = False
) -> None:
    """Judgements by hand that count today, with their reasons and ends."""
    from gapwatch.alerts import overrides
    from gapwatch.ledger import now

    with _ledger(workspace) as (_, ledger), ledger.reading() as connection:
        output.finish(output.Answer({"overrides": overrides.in_force(connection, now().date())}))


@contextmanager
def _ledger(folder: Path) -> Iterator[tuple[Workspace, Ledger]]:
    from gapwatch.ledger import Ledger

    ws = load(folder)
    with Ledger.of(ws) as ledger:
        yield ws, ledger


def _done(alert: dict[str, Any]) -> None:
    if output.settings.json:
        output.finish(output.Answer({"alert": alert}))
    output.finish(AlertList([alert], 1))
