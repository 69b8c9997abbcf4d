"""Whole sentences of messages in the owner's language; the English sentence is the key of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from babel.dates import format_date

from gapwatch.catalogues import translations

CATALOGUES = Path(__file__).with_name("catalogue")
MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Phrases:
    """Sentences, numbers and dates in one language."""

    language: str = "en"

    def say(self, sentence: str, /, **values: object) -> str:
        """The sentence with its values put in."""
        return translations(CATALOGUES, self.language).gettext(sentence).format(**values)

    def number(self, value: float | None, decimals: int = 0) -> str:
        """A number with a true minus; nothing known is a dash, never 0."""
        if value is None:
            return "–"
        size = f"{abs(value):,.{decimals}f}"
        return f"{MINUS}{size}" if value < 0 and size.strip("0.,") else size

    def share(self, value: float | None) -> str:
        """A share from 0 to 1 in per cent."""
        return "–" if value is None else f"{value * 100:.0f} %"

    def day(self, value: str | None) -> str:
        """An ISO day or instant as a date: 15 Mar 2027."""
        if not value:
            return "–"
        day = datetime.fromisoformat(value).date() if len(value) > 10 else date.fromisoformat(value)
        pattern = "y年M月d日" if self.language == "zh" else "d MMM y"
        return format_date(day, pattern, locale=self.language)
