"""Who looks: from the claims of a login to a person with a role, or to the reason why not."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from gapwatch.access.settings import SELF

if TYPE_CHECKING:
    from gapwatch.access.settings import ClientFilter, Login, Role
    from gapwatch.workspace import Workspace

Reason = Literal[
    "not_logged_in",
    "no_login_configured",
    "broken_settings",
    "expired",
    "wrong_issuer",
    "wrong_tenant",
    "no_email",
    "unverified_email",
    "wrong_domain",
    "no_role",
    "not_in_people",
]
LOCAL_ROLE = "local"


@dataclass(frozen=True)
class Scope:
    """Which clients: each of the three is None (all) or the values that a client has to have one of."""

    tiers: tuple[str, ...] | None = None
    regions: tuple[str, ...] | None = None
    owners: tuple[str, ...] | None = None

    @property
    def is_everything(self) -> bool:
        """True where no client is left out."""
        return self.tiers is None and self.regions is None and self.owners is None


@dataclass(frozen=True)
class Viewer:
    """The rights that decide what a query returns; part of the key of every cached answer.

    Two people with the same rights share answers, and nobody else does: who they are is not in it.
    """

    scope: Scope
    may_see_names: bool


@dataclass(frozen=True)
class Person:
    """Somebody who was let in. ``owner_names`` is who they are in the CRM; ``pages`` None is all."""

    email: str
    role: str
    viewer: Viewer
    may_act: bool
    pages: tuple[str, ...] | None = None
    owner_names: tuple[str, ...] = ()
    is_local: bool = False

    def may_open(self, page: str) -> bool:
        """True where the person's role has the page."""
        return self.pages is None or page in self.pages


class RefusedError(Exception):
    """Somebody was not let in. ``detail`` is what a person may read of it: never a claim of others."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


def local_person() -> Person:
    """Who looks where no login is configured, which only this machine can: sees everything, may act."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        user = "nobody"
    return Person(
        email=f"{LOCAL_ROLE}:{user}",
        role=LOCAL_ROLE,
        viewer=Viewer(Scope(), may_see_names=True),
        may_act=True,
        is_local=True,
    )


def person_of(ws: Workspace, login: Login, claims: Mapping[str, Any], now: datetime) -> Person:
    """The person that a login's claims prove, with their role. ``now`` is UTC with its zone.

    Raises RefusedError with the first thing that does not fit.
    """
    if claims.get("iss") != login.issuer:
        raise RefusedError("wrong_issuer")
    if not _has_one_of_each(claims, login.claims):
        raise RefusedError("wrong_tenant")
    if not _is_fresh(login, claims, now):
        raise RefusedError("expired")
    email = claims.get(login.email_claim)
    if not isinstance(email, str) or email.strip().count("@") != 1:
        raise RefusedError("no_email")
    email = email.strip().casefold()
    # Some providers write the word; nothing but a yes is a yes.
    if login.needs_verified_email and claims.get("email_verified") not in (True, "true"):
        raise RefusedError("unverified_email", email)
    domain = email.rpartition("@")[2]
    if login.email_domains and domain not in {each.casefold() for each in login.email_domains}:
        raise RefusedError("wrong_domain", email)
    name, role = _role_of(ws, email, claims)
    owner_names = tuple(
        sorted(
            known
            for known, person in ws.people.items()
            if email in {address.strip().casefold() for address in person.emails}
        )
    )
    return Person(
        email=email,
        role=name,
        viewer=Viewer(_scope(role.clients, owner_names, email), role.may_see_names),
        may_act=role.may_act,
        pages=None if role.pages is None else tuple(role.pages),
        owner_names=owner_names,
    )


def expires_at(login: Login, claims: Mapping[str, Any]) -> datetime | None:
    """The instant from which a login is no longer good; None where it does not say when it was issued."""
    issued = claims.get("iat")
    if isinstance(issued, bool) or not isinstance(issued, int | float):
        return None
    return datetime.fromtimestamp(issued, UTC) + timedelta(hours=login.max_hours)


def _is_fresh(login: Login, claims: Mapping[str, Any], now: datetime) -> bool:
    until = expires_at(login, claims)
    return until is not None and now < until


def _has_one_of_each(claims: Mapping[str, Any], wanted: Mapping[str, list[str]]) -> bool:
    return all(_values(claims.get(name)) & set(values) for name, values in wanted.items())


def _values(claim: Any) -> set[str]:
    """A claim's values: one text, or a list of them, as groups are."""
    if isinstance(claim, str):
        return {claim}
    return {each for each in claim if isinstance(each, str)} if isinstance(claim, list) else set()


def _role_of(ws: Workspace, email: str, claims: Mapping[str, Any]) -> tuple[str, Role]:
    domain = f"@{email.rpartition('@')[2]}"
    for name, role in ws.roles.items():
        members = {member.casefold() for member in role.members}
        is_in_group = any(_values(claims.get(claim)) & set(values) for claim, values in role.claims.items())
        if email in members or domain in members or is_in_group:
            return name, role
    raise RefusedError("no_role", email)


def _scope(clients: ClientFilter, owner_names: tuple[str, ...], email: str) -> Scope:
    owners: tuple[str, ...] | None = None
    if clients.owner:
        named = {name for name in clients.owner if name != SELF}
        owners = tuple(sorted(named | set(owner_names if SELF in clients.owner else ())))
        if not owners:
            raise RefusedError("not_in_people", email)
    return Scope(
        tiers=tuple(sorted(clients.tier)) or None,
        regions=tuple(sorted(clients.region)) or None,
        owners=owners,
    )
