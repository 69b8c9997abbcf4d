"""The pages: their place in the address, their view, title and icon, in the order of the navigation."""

from __future__ import annotations

from dataclasses import dataclass

from dashboards.texts import Words


@dataclass(frozen=True)
class Entry:
    """A page. ``code`` is what roles name and addresses carry; ``view`` is its file under ``views/``."""

    code: str
    view: str
    title: str
    icon: str


def entries(words: Words) -> list[Entry]:
    """All pages; which of them somebody sees is their role's."""
    return [
        Entry("clients", "portfolio", words.say("Clients at risk"), ":material/warning:"),
        Entry("client", "client", words.say("Client"), ":material/apartment:"),
        Entry("felt", "felt", words.say("Felt and factual"), ":material/grid_view:"),
        Entry("alerts", "alerts", words.say("Alerts"), ":material/notifications:"),
        Entry("lost", "lost", words.say("Lost clients"), ":material/history:"),
        Entry("quality", "quality", words.say("Data quality"), ":material/fact_check:"),
        Entry("method", "method", words.say("Method"), ":material/menu_book:"),
    ]
