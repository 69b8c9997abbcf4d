"""Secrets out of every text that leaves a channel: addresses, tokens and passwords become ``***``."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from urllib.parse import quote, unquote, urlsplit

MASK = "***"
#: Shorter pieces of an address are words; only a password is hidden whatever its length.
SHORTEST_TOKEN = 5
LONGEST_ERROR = 300
_SEPARATORS = re.compile(r"[\s/?&=@:;,+#|<>()\[\]{}\"']+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


class Redactor(logging.Filter):
    """Hides what an address is made of; also a logging filter, which redacts every record."""

    def __init__(self, addresses: Iterable[str]) -> None:
        super().__init__()
        pieces = {piece for address in addresses for piece in _pieces(address)}
        # Longest first: a token inside a longer one would leave the rest of it legible.
        longest_first = sorted(pieces, key=lambda piece: (-len(piece), piece))
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if pieces else None

    def redact(self, text: object) -> str:
        """One line without secrets and control characters, at most 300 characters."""
        line = _CONTROL.sub(" ", str(text)).strip()
        if self._pattern is not None:
            line = self._pattern.sub(MASK, line)
        return line if len(line) <= LONGEST_ERROR else line[: LONGEST_ERROR - 1] + "…"

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record; it is always kept."""
        record.msg, record.args = self.redact(record.getMessage()), None
        record.exc_info = record.exc_text = record.stack_info = None
        return True


def _pieces(address: str) -> set[str]:
    address = address.strip()
    if not address:
        return set()
    rest = address.split("://", 1)[-1]
    tokens = [token for token in _SEPARATORS.split(rest) if len(token) >= SHORTEST_TOKEN]
    try:
        password = urlsplit(address).password
    except ValueError:
        password = None
    whole = [address, rest, *tokens, *([password] if password else [])]
    return {form for text in whole for form in (text, unquote(text), quote(unquote(text), safe="")) if form}
