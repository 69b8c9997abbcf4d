"""The Gapwatch screens: navigation and what every page shares. Start: ``gapwatch serve``."""

from __future__ import annotations

import atexit
import gc
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Streamlit puts this folder on the path, not the one that holds the packages.
if str(HERE.parent) not in sys.path:
    sys.path.insert(0, str(HERE.parent))

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from dashboards import door, filters, pages, shell
from dashboards.pages import Entry
from dashboards.queries.attached import QueryFailedError
from dashboards.texts import Words
from dashboards.turns import TURNS
from gapwatch.access.viewers import RefusedError
from gapwatch.snapshots import PointerUnreadableError, SnapshotMissingError

#: How long a page may draw while another waits for its turn. Python's own 5 ms let a short page, which has to
#: wait for its turn after each query, stand behind a long one for all of it.
sys.setswitchinterval(0.0005)


def main() -> None:
    """Draw the shell and run the page the address names."""
    words = Words(filters.language())
    # A local file: a named icon would be fetched from the network by the browser.
    st.set_page_config(page_title="Gapwatch", page_icon=str(HERE / "assets" / "icon.svg"), layout="wide")
    st.logo(str(HERE / "assets" / "logo.svg"), size="medium")
    # What goes wrong half way down is said where it is seen.
    above = st.container()
    try:
        page = _opened(pages.entries(words))
        with TURNS.page():
            page.run()
    except RefusedError as refusal:
        door.closed(refusal)
    except SnapshotMissingError as error:
        shell.no_snapshot(error)
    except PointerUnreadableError as error:
        shell.pointer_unreadable(error)
    except shell.NothingAdmittedError:
        shell.nothing_admitted()
    except QueryFailedError as error:
        with above:
            shell.query_failed(error)


def _set_aside() -> None:
    """Once, after the first page: leave what all pages share out of each later search for garbage.

    Half a million objects, mostly of libraries, which it would look through for a tenth of a second each
    time, while no page draws.
    """
    if not gc.get_freeze_count():
        gc.collect()
        gc.freeze()
        # A library complains at the end of the server of what was never collected.
        atexit.register(gc.unfreeze)
        gc.set_threshold(10_000, 10, 20)


def _opened(entries: list[Entry]) -> StreamlitPage:
    """The page the address names, of those that the person's role has; the others say that it has not.

    Raises RefusedError where nobody is let in, with no page in the navigation.
    """
    try:
        person = door.enter()
    except RefusedError:
        # Every address stays one that exists, so that the login leads back to it.
        hidden = [_page(entry, is_shown=False, is_first=not i) for i, entry in enumerate(entries)]
        st.navigation(hidden, position="hidden")
        raise
    entries = sorted(entries, key=lambda entry: not person.may_open(entry.code))
    known = {
        entry.code: _page(entry, is_shown=person.may_open(entry.code), is_first=not i)
        for i, entry in enumerate(entries)
    }
    page = st.navigation(list(known.values()), position="top")
    asked = door.went_to()
    if asked is not None:
        st.switch_page(known.get(asked[0], page), query_params=asked[1])
    return page


def _page(entry: Entry, *, is_shown: bool, is_first: bool) -> StreamlitPage:
    return st.Page(
        HERE / "views" / f"{entry.view}.py" if is_shown else door.not_for_this_role,
        title=entry.title,
        icon=entry.icon,
        url_path=entry.code,
        default=is_first,
        visibility="visible" if is_shown else "hidden",
    )


main()
_set_aside()
