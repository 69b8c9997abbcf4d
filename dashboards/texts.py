"""Words on the screens: whole sentences per language, numbers and dates as leaders read them.

The English sentence in the code is the key; ``catalogue/<language>.po`` holds the others. Values
are put in after translation, so no language has to glue words together. Everything here is plain
text: whoever puts it on a page escapes it there (see ``markup``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

from babel.dates import format_date
from babel.numbers import format_compact_decimal

from gapwatch.catalogues import translations

LANGUAGES = {"en": "English", "zh": "中文"}
DEFAULT_LANGUAGE = "en"
CATALOGUES = Path(__file__).with_name("catalogue")
MINUS = "\N{MINUS SIGN}"
NOTHING = "–"  # stands where a number is unknown; an unknown number is never 0


@dataclass(frozen=True)
class Words:
    """Sentences, numbers and dates in one language (a key of ``LANGUAGES``).

    ``weeks`` is the length of the window the scores stand for; every sentence may name it, and so it may
    each of the ``thresholds`` the numbers were made with, by the name it has in the settings.
    """

    language: str = DEFAULT_LANGUAGE
    weeks: int = 13
    thresholds: Mapping[str, float] = field(default_factory=dict)

    def say(self, sentence: str, /, **values: object) -> str:
        """The sentence in this language with its values put in."""
        known = {**self._lines, "weeks": self.weeks, **values}
        return translations(CATALOGUES, self.language).gettext(sentence).format(**known)

    def count(self, one: str, many: str, /, n: int, **values: object) -> str:
        """The plural form of this language for ``n``, which is a value of the sentence too."""
        known = {**self._lines, "weeks": self.weeks, "n": self.integer(n), **values}
        return translations(CATALOGUES, self.language).ngettext(one, many, n).format(**known)

    def integer(self, value: int | None) -> str:
        """A count, with thousands set apart."""
        return NOTHING if value is None else f"{value:,}"

    def score(self, value: float | None, decimals: int = 0) -> str:
        """A score from 0 to 100."""
        return NOTHING if value is None else f"{value:.{decimals}f}"

    def signed(self, value: float | None, decimals: int = 0) -> str:
        """A gap or a change in points: always signed, a true minus, 0 without a sign."""
        if value is None:
            return NOTHING
        size = f"{abs(value):.{decimals}f}"
        if float(size) == 0:
            return "0"
        return f"{MINUS if value < 0 else '+'}{size}"

    def decimal(self, value: float | None, decimals: int) -> str:
        """A number that is no gap: a true minus, and no plus."""
        return self.signed(value, decimals).removeprefix("+")

    def points(self, value: float) -> str:
        """The size of a change in points, where a word already says its direction."""
        return f"{abs(value):.0f}"

    def share(self, value: float | None) -> str:
        """A share from 0 to 1 as per cent."""
        return NOTHING if value is None else f"{value:.0%}"

    def money(self, amount: float | None, currency: str | None) -> str:
        """An amount in its currency, in thousands or millions: EUR 120K."""
        if amount is None:
            return NOTHING
        digits = 1 if amount >= (1e4 if self.language == "zh" else 1e6) else 0
        shown = format_compact_decimal(amount, locale=self.language, fraction_digits=digits)
        return f"{currency} {shown}" if currency else shown

    def net(self, value: float | None) -> str:
        """Promoters less detractors, -1 to 1, in the usual hundredths: +33."""
        if value is None:
            return NOTHING
        size = f"{abs(value):.0%}".removesuffix("%")
        return size if size == "0" else f"{MINUS if value < 0 else '+'}{size}"

    def day(self, value: date | None) -> str:
        """A date: 15 Mar 2027."""
        return self._date(value, "d MMM y", "y年M月d日")

    def month(self, value: date | None) -> str:
        """A month: Mar 2027."""
        return self._date(value, "MMM y", "y年M月")

    def instant(self, value: datetime) -> str:
        """An instant in UTC, which it says."""
        return self.say("{day}, {time} UTC", day=self.day(value.date()), time=f"{value:%H:%M}")

    def age(self, since: datetime, until: datetime) -> str:
        """How long ago ``since`` was, seen from ``until``, in one unit."""
        minutes = max(0, int((until - since).total_seconds() // 60))
        if minutes < 60:
            return self.say("{n} min", n=minutes)
        if minutes < 24 * 60:
            return self.say("{n} h", n=minutes // 60)
        days = minutes // (24 * 60)
        if days < 730:
            return self.say("{n} d", n=days)
        return self.say("{n} y", n=days // 365)

    def days_ago(self, since: date, until: date) -> str:
        """Age of a day, in days: today, 18 d ago."""
        days = max(0, (until - since).days)
        return self.say("{n} d ago", n=days) if days else self.say("today")

    def threshold(self, value: float) -> str:
        """A threshold as it is written: whole, or with the two or three decimals it has."""
        if value == int(value):
            return self.decimal(value, 0)
        return self.decimal(value, 3).removesuffix("0")

    def seeded(self, text: str) -> str:
        """A text of the library's seeds in this language; as it is where the workspace wrote it."""
        return translations(CATALOGUES, self.language).gettext(text) if text else ""

    def filled(self, sentence: str) -> str:
        """A sentence that is in this language already, with the thresholds it names put in."""
        return sentence.format(**{**self._lines, "weeks": self.weeks})

    # Once for all sentences of a page: there are a thousand of them.
    @cached_property
    def _lines(self) -> dict[str, str]:
        return {name: self.threshold(value) for name, value in self.thresholds.items()}

    def _date(self, value: date | None, english: str, chinese: str) -> str:
        if value is None:
            return NOTHING
        pattern = chinese if self.language == "zh" else english
        return format_date(value, pattern, locale=self.language)


def lower_first(label: str, language: str) -> str:
    """A label within an English sentence; an abbreviation keeps its capitals."""
    if language != "en" or label[1:2].isupper():
        return label
    return label[:1].lower() + label[1:]
