"""Settings of delivery: channels by name, their addresses only in the environment, and the patience."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from gapwatch.sources import Settings

_REFERENCE = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)")


def _reference(value: object) -> str:
    # The value itself is never repeated: it may be the very address that must not be written down.
    if not isinstance(value, str) or not _REFERENCE.fullmatch(value):
        raise ValueError("url: has to be `env:NAME`, the environment variable that holds the address")
    return value


def _mappings(value: Any) -> Any:
    # Said here because the usual complaint shows what was written, which may be an address.
    if not isinstance(value, dict) or not all(isinstance(channel, dict) for channel in value.values()):
        raise ValueError("channels: has to be a mapping of names to `{url: env:NAME}`")
    return value


class Channel(Settings):
    """One way to somebody: an address that apprise understands."""

    url: Annotated[str, BeforeValidator(_reference)] = Field(
        description="`env:NAME`: the environment variable with the address (apprise URLs)."
    )

    @property
    def variable(self) -> str:
        """The environment variable that holds the address."""
        return self.url.removeprefix("env:")


Channels = Annotated[dict[str, Channel], BeforeValidator(_mappings)]


class Delivery(Settings):
    """How long a receiver is waited for, and how often it is tried."""

    deadline_seconds: float = Field(
        default=20, ge=0.5, le=300, description="A receiver that has not confirmed by then is given up."
    )
    max_attempts: int = Field(
        default=8,
        ge=1,
        le=100,
        description="Tries before a message is dead (`gapwatch alerts dead`).",
    )
    first_wait_seconds: float = Field(
        default=30, ge=0, le=3600, description="Wait before the second try; doubled before each further one."
    )
    longest_wait_seconds: float = Field(
        default=3600,
        ge=0,
        le=86_400,
        description="Longest wait between tries; caps Retry-After too.",
    )
    stay_seconds: float = Field(
        default=60,
        ge=0,
        le=3600,
        description="How long `gapwatch notify` stays to try again.",
    )
