"""Addresses as apprise services, one target each, and one message brought to one of them.

This runs in the courier's child process alone (see ``courier``), the only one that ever reads an
address. Redirects are refused, the answers' status and Retry-After are read, apprise's own logs come
redacted. Apprise: https://github.com/caronc/apprise, version 2.2.
"""

from __future__ import annotations

import copy
import hashlib
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import apprise
import apprise.plugins.email.base as email_plugin
import requests
from apprise.plugins.custom_form import NotifyForm
from apprise.plugins.custom_json import NotifyJSON
from apprise.plugins.custom_xml import NotifyXML
from apprise.plugins.email.base import NotifyEmail
from apprise.utils.parse import parse_urls

from gapwatch.delivery.orders import Message, Outcome, retry_after
from gapwatch.delivery.redaction import Redactor

#: Lists in which plugins keep several receivers of one address.
_TARGET_LISTS = ("targets", "channels")


@dataclass(frozen=True)
class Target:
    """One receiver. ``name`` is stable and tells nothing secret: the kind of service and a short hash."""

    name: str
    service: Any


@dataclass
class _Answer:
    status: int | None = None
    retry_after: str | None = None
    error: str | None = None


def load_services() -> None:
    """Load all kinds of services; apprise does it with the first address, within that message's deadline."""
    apprise.Apprise.instantiate("json://localhost")


def targets(addresses: str, deadline: float) -> tuple[list[Target], int]:
    """The receivers behind an environment variable's text, and how many of its addresses are no good."""
    asset = apprise.AppriseAsset(
        app_id="Gapwatch",
        app_desc="Gapwatch",
        app_url="",
        # The pictures would be fetched from elsewhere by whoever reads the message.
        image_url_mask="",
        image_url_logo="",
        http_redirects=False,
        # The courier kills what takes too long; apprise would only stop waiting for it.
        service_timeout=0,
        storage_mode="memory",
    )
    found: list[Target] = []
    bad = 0
    # Apprise has no types for it.
    for address in parse_urls(addresses):  # type: ignore[no-untyped-call]
        service = apprise.Apprise.instantiate(address, asset=asset)
        if service is None:
            bad += 1
            continue
        # An address may ask for redirects and for repeats within one send: neither is given.
        service.redirects = False
        service.retry = 0
        if service.socket_read_timeout == apprise.URLBase.socket_read_timeout:
            service.socket_read_timeout = deadline
        found += [Target(_name(single), single) for single in _singles(service)]
    return found, bad


def deliver(message: Message, target: Target, redactor: Redactor) -> Outcome:
    """Send to one target; never raises. A send that apprise calls done is confirmed, nothing else is."""
    service = target.service
    title, body, form = _shaped(message, service)
    _mark(message, target)
    sender = apprise.Apprise(asset=service.asset)
    sender.add(service)
    began = time.monotonic()
    with _answers() as answer, _message_ids(message, target):
        try:
            result = sender.notify(body=body, title=title, body_format=form)
        except Exception as mistake:  # the plugin's own: the next try, or another plugin, may do
            kind = type(mistake).__name__
            return Outcome(target.name, False, kind, kind, None, time.monotonic() - began)
    seconds = time.monotonic() - began
    # ``status`` speaks of the whole call, which has one service; its own result carries the logs.
    of_service = result.results[0] if result.results else None
    if (
        result.status == apprise.AppriseResultStatus.SUCCESS
        and of_service is not None
        and of_service.attempts
        and of_service.attempts[-1].status == apprise.AppriseResultStatus.SUCCESS
    ):
        return Outcome(target.name, True, _status(answer, "confirmed"), None, None, seconds)
    said = " ".join(entry.message for entry in result.logs())
    error = "; ".join(filter(None, (answer.error, redactor.redact(said)))) or "refused"
    pause = retry_after(answer.retry_after) if answer.status in {429, 503} else None
    return Outcome(target.name, False, _status(answer, "failed"), error, pause, seconds)


def quiet_logs(redactor: Redactor) -> None:
    """Let nothing below WARNING out of apprise and what it uses, and redact what does come."""
    for name in ("apprise", "urllib3", "requests", "smtplib", "asyncio"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.WARNING)
        for known in [f for f in logger.filters if isinstance(f, Redactor)]:
            logger.removeFilter(known)
        logger.addFilter(redactor)


