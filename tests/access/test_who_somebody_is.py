"""From a login to a role: what fits is let in, and the first thing that does not is named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gapwatch.access.viewers import Person, RefusedError, Scope, local_person, person_of
from gapwatch.errors import UserError
from gapwatch.workspace import load_workspace

SETTINGS = """\
version: 1
name: Sample company
login:
  provider: https://login.example.com/.well-known/openid-configuration
  client_id: gapwatch
  client_secret: env:GAPWATCH_CLIENT_SECRET
  cookie_secret: env:GAPWATCH_COOKIE_SECRET
  address: https://gapwatch.example.com
  issuer: https://login.example.com
  claims: {tid: [ours]}
  email_domains: [example.com, partner.example]
people:
  S. Iyer: {emails: [s.iyer@example.com, Iyer@example.com]}
roles:
  leader: {members: [Ann@Example.com], may_see_names: true, may_act: true}
  north: {members: [north@example.com], clients: {tier: [S, A], region: North}}
  account_team: {claims: {groups: [account-managers]}, clients: {owner: self}, pages: [clients, client]}
  partner: {members: ['@partner.example'], pages: [quality]}
"""
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def claims(**changed: Any) -> dict[str, Any]:
    return {
        "iss": "https://login.example.com",
        "tid": "ours",
        "email": "ann@example.com",
        "email_verified": True,
        "iat": (NOW - timedelta(hours=1)).timestamp(),
        **changed,
    }


@pytest.fixture
def who(tmp_path: Path) -> Any:
    def _who(settings: str = SETTINGS, now: datetime = NOW, **changed: Any) -> Person:
        (tmp_path / "gapwatch.yml").write_text(settings, encoding="utf-8")
        ws = load_workspace(tmp_path)
        assert ws.login is not None
        return person_of(ws, ws.login, claims(**changed), now)

    return _who


def test_a_member_has_the_rights_of_the_role_whatever_the_case_of_the_address(who: Any) -> None:
    person = who(email=" ANN@example.COM")

    assert (person.email, person.role) == ("ann@example.com", "leader")
    assert person.viewer.scope.is_everything
    assert person.viewer.may_see_names
    assert person.may_act
    assert person.may_open("alerts")


def test_tier_and_region_of_a_role_are_the_scope_of_its_viewer(who: Any) -> None:
    person = who(email="north@example.com")

    assert person.viewer.scope == Scope(tiers=("A", "S"), regions=("North",), owners=None)
    assert not person.viewer.may_see_names
    assert not person.may_act


def test_owner_self_is_every_name_that_the_crm_has_for_the_person(who: Any) -> None:
    person = who(email="iyer@example.com", groups=["staff", "account-managers"])

    assert person.role == "account_team"
    assert person.viewer.scope.owners == ("S. Iyer",)
    assert not person.may_open("alerts")


def test_somebody_whom_people_does_not_know_never_sees_all_for_want_of_a_name(who: Any) -> None:
    with pytest.raises(RefusedError) as refused:
        who(email="new@example.com", groups="account-managers")

    assert refused.value.reason == "not_in_people"


def test_a_whole_domain_may_have_a_role_and_its_lookalikes_do_not(who: Any) -> None:
    assert who(email="x@partner.example").role == "partner"
    for address in ("x@evil-partner.example", "x@partner.example.evil.example", "x@a@partner.example"):
        with pytest.raises(RefusedError):
            who(email=address)


def test_the_first_role_of_the_file_that_fits_is_the_persons(who: Any) -> None:
    assert who(groups=["account-managers"]).role == "leader"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"iss": "https://login.evil.example"}, "wrong_issuer"),
        ({"iss": None}, "wrong_issuer"),
        ({"tid": "theirs"}, "wrong_tenant"),
        ({"tid": None}, "wrong_tenant"),
        ({"iat": (NOW - timedelta(hours=8)).timestamp()}, "expired"),
        ({"iat": None}, "expired"),
        ({"iat": True}, "expired"),
        ({"email": None}, "no_email"),
        ({"email": "ann"}, "no_email"),
        ({"email_verified": False}, "unverified_email"),
        ({"email_verified": None}, "unverified_email"),
        ({"email_verified": 1.5}, "unverified_email"),
        ({"email": "ann@elsewhere.example"}, "wrong_domain"),
        ({"email": "nobody@example.com"}, "no_role"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_reason(who: Any, changed: dict[str, Any], reason: str) -> None:
    with pytest.raises(RefusedError) as refused:
        who(**changed)

    assert refused.value.reason == reason


def test_without_the_need_of_a_verified_address_none_is_asked_for(who: Any) -> None:
    lenient = SETTINGS.replace("people:", "  needs_verified_email: false\npeople:")

    assert who(lenient, email_verified=None).role == "leader"


def test_on_this_machine_everything_is_seen_and_may_be_done() -> None:
    person = local_person()

    assert person.is_local
    assert person.viewer.scope.is_everything
    assert person.viewer.may_see_names
    assert person.may_act
    assert person.email.startswith("local:")


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ("client_secret: env:GAPWATCH_CLIENT_SECRET", "client_secret: hunter2hunter2", "env:NAME"),
        ("https://gapwatch.example.com", "http://gapwatch.example.com", "https://"),
        ("https://gapwatch.example.com", "gapwatch.example.com", "no web address"),
        ("[Ann@Example.com]", "[ann]", "neither an e-mail address"),
        ("[clients, client]", "[clients, customers]", "no page 'customers'"),
        ("may_act: true", "may_akt: true", "may_act"),
        ("email_domains: [example.com", "email_domains: ['@example.com'", "no domain"),
    ],
)
def test_a_mistaken_setting_is_named_and_a_secret_never_repeated(
    tmp_path: Path, wrong: str, right: str, said: str
) -> None:
    assert wrong in SETTINGS
    (tmp_path / "gapwatch.yml").write_text(SETTINGS.replace(wrong, right), encoding="utf-8")

    with pytest.raises(UserError) as caught:
        load_workspace(tmp_path)

    assert said in str(caught.value)
    assert "hunter2" not in str(caught.value)
