"""What the address says: language, snapshot and filters, by code and never by label.

Top navigation and the logo drop parameters: what is meant to last is remembered for the session
and written back at the start of a page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlencode

import streamlit as st

from dashboards.texts import DEFAULT_LANGUAGE, LANGUAGES, Words

LASTING = ("lang", "snapshot")


def language() -> str:
    """The language the address asks for, or the one of this session."""
    asked = lasting("lang")
    return asked if asked in LANGUAGES else DEFAULT_LANGUAGE


def lasting(name: str) -> str | None:
    """A parameter that stays from page to page; the address wins over the session."""
    asked = st.query_params.get(name)
    if asked is not None:
        st.session_state[f"lasting_{name}"] = asked
        return asked
    remembered: str | None = st.session_state.get(f"lasting_{name}")
    if remembered is not None:
        st.query_params[name] = remembered
    return remembered


def link(page: str, **parameters: str | None) -> str:
    """A relative address of a page with its parameters and the lasting ones; escape it for HTML."""
    kept: dict[str, str | None] = {name: lasting(name) for name in LASTING}
    given = {name: value for name, value in (kept | parameters).items() if value}
    return f"{page}?{urlencode(given)}" if given else page


def here(**changes: str | None) -> str:
    """The address of the page shown, with some parameters changed; None takes one out."""
    given: dict[str, str | None] = {**st.query_params.to_dict(), **changes}
    return "?" + urlencode({name: value for name, value in given.items() if value})


def options(
    widget: Callable[..., str | None],
    label: str,
    codes: Sequence[str],
    name: str,
    words: Words,
    shown: Mapping[str, str],
    **style: object,
) -> str:
    """A choice kept in the address under ``name``; the first code is the default and leaves it out.

    An unknown code is said aloud and falls back to the default.
    """
    asked = st.query_params.get(name, codes[0])
    if asked not in codes:
        st.toast(words.say("The link asks for an unknown {name}: shown without it.", name=name))
        asked = codes[0]
        del st.query_params[name]
    key = f"choice_{name}"
    st.session_state[key] = asked

    def put() -> None:
        chosen = st.session_state[key]
        if chosen == codes[0] or chosen is None:
            st.query_params.pop(name, None)
        else:
            st.query_params[name] = chosen

    widget(label, codes, format_func=lambda code: shown.get(code, code), key=key, on_change=put, **style)
    return asked