def _shaped(message: Message, service: Any) -> tuple[str, str, apprise.NotifyFormat]:
    formats = service._formats()
    if isinstance(service, NotifyEmail):
        return message.title, message.html, apprise.NotifyFormat.HTML
    if isinstance(service, NotifyJSON | NotifyXML | NotifyForm):
        return message.title, message.text, apprise.NotifyFormat.TEXT
    if apprise.NotifyFormat.MARKDOWN in formats:
        return message.chat_title, message.markdown, apprise.NotifyFormat.MARKDOWN
    # Several that say they take plain text show it as Markdown.
    return message.chat_title, message.chat, apprise.NotifyFormat.TEXT


def _mark(message: Message, target: Target) -> None:
    """Put the stable keys on the way that the service has for them."""
    service = target.service
    if isinstance(service, NotifyJSON | NotifyXML | NotifyForm):
        # Keys hold ids of the CRM, which may be any text; a header is ASCII.
        service.headers = {
            **service.headers,
            "Idempotency-Key": quote(message.key, safe=":._-"),
            "Alert-Key": quote(message.alert_key, safe=":._-"),
        }
        service.payload_extras = {**service.payload_extras, "alert_key": message.alert_key}
    if isinstance(service, NotifyJSON):
        service.payload_extras["alert"] = dict(message.facts)
    if isinstance(service, NotifyEmail):
        service.headers = {**service.headers, "Auto-Submitted": "auto-generated"}


@contextmanager
def _message_ids(message: Message, target: Target) -> Iterator[None]:
    # Apprise makes a new Message-ID for each try and takes none from outside; a mailbox can only tell a
    # repeat by an equal one.
    token = hashlib.sha256(f"{message.key} {target.name}".encode()).hexdigest()[:32]

    def stable(idstring: str | None = None, domain: str | None = None) -> str:
        return f"<{token}@{domain or 'gapwatch.invalid'}>"

    module: Any = email_plugin
    before = module.make_msgid
    module.make_msgid = stable
    try:
        yield
    finally:
        module.make_msgid = before


@contextmanager
def _answers() -> Iterator[_Answer]:
    """The newest answer over HTTP. No plugin tells its status or headers, so they are read below it."""
    answer = _Answer()
    session: Any = requests.Session
    send = session.send

    def listening(self: requests.Session, request: requests.PreparedRequest, **kwargs: Any) -> Any:
        kwargs["allow_redirects"] = False
        try:
            response: requests.Response = send(self, request, **kwargs)
        except requests.RequestException as error:
            answer.error = _WORDS.get(type(error).__name__, type(error).__name__)
            raise
        answer.status = response.status_code
        answer.retry_after = response.headers.get("Retry-After")
        if response.is_redirect:
            answer.error = "a redirect, which is not followed"
        return response

    session.send = listening
    try:
        yield answer
    finally:
        session.send = send


_WORDS = {
    "ConnectionError": "no connection, or it was closed",
    "ConnectTimeout": "no connection in time",
    "ReadTimeout": "no answer in time",
    "ChunkedEncodingError": "the answer broke off",
    "SSLError": "the certificate is not trusted",
}


def _status(answer: _Answer, otherwise: str) -> str:
    return f"HTTP {answer.status}" if answer.status is not None else otherwise


def _singles(service: Any) -> list[Any]:
    """The service once per receiver, so that each confirms, fails and is repeated by itself."""
    for name in _TARGET_LISTS:
        held = getattr(service, name, None)
        if isinstance(held, list | tuple) and len(held) > 1:
            singles = []
            for one in held:
                single = copy.copy(service)
                setattr(single, name, type(held)([one]))
                singles.append(single)
            return singles
    return [service]


def _name(service: Any) -> str:
    # With privacy the URL has its secrets masked; the hash keeps the rest out of ledger and screens.
    shown = f"{service.url(privacy=True)} {[getattr(service, name, None) for name in _TARGET_LISTS]}"
    return f"{service.service_name} {hashlib.sha256(shown.encode()).hexdigest()[:8]}"
