"""A test message through one channel: does its address work, and what do its receivers answer."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

from gapwatch.delivery.courier import Courier
from gapwatch.delivery.orders import Message, Outcome
from gapwatch.did_you_mean import suggestion
from gapwatch.errors import UserError

if TYPE_CHECKING:
    from gapwatch.workspace import Workspace


def try_out(ws: Workspace, channel: str) -> list[Outcome]:
    """Send a test message; what each receiver answered.

    Raises UserError for a channel that is not in the workspace, or whose address is not in the environment.
    """
    known = ws.channels.get(channel)
    if known is None:
        raise UserError(
            f"There is no channel {channel!r}{suggestion(channel, list(ws.channels))}",
            where=f"{ws.file}, key channels",
            rule="channel_known",
            next_step=f"add channels.{channel} to {ws.file}",
        )
    if not os.environ.get(known.variable, "").strip():
        raise UserError(
            f"The environment variable {known.variable} is not set",
            where=f"{ws.file}, key channels.{channel}.url",
            rule="channel_address",
            next_step=f"export {known.variable}=<an apprise URL>",
        )
    title = "Gapwatch: this channel works"
    text = "This is a test message of Gapwatch. There is nothing to do.\n"
    key = f"trial-{secrets.token_hex(8)}"
    message = Message(
        key=key,
        alert_key=key,
        title=title,
        chat_title=title,
        text=text,
        chat=text,
        markdown=text,
        html=f"<p>{text.strip()}</p>",
        facts={},
    )
    with Courier(ws.delivery.deadline_seconds) as courier:
        return [outcome for outcome, _ in courier.send(message, known.variable, (), ())]
