"""The Gapwatch screens: navigation and what every page shares. Start: ``gapwatch serve``."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Streamlit puts this folder on the path, not the one that holds the packages.
if str(HERE.parent) not in sys.path:
    sys.path.insert(0, str(HERE.parent))

import streamlit as st

from dashboards import filters, shell
from dashboards.queries.attached import QueryFailedError
from dashboards.texts import Words
from gapwatch.snapshots import SnapshotMissingError


def main() -> None:
    """Draw the shell and run the page the address names."""
    words = Words(filters.language())
    # A local file: a named icon would be fetched from the network by the browser.
    st.set_page_config(page_title="Gapwatch", page_icon=str(HERE / "assets" / "icon.svg"), layout="wide")
    st.logo(str(HERE / "assets" / "logo.svg"), size="medium")
    page = st.navigation(
        [
            st.Page(
                HERE / "views" / f"{view}.py",
                title=title,
                icon=f":material/{icon}:",
                url_path=path,
                default=path == "clients",
            )
            for view, path, icon, title in _pages(words)
        ],
        position="top",
    )
    try:
        page.run()
    except SnapshotMissingError as error:
        shell.no_snapshot(error)
    except shell.NothingAdmittedError:
        shell.nothing_admitted()
    except QueryFailedError as error:
        shell.query_failed(error)


def _pages(words: Words) -> list[tuple[str, str, str, str]]:
    """View, address, icon and title of every page, in the order of the navigation."""
    return [
        ("portfolio", "clients", "groups", words.say("Clients")),
        ("client", "client", "apartment", words.say("One client")),
        ("felt", "felt", "grid_view", words.say("Felt and factual")),
        ("quality", "quality", "fact_check", words.say("Data quality")),
        ("method", "method", "menu_book", words.say("Method")),
    ]


main()
