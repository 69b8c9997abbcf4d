"""Whose alert it is: a role, resolved to a person and to the channels that reach them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gapwatch.alerts.rules import Rule

if TYPE_CHECKING:
    from gapwatch.workspace import Workspace

ACCOUNT_MANAGER = "account_manager"
#: Roles that a client account names somebody for, in its contract.
ACCOUNT_ROLES = (ACCOUNT_MANAGER, "solution_manager", "delivery_manager", "channel_manager")
#: Stands for the person where nobody is found, in the outbox and on screens.
NOBODY = "nobody"


@dataclass(frozen=True)
class Owner:
    """Who is told. ``is_fallback``: not the one whose role it is, because nobody is named for that role."""

    role: str
    person: str | None
    is_fallback: bool
    channels: tuple[str, ...]
    is_digest: bool
    language: str


def owner_of(ws: Workspace, role: str | None, rule: Rule | None, managers: Mapping[str, str | None]) -> Owner:
    """Resolve a role: the account's manager, else who the workspace names for it, else a fallback.

    ``managers`` is role -> person of the account as newest known, empty for a source. The fallback is the
    account manager, then ``alerts.default_owner``, then nobody, who is reached by the default channels.
    """
    wanted = role or (rule.owner_role if rule else None) or ACCOUNT_MANAGER
    person = managers.get(wanted) or ws.alerts.owners.get(wanted)
    is_fallback = not person
    if not person:
        person = managers.get(ACCOUNT_MANAGER) or ws.alerts.default_owner
    return named(ws, person, role=wanted, is_fallback=is_fallback)


def named(ws: Workspace, person: str | None, *, role: str, is_fallback: bool = False) -> Owner:
    """A person as an owner, with the channels that the workspace names for them."""
    known = ws.people.get(person) if person else None
    channels = (known.channels if known else []) or ws.alerts.default_channels
    return Owner(
        role=role,
        person=person,
        is_fallback=is_fallback,
        channels=tuple(dict.fromkeys(channels)),
        is_digest=known is not None and known.digest == "daily",
        language=known.language if known else "en",
    )


def gaps(
    ws: Workspace, accounts: Mapping[str, Mapping[str, str | None]], roles: set[str]
) -> Iterator[tuple[str, str]]:
    """What would keep an alert from reaching its owner: sentences, each with its fix.

    ``accounts`` is account -> role -> person; ``roles`` are those that the rules and dimensions name.
    """
    people: set[str] = set()
    for role in sorted(roles & set(ACCOUNT_ROLES)):
        missing = sum(1 for managers in accounts.values() if not managers.get(role))
        people |= {str(managers[role]) for managers in accounts.values() if managers.get(role)}
        if missing and not ws.alerts.owners.get(role):
            yield (
                f"{missing} of {len(accounts)} accounts have no {role}: {_fallback(ws, role)}",
                f"name one in the CRM, or set alerts.owners.{role} in gapwatch.yml",
            )
    for role in sorted(roles - set(ACCOUNT_ROLES)):
        if not ws.alerts.owners.get(role):
            yield (
                f"nobody is named for the role {role}: {_fallback(ws, role)}",
                f"set alerts.owners.{role} in gapwatch.yml",
            )
    people |= {*ws.alerts.owners.values(), *([ws.alerts.default_owner] if ws.alerts.default_owner else [])}
    silent = sorted(person for person in people if not named(ws, person, role="").channels)
    if silent:
        shown = ", ".join(silent[:3]) + (f" and {len(silent) - 3} more" if len(silent) > 3 else "")
        yield (
            f"no channel reaches {len(silent)} owners ({shown}): their alerts stand on the screen only",
            "name channels in gapwatch.yml, then people.<name>.channels or alerts.default_channels",
        )


def _fallback(ws: Workspace, role: str) -> str:
    if role in ACCOUNT_ROLES and role != ACCOUNT_MANAGER:
        return "the account manager gets their alerts"
    if ws.alerts.default_owner:
        return f"{ws.alerts.default_owner} gets their alerts"
    return "nobody gets their alerts"
