"""Sending: what is in the outbox goes to its receivers. Any number of senders may run at once."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gapwatch import ledger as ledgers
from gapwatch.delivery import digest, outbox
from gapwatch.delivery.courier import Courier
from gapwatch.delivery.facts import contact_name
from gapwatch.delivery.messages import alert_message, digest_message
from gapwatch.delivery.orders import Message
from gapwatch.delivery.payloads import enclose, has_facts
from gapwatch.faults import fault_point
from gapwatch.ledger import Ledger

if TYPE_CHECKING:
    from gapwatch.workspace import Workspace

#: A channel that hangs this often in a row is left alone for the rest of a run.
MOST_HANGS = 2
LONGEST_NAP_SECONDS = 1.0


@dataclass
class SendReport:
    """What a run of the sender did: counts of messages, and what keeps others from going out."""

    digests: int = 0
    sent: int = 0
    retried: int = 0
    died: int = 0
    waiting: int = 0
    dead: int = 0
    problems: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return dict(vars(self))


def send(ws: Workspace, *, stay_seconds: float | None = None) -> SendReport:
    """Make the day's digests, and send what is due.

    Stays up to ``stay_seconds`` (default: ``delivery.stay_seconds``) for messages to be tried again; what
    is still waiting then goes with the next run. Raises what the ledger raises; a receiver's failure is no
    error but an outcome.
    """
    report = SendReport()
    with Ledger.of(ws) as ledger:
        enclose(ws, ledger)
        report.digests = digest.assemble(ws, ledger, ledgers.now())
        stay = ws.delivery.stay_seconds if stay_seconds is None else stay_seconds
        with Courier(ws.delivery.deadline_seconds) as courier:
            _Sender(ws, ledger, courier, report).run(time.monotonic() + stay)
        left = outbox.waiting(ledger)
        report.waiting, report.dead = left.open, left.dead
        report.problems += _unreachable(ws, ledger)
    return report


@dataclass
class _Sender:
    ws: Workspace
    ledger: Ledger
    courier: Courier
    report: SendReport
    hangs: Counter[str] = field(default_factory=Counter)
    name: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}")

    def run(self, until: float) -> None:
        """Send until nothing is left that becomes due in time."""
        while channels := self._channels():
            if not self.courier.is_up and outbox.waiting(self.ledger, channels).open:
                self.courier.start()
            fault_point("delivery.before_lease")
            parcel = outbox.lease(self.ledger, self.name, self.ws.delivery, ledgers.now(), channels)
            fault_point("delivery.after_lease")
            if parcel is not None:
                self._bring(parcel)
                continue
            left = outbox.waiting(self.ledger, channels)
            if not left.open or left.next_at is None:
                return
            pause = (left.next_at - ledgers.now()).total_seconds()
            if time.monotonic() + pause > until:
                return
            # Not longer, as another sender may be done with its row before its lease ends.
            time.sleep(min(max(pause, 0.01), LONGEST_NAP_SECONDS))

    def _bring(self, parcel: outbox.Parcel) -> None:
        settings = self.ws.delivery
        message = self._written(parcel)
        variable = self.ws.channels[parcel.channel].variable
        failed: str | None = None
        ended: str | None = None
        for outcome, is_last in self.courier.send(message, variable, parcel.confirmed, parcel.unknown):
            fault_point("delivery.after_send")
            if not outcome.is_ok and failed is None:
                failed = outcome.error or outcome.status
            self.hangs[parcel.channel] = self.hangs[parcel.channel] + 1 if outcome.is_ok is None else 0
            ended = outbox.record(
                self.ledger, parcel, self.name, outcome, failed, settings, ledgers.now(), is_last=is_last
            )
            fault_point("delivery.after_mark")
        if ended is None:
            # All had confirmed before the sender that told them died.
            ended = outbox.record(
                self.ledger, parcel, self.name, None, None, settings, ledgers.now(), is_last=True
            )
        self.report.sent += ended == "sent"
        self.report.retried += ended == "retry"
        self.report.died += ended == "dead"

    def _written(self, parcel: outbox.Parcel) -> Message:
        payload = parcel.payload
        if parcel.digest_on is None:
            if not has_facts(payload):
                # Raised since this sender began.
                payload = enclose(self.ws, self.ledger, parcel.delivery_id)[parcel.delivery_id]
            return alert_message(payload, parcel.key, _contact(self.ws, payload))
        members = payload["alerts"]
        known = {facts["contact_id"]: _contact(self.ws, facts) for facts in members}
        names = {contact: name for contact, name in known.items() if name}
        return digest_message(members, parcel.key, str(parcel.digest_on), payload["language"], names)

    def _channels(self) -> list[str]:
        """Channels whose address is there and that do not hang."""
        return [
            name
            for name, channel in self.ws.channels.items()
            if os.environ.get(channel.variable, "").strip() and self.hangs[name] < MOST_HANGS
        ]


def _contact(ws: Workspace, facts: dict[str, Any]) -> str | None:
    return contact_name(ws, facts["snapshot_id"], facts["contact_id"]) if facts["contact_id"] else None


def _unreachable(ws: Workspace, ledger: Ledger) -> list[str]:
    """Why rows wait that no sender takes: their channel is not in the workspace, or has no address."""
    problems = []
    for channel, count in outbox.open_by_channel(ledger).items():
        known = ws.channels.get(channel)
        if known is None:
            problems.append(
                f"{count} messages wait for the channel {channel!r}, which {ws.file.name} does not name"
            )
        elif not os.environ.get(known.variable, "").strip():
            problems.append(
                f"{count} messages wait for channels.{channel}.url: "
                f"the environment variable {known.variable} is not set"
            )
    return problems
