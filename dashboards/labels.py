"""Names of things in the viewer's language: dimensions, owners, contacts, filters, dates of renewal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from dashboards.rows import Client, Dimension, Filters
from dashboards.texts import NOTHING, Words, lower_first


class Labels:
    """Labels and definitions of the service dimensions in one language."""

    def __init__(self, dimensions: Sequence[Dimension], words: Words) -> None:
        self.words = words
        self.codes = [each.service_dimension for each in dimensions]
        self._rows = {each.service_dimension: each for each in dimensions}

    def of(self, code: str) -> str:
        """The label as it stands alone."""
        row = self._rows.get(code)
        if row is None:
            return code
        return (row.label_zh if self.words.language == "zh" else row.label_en) or code

    def within(self, code: str) -> str:
        """The label within a sentence."""
        return lower_first(self.of(code), self.words.language)

    def joined(self, codes: Sequence[str]) -> str:
        """Labels of dimensions that share first place."""
        separator = self.words.say(" and ")
        labels = [self.of(codes[0]), *(self.within(code) for code in codes[1:])] if codes else []
        return separator.join(labels)

    def definition(self, code: str) -> str | None:
        """What the dimension means."""
        row = self._rows.get(code)
        if row is None:
            return None
        return row.definition_zh if self.words.language == "zh" else row.definition_en

    def owner_role(self, code: str) -> str | None:
        """Which manager mends this dimension."""
        row = self._rows.get(code)
        return row.owner_role if row else None


def owner(client: Client, role: str | None, words: Words) -> str | None:
    """Who mends it: the manager of the dimension's role, else the account manager."""
    managers = {
        "account_manager": (client.account_manager, words.say("account manager")),
        "solution_manager": (client.solution_manager, words.say("solution manager")),
        "delivery_manager": (client.delivery_manager, words.say("delivery manager")),
        "channel_manager": (client.channel_manager, words.say("channel manager")),
    }
    for each in (role or "", "account_manager"):
        name, title = managers.get(each, (None, ""))
        if name:
            return words.say("{name} ({role})", name=name, role=title)
    return None


def filtered(filters: Filters, words: Words) -> str:
    """Which clients are in view, where not all are."""
    names = {"tier": words.say("tier"), "region": words.say("region"), "account_manager": words.say("owner")}
    return ", ".join(
        words.say("{name} {value}", name=names[cut], value=value) for cut, value in filters.chosen()
    )


def renewal(on: date | None, today: date, words: Words, *, exact: bool) -> str:
    """When the contract ends, or ended."""
    if on is None:
        return words.say("no renewal date") if exact else NOTHING
    day = words.day(on) if exact else words.month(on)
    return words.say("renews {day}", day=day) if on >= today else words.say("ended {day}", day=day)


def relationship(code: str | None, words: Words) -> str | None:
    """What a contact is to us, or None where nobody said."""
    known = {
        "key": words.say("key contact"),
        "general": words.say("general contact"),
        "organizational": words.say("organizational contact"),
    }
    return known.get(code or "")
