"""Which clients a page shows: owner, tier, region and week, kept in the address."""

from __future__ import annotations

import streamlit as st

from dashboards import filters
from dashboards.labels import filtered
from dashboards.markup import in_markdown
from dashboards.parts.common import week_choice
from dashboards.queries import shared
from dashboards.rows import Filters, Week
from dashboards.shell import Page

EVERY = "all"


def more_filters(page: Page) -> tuple[Filters, Week | None]:
    """Tier, region, owner and week behind one button; the week is None before one has ended."""
    with st.popover(_label(page), icon=":material/filter_list:"):
        return _clients(page), week_choice(page)


def client_filters(page: Page) -> Filters:
    """Tier, region and owner behind one button."""
    with st.popover(_label(page), icon=":material/filter_list:"):
        return _clients(page)


def _label(page: Page) -> str:
    n = sum(name in st.query_params for name in ("tier", "region", "owner"))
    return page.words.say("Filters ({n})", n=n) if n else page.words.say("Filters")


def _clients(page: Page) -> Filters:
    words, offered = page.words, shared.choices(page.snapshot)
    values = [
        filters.options(
            st.selectbox,
            title,
            [EVERY, *codes],
            name,
            words,
            {EVERY: words.say("All")} | dict(zip(codes, codes, strict=True)),
        )
        for name, title, codes in (
            ("owner", words.say("Account manager"), offered.owners),
            ("tier", words.say("Tier"), offered.tiers),
            ("region", words.say("Region"), offered.regions),
        )
    ]
    owner, tier, region = (None if value == EVERY else value for value in values)
    return Filters(tier=tier, region=region, owner=owner)


def nothing_matches(page: Page, chosen: Filters) -> None:
    """No client has what the filters ask for, and the way back."""
    words = page.words
    st.markdown(words.say("No active client has {filters}.", filters=in_markdown(filtered(chosen, words))))
    if st.button(words.say("Clear the filters"), icon=":material/filter_list_off:"):
        for name in ("tier", "region", "owner"):
            st.query_params.pop(name, None)
        st.rerun()
