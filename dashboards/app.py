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
                HERE / "views" / "portfolio.py",
                title=words.say("Clients"),
                icon=":material/groups:",
                url_path="clients",
                default=True,
            ),
            st.Page(
                HERE / "views" / "client.py",
                title=words.say("One client"),
                icon=":material/apartment:",
                url_path="client",
            ),
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


main()
