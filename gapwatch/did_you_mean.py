"""Close matches of a misspelt name, for messages."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def close_names(wanted: str, names: Iterable[str], count: int = 3) -> list[str]:
    """Names that resemble ``wanted``, best first; upper and lower case and blanks count as alike."""
    by_form: dict[str, str] = {}
    for name in names:
        by_form.setdefault(_form(name), name)
    return [by_form[form] for form in get_close_matches(_form(wanted), list(by_form), n=count, cutoff=0.6)]


def suggestion(wanted: str, names: Iterable[str]) -> str:
    """``; did you mean 'x'?`` or an empty text."""
    found = close_names(wanted, names, 1)
    return f"; did you mean {found[0]!r}?" if found else ""


def _form(name: str) -> str:
    return " ".join(name.casefold().split())
