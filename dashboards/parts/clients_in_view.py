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
    """Owner, tier, region and week from the address, chosen in a popover."""
    words = page.words
    offered = shared.choices(page.snapshot)
    asked = {
        name: st.query_params.get(name) for name in ("tier", "region", "owner") if name in st.query_params
    }
    label = words.say("Filters ({n})", n=len(asked)) if asked else words.say("Filters")
    with st.popover(label, icon=":material/filter_list:"):
        values = {
            name: filters.options(
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
        }
        week = week_choice(page)
    picked = {name: None if value == EVERY else value for name, value in values.items()}
    return Filters(tier=picked["tier"], region=picked["region"], owner=picked["owner"]), week


def nothing_matches(page: Page, chosen: Filters) -> None:
    """No client has what the filters ask for, and the way back."""
    words = page.words
    st.markdown(words.say("No active client has {filters}.", filters=in_markdown(filtered(chosen, words))))
    if st.button(words.say("Clear the filters"), icon=":material/filter_list_off:"):
        for name in ("tier", "region", "owner"):
            st.query_params.pop(name, None)
        st.rerun()
