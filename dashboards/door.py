"""The door: who is let in, and what everybody else reads instead of the pages.

The claims of a login come from Streamlit's signed cookie, which holds them for 30 days: how old they are,
whom they are from and which role they give is looked at in every run of every page.
"""

from __future__ import annotations

import logging
import os
import time
from datetime import UTC, datetime
from functools import lru_cache
from itertools import cycle
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st
from streamlit import config
from streamlit.errors import StreamlitAPIException

from dashboards import filters
from dashboards.markup import in_markdown
from dashboards.texts import Words
from gapwatch.access.settings import LOOPBACK, NEEDS_LOGIN
from gapwatch.access.viewers import Person, RefusedError, local_person, person_of
from gapwatch.errors import UserError
from gapwatch.workspace import FILE_NAME, Workspace, load_workspace

log = logging.getLogger("gapwatch.dashboards")

KEPT_SECONDS = 600.0
MOST_KEPT = 1000
#: Where somebody wanted to go before they were sent to log in, by the cookie that outlives the way there.
_wanted: dict[str, tuple[float, str, dict[str, str]]] = {}


def enter() -> Person:
    """Who looks at the page. Raises RefusedError where that is nobody who may, whatever the page."""
    try:
        ws = workspace()
    except UserError as error:
        log.error("nobody is let in: %s", error)
        raise RefusedError("broken_settings") from error
    if ws is None or ws.login is None:
        listens_on = config.get_option("server.address")
        is_open = listens_on not in LOOPBACK and not config.get_option("global.appTest")
        # A server that was started with a login never goes on without one.
        if is_open or os.environ.get(NEEDS_LOGIN):
            raise RefusedError("no_login_configured")
        return local_person()
    claims = st.user.to_dict()
    if not claims.get("is_logged_in"):
        raise RefusedError("not_logged_in")
    return person_of(ws, ws.login, claims, datetime.now(UTC))


def closed(refusal: RefusedError) -> None:
    """What somebody reads who is not let in: why, and what to do. Reads no snapshot."""
    words = Words(filters.language())
    log.info("not let in: %s", refusal.reason)
    title, text = _said(refusal, words)
    st.title(title, anchor=False)
    st.markdown(text)
    if refusal.reason == "broken_settings":
        st.code("gapwatch doctor", language="bash")
        return
    if refusal.reason == "no_login_configured":
        st.code("gapwatch serve --workspace my-workspace", language="bash")
        return
    is_known = refusal.reason not in ("not_logged_in", "expired")
    label = words.say("Log in with another account") if is_known else words.say("Log in")
    if st.button(label, icon=":material/login:"):
        _remember()
        try:
            st.login()
        except StreamlitAPIException:
            log.exception("the login is configured, but this server was started without it")
            st.error(words.say("This server was started without its login. Next: `gapwatch serve`."))


def went_to() -> tuple[str, dict[str, str]] | None:
    """Page and parameters that this browser asked for before its login; told once."""
    if "was_let_in" in st.session_state:
        return None
    st.session_state["was_let_in"] = True
    kept = _wanted.pop(_browser(), None)
    if kept is None or time.monotonic() - kept[0] > KEPT_SECONDS:
        return None
    return kept[1], kept[2]


def not_for_this_role() -> None:
    """A page that exists, and that the role of whoever asks does not have."""
    words = Words(filters.language())
    st.title(words.say("This page is not part of your role"), anchor=False)
    st.markdown(
        words.say("Whoever keeps `gapwatch.yml` can add it to `pages` of the role {role}.", role=_role())
    )


def _said(refusal: RefusedError, words: Words) -> tuple[str, str]:
    email = in_markdown(refusal.detail)
    said = {
        "not_logged_in": (
            words.say("Please log in"),
            words.say("What is shown here depends on who you are. After the login this page opens."),
        ),
        "expired": (
            words.say("Your login has expired"),
            words.say("Log in again: this page opens as you left it."),
        ),
        "wrong_issuer": (
            words.say("This login is not from here"),
            words.say("It was given by another provider than these screens trust."),
        ),
        "wrong_tenant": (
            words.say("This login is of another organisation"),
            words.say("Log in with an account of the organisation that these screens belong to."),
        ),
        "no_email": (
            words.say("Your login carries no e-mail address"),
            words.say("Ask whoever manages logins to release the address to this application."),
        ),
        "unverified_email": (
            words.say("Your e-mail address is not verified"),
            words.say("Confirm {email} with the provider you log in with, then log in again.", email=email),
        ),
        "wrong_domain": (
            words.say("This e-mail address has no access"),
            words.say("{email} is not of a domain that is let in. Use your work account.", email=email),
        ),
        "no_role": (
            words.say("You have no role here yet"),
            words.say("Ask whoever keeps `gapwatch.yml` to add {email} to one of its `roles`.", email=email),
        ),
        "not_in_people": (
            words.say("No client is yours yet"),
            words.say(
                "Your role sees the clients of whoever looks, but nobody under `people` in `gapwatch.yml` "
                "has the address {email}.",
                email=email,
            ),
        ),
        "broken_settings": (
            words.say("Nobody is let in at the moment"),
            words.say("`gapwatch.yml` has a mistake, so that it is not known who may see what. Next:"),
        ),
        "no_login_configured": (
            words.say("This server would show everything to everybody"),
            words.say(
                "It can be reached from other machines, and the workspace has no `login`. Add one to "
                "`gapwatch.yml`, or serve this machine alone:"
            ),
        ),
    }
    return said[refusal.reason]


def _remember() -> None:
    now = time.monotonic()
    for browser in [key for key, kept in _wanted.items() if now - kept[0] > KEPT_SECONDS]:
        _wanted.pop(browser, None)
    if len(_wanted) < MOST_KEPT and (browser := _browser()):
        page = urlsplit(st.context.url or "").path.rpartition("/")[2]
        _wanted[browser] = (now, page, st.query_params.to_dict())


def _browser() -> str:
    """What stays the same of the cookie against forged requests: it is masked anew in each answer."""
    parts = str(st.context.cookies.get("_streamlit_xsrf", "")).split("|")
    if len(parts) != 4:
        return ""
    try:
        mask, token = bytes.fromhex(parts[1]), bytes.fromhex(parts[2])
    except ValueError:
        return ""
    return bytes(byte ^ each for byte, each in zip(token, cycle(mask), strict=False)).hex()


def _role() -> str:
    try:
        return in_markdown(enter().role)
    except RefusedError:
        return ""


def workspace() -> Workspace | None:
    """The workspace's settings as they are now; None where the folder has none.

    Raises UserError for a file that cannot be read or is wrong.
    """
    file = Path(os.environ.get("GAPWATCH_WORKSPACE", ".")) / FILE_NAME
    try:
        stat = file.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(f"The workspace cannot be read: {error}", where=FILE_NAME) from None
    return _loaded(file, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=4)
def _loaded(file: Path, mtime_ns: int, size: int) -> Workspace:
    return load_workspace(file)
