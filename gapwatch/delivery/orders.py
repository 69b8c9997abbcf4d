"""What the sender and its courier tell each other: a message in all its forms, and what a target answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

#: A pause asked for that is longer than a day is nonsense.
LONGEST_PAUSE_SECONDS = 86_400.0


@dataclass(frozen=True)
class Message:
    """One message in all forms, with the keys that keep a repeat from counting twice.

    ``chat`` and ``markdown`` are for services that may interpret what they show, the latter for those
    that take Markdown; ``text`` is for those that show it as it is.
    """

    key: str
    alert_key: str
    title: str
    chat_title: str
    text: str
    chat: str
    markdown: str
    html: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What one target answered.

    ``is_ok`` None: nobody knows. ``retry_after``: seconds the receiver asks to be left alone.
    """

    target: str
    is_ok: bool | None
    status: str
    error: str | None = None
    retry_after: float | None = None
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return asdict(self)


def retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Seconds that a Retry-After header asks for (RFC 9110, 10.2.3): a count or an HTTP date; else None."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_PAUSE_SECONDS)
    try:
        then = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError):
        return None
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    seconds = (then - (now or datetime.now(UTC))).total_seconds()
    return min(max(seconds, 0.0), LONGEST_PAUSE_SECONDS)
