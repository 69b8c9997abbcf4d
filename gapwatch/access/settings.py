"""Settings of roles and login. Secrets are named, never written: ``env:NAME``."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, field_validator

from gapwatch.sources import Settings, TextList

#: The pages that a role may be limited to, by their place in the address.
PAGES = ("clients", "client", "felt", "alerts", "lost", "quality", "method")
#: In a filter by owner: whoever looks, by the names of the CRM that ``people`` gives them.
SELF = "self"
#: Set in the environment of a server that was started with a login.
NEEDS_LOGIN = "GAPWATCH_NEEDS_LOGIN"
LOOPBACK = ("localhost", "127.0.0.1", "::1")

_MEMBER = re.compile(r"[^@\s]*@[^@\s.]+(\.[^@\s.]+)+")


def _reference(value: object) -> str:
    # The value itself is never repeated: it may be the very secret that must not be written down.
    if not isinstance(value, str) or not re.fullmatch(r"env:[A-Za-z_][A-Za-z0-9_]*", value):
        raise ValueError("a secret is `env:NAME`, the environment variable that holds it")
    return value


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError(f"{value!r} is no web address")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError(f"{value!r} has to begin with https:// (http:// only on this machine)")
    return value.rstrip("/")


Secret = Annotated[str, BeforeValidator(_reference)]
WebAddress = Annotated[str, AfterValidator(_web_address)]


class ClientFilter(Settings):
    """Which clients a role sees; a client has to fit everything that is given."""

    tier: TextList = Field(default=[], description="Only clients of these tiers; none: all.")
    region: TextList = Field(default=[], description="Only clients of these regions; none: all.")
    owner: TextList = Field(
        default=[],
        description="Only clients that these names of the CRM look after; `self`: whoever looks; none: all.",
    )


class Role(Settings):
    """What a group of viewers may see. The first role of the file that fits a person is theirs."""

    members: TextList = Field(
        default=[], description="E-mail addresses, or `@example.com` for everybody of a domain."
    )
    claims: dict[str, TextList] = Field(
        default_factory=dict,
        description="Claims of the login that make somebody a member too: one of the values is enough.",
    )
    pages: TextList | None = Field(
        default=None, description=f"Pages of this role ({', '.join(PAGES)}); null: all."
    )
    clients: ClientFilter = Field(
        default_factory=lambda: ClientFilter(), description="Which clients this role sees."
    )
    may_see_names: bool = Field(default=False, description="Names, e-mail addresses and comments.")
    may_act: bool = Field(default=False, description="Answer alerts: acknowledge, snooze, assign, resolve.")

    @field_validator("members")
    @classmethod
    def _addresses(cls, members: list[str]) -> list[str]:
        for member in members:
            if not _MEMBER.fullmatch(member):
                raise ValueError(f"members: {member!r} is neither an e-mail address nor `@` and a domain")
        return members

    @field_validator("pages")
    @classmethod
    def _known_pages(cls, pages: list[str] | None) -> list[str] | None:
        for page in pages or []:
            if page not in PAGES:
                raise ValueError(f"pages: there is no page {page!r}; pages are {', '.join(PAGES)}")
        return pages


class Login(Settings):
    """OpenID Connect: who asks for the screens proves who they are at a provider."""

    provider: WebAddress = Field(
        description="Address of the provider's metadata: `https://.../.well-known/openid-configuration`."
    )
    client_id: str = Field(min_length=1, description="What the provider calls this application.")
    client_secret: Secret = Field(description="`env:NAME`: the variable with the client's secret.")
    cookie_secret: Secret = Field(
        description="`env:NAME`: the variable with a long random text that signs the login's cookie."
    )
    address: WebAddress = Field(
        description="Where people open the screens; the provider sends them back to `/oauth2callback` there."
    )
    issuer: str = Field(min_length=1, description="The `iss` that a login has to carry.")
    claims: dict[str, TextList] = Field(
        default_factory=dict,
        description="Claims that a login has to carry with one of the values, such as the tenant (`tid`).",
    )
    email_domains: TextList = Field(
        default=[], description="Domains an e-mail address may be of; none: any that has a role."
    )
    email_claim: str = Field(default="email", min_length=1, description="Claim with the e-mail address.")
    needs_verified_email: bool = Field(
        default=True,
        description="Ask for `email_verified`; false only where the issuer gives no address to strangers.",
    )
    scope: str = Field(default="openid profile email", description="What is asked of the provider.")
    max_hours: float = Field(
        default=8, gt=0, le=24 * 30, description="A login is good for so long after it was issued."
    )

    @field_validator("email_domains")
    @classmethod
    def _domains(cls, domains: list[str]) -> list[str]:
        for domain in domains:
            if "@" in domain or "." not in domain:
                raise ValueError(f"email_domains: {domain!r} is no domain; one is written `example.com`")
        return domains

    @property
    def host(self) -> str:
        """The name that people reach the screens by."""
        return urlsplit(self.address).hostname or ""

    def variable(self, secret: str) -> str:
        """The environment variable behind ``client_secret`` or ``cookie_secret``."""
        return str(getattr(self, secret)).removeprefix("env:")


class KnownPerson(Settings):
    """Somebody whom the CRM names as an owner."""

    emails: TextList = Field(
        default=[], description="E-mail addresses they log in with: what `owner: self` goes by."
    )
    channels: TextList = Field(
        default=[], description="Channels their alerts go to, each is used; empty: `default_channels`."
    )
    digest: Literal["never", "daily"] = Field(
        default="never", description="`daily`: one message a day instead of one per alert."
    )
    language: Literal["en", "zh"] = Field(default="en", description="Language of their messages.")
