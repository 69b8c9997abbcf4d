"""What stands around every page: the snapshot in use, its age, what is late, and the states without data."""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import streamlit as st

from dashboards import door, filters
from dashboards.labels import Labels
from dashboards.markup import in_html, in_markdown
from dashboards.queries import shared
from dashboards.queries.attached import QueryFailedError, named_snapshot, published_folder
from dashboards.rows import Published, Setting, Snapshot, SourceAge
from dashboards.texts import LANGUAGES, Words
from dashboards.theme import Palette, palette, style_sheet
from dashboards.turns import TURNS
from gapwatch import snapshots
from gapwatch.access.viewers import Person

log = logging.getLogger("gapwatch.dashboards")


class NothingAdmittedError(Exception):
    """The snapshot holds no fact yet: no number has an as-of instant."""


@dataclass(frozen=True)
class Page:
    """What a view needs to draw: words, colours, the snapshot and what it says of itself."""

    words: Words
    colours: Palette
    snapshot: Snapshot
    published: Published
    as_of: datetime
    labels: Labels
    settings: Mapping[str, Setting]
    person: Person


def open_page(*, tells_late: bool = True) -> Page:
    """The page's snapshot and language from the address; draws the banners that belong above a title.

    A page whose own finding is what is late does not say it twice (``tells_late``).
    Raises RefusedError where nobody is let in, SnapshotMissingError where no snapshot is published,
    NothingAdmittedError where it is empty.
    """
    person = door.enter()
    colours = palette()
    st.html(style_sheet(colours))
    snapshot = named_snapshot(filters.lasting("snapshot"), person.viewer)
    published = shared.published(snapshot)
    if published.as_of is None:
        raise NothingAdmittedError
    settings = {row.name: row for row in shared.settings(snapshot)}
    thresholds = {name: row.value for name, row in settings.items()}
    words = Words(filters.language(), published.window_weeks, thresholds)
    labels = Labels(shared.dimensions(snapshot), words)
    page = Page(words, colours, snapshot, published, published.as_of, labels, settings, person)
    for lines in _banners(page, tells_late=tells_late):
        st.html(f'<div class="gw-banner" role="status">{"".join(f"<p>{line}</p>" for line in lines)}</div>')
    return page


def freshness(page: Page) -> None:
    """Line two of every page: how old the numbers and each source are. Drawn right after the title."""
    words, published = page.words, page.published
    seen_at = now()
    as_of = in_html(words.say("Data as of {instant}", instant=words.instant(page.as_of)))
    age = in_html(words.say("{age} ago", age=words.age(page.as_of, seen_at)))
    is_old = _is_old(page)
    parts = [f"{as_of}, {_late(age) if is_old else age}"]
    for name, source_age, is_late in source_ages(page):
        text = words.say("{source} {age}", source=name, age=source_age)
        parts.append(
            _late(in_html(words.say("{source_and_age}, late", source_and_age=text)))
            if is_late
            else in_html(text)
        )
    short = words.say("snapshot {id}", id=published.snapshot_id.rsplit("-", 1)[-1])
    pinned = in_html(filters.here(snapshot=published.snapshot_id))
    parts.append(
        f'<a href="{pinned}" target="_self" title="{in_html(published.snapshot_id)}">{in_html(short)}</a>'
    )
    others = [code for code in LANGUAGES if code != words.language]
    parts += [
        f'<a href="{in_html(filters.here(lang=code))}" target="_self" lang="{code}">{LANGUAGES[code]}</a>'
        for code in others
    ]
    parts += _seen_as(page)
    st.html(f'<p class="gw-line gw-fresh" style="margin:0">{" · ".join(parts)}</p>')
    TURNS.titled()


def no_snapshot(error: snapshots.SnapshotMissingError) -> None:
    """Nothing published, or not the snapshot the address names."""
    words = Words(filters.language())
    asked = filters.lasting("snapshot")
    kept = snapshots.available(published_folder())
    if asked is not None and kept:
        st.title(words.say("This snapshot is not kept any more"), anchor=False)
        st.markdown(
            words.say(
                "Snapshot {id} was replaced, or never was. Kept are: {kept}.",
                id=in_markdown(asked),
                kept=", ".join(in_markdown(info.snapshot_id) for info in kept),
            )
        )
        if st.button(words.say("Show the newest snapshot"), icon=":material/arrow_forward:"):
            st.session_state.pop("lasting_snapshot", None)
            st.query_params.pop("snapshot", None)
            st.rerun()
        return
    st.title(words.say("No data yet"), anchor=False)
    st.markdown(
        words.say("This workspace has no published snapshot. Load the sample company, or your own files:")
    )
    workspace = published_folder().parent.name if os.environ.get("GAPWATCH_WORKSPACE") else "my-workspace"
    st.code(f"gapwatch demo\ngapwatch run --workspace {workspace}", language="bash")
    st.markdown(words.say("`gapwatch doctor` says what is missing."))
    log.info("no snapshot: %s", error)


def pointer_unreadable(error: snapshots.PointerUnreadableError) -> None:
    """Which snapshot is the newest is not told any more."""
    words = Words(filters.language())
    st.title(words.say("The newest snapshot cannot be found"), anchor=False)
    st.markdown(words.say("The file that names it is damaged. Next: `gapwatch publish` writes it anew."))
    log.error("%s", error, exc_info=error)


def nothing_admitted() -> None:
    """A snapshot without a single fact: every batch is held, or nothing was delivered."""
    words = Words(filters.language())
    st.title(words.say("Nothing was admitted yet"), anchor=False)
    st.markdown(
        words.say("A snapshot is published, but no row has passed the gate. Next: `gapwatch status`.")
    )


def query_failed(error: QueryFailedError) -> None:
    """A query did not run: what it read, the next command, and where the log tells more."""
    words = Words(filters.language())
    log_id = uuid.uuid4().hex[:8]
    log.error("query failed, id %s: %s", log_id, error, exc_info=error)
    st.error(
        words.say(
            "This page could not read {tables} in snapshot {id}. Next: `gapwatch doctor`, then "
            "`gapwatch publish`. Log id {log_id}.",
            tables=in_markdown(error.tables),
            id=in_markdown(error.snapshot_id),
            log_id=log_id,
        ),
        icon=":material/error:",
    )


def _banners(page: Page, *, tells_late: bool) -> list[list[str]]:
    """Why numbers on this page may not be today's, each as lines of HTML."""
    words, published = page.words, page.published
    found = []
    newest = snapshots.current(published_folder())
    if newest is not None and newest.snapshot_id != published.snapshot_id:
        link = (
            f'<a href="{in_html(filters.here(snapshot=None))}" target="_self">'
            + in_html(words.say("Show the newest"))
            + "</a>"
        )
        text = words.say(
            "This is snapshot {id} of {day}.",
            id=published.snapshot_id,
            day=words.day(published.created_at.date()),
        )
        found.append([f"<strong>{in_html(text)}</strong> {link}"])
    stalled = [each for each in shared.sources(page.snapshot) if each.is_late and tells_late]
    is_old = _is_old(page)
    if not stalled and not is_old:
        return found
    lines = []
    if is_old:
        stop = words.say("These numbers stop at {day}.", day=words.day(page.as_of.date()))
        since = words.say("Nothing newer arrived for {age}.", age=words.age(page.as_of, now()))
        lines.append(f"<strong>{in_html(stop)}</strong> {in_html(since)}")
    lines += [_stalled(each, page) for each in stalled[:3]]
    if len(stalled) > 3:
        lines.append(
            in_html(words.count("{n} more source is late.", "{n} more sources are late.", len(stalled) - 3))
        )
    lines.append(in_html(words.say("Next: gapwatch status says what waits.")))
    return [*found, lines]


def _stalled(source: SourceAge, page: Page) -> str:
    words = page.words
    stop = (
        words.say(
            "Source {source} stops at {day}.",
            source=source.source,
            day=words.day(source.newest_known_at.date()),
        )
        if source.newest_known_at
        else words.say("Source {source} has delivered nothing yet.", source=source.source)
    )
    if source.last_outcome in ("held", "crashed") and source.last_landed_at:
        why = words.say(
            "Its batch of {day} is held: {message}",
            day=words.day(source.last_landed_at.date()),
            message=source.last_message or "",
        )
    elif source.newest_known_at:
        why = words.say("No news for {age}.", age=words.age(source.newest_known_at, page.as_of))
    else:
        why = ""
    return f"<strong>{in_html(stop)}</strong> {in_html(why)}"


def source_ages(page: Page) -> list[tuple[str, str, bool]]:
    """Name, age and lateness of what delivers, sources of one kind and system taken together."""
    words = page.words
    names = {
        "survey": words.say("surveys"),
        "ticket": words.say("tickets"),
        "deliver": words.say("deliveries"),
        "interaction": words.say("meetings"),
        "account": words.say("clients"),
        "contact": words.say("contacts"),
    }
    groups: dict[tuple[str, str], list[SourceAge]] = {}
    for source in shared.sources(page.snapshot):
        kind = next((prefix for prefix in names if source.contract.startswith(prefix)), None)
        if kind is not None:
            groups.setdefault((kind, source.system or source.source), []).append(source)
    found = []
    for kind in names:
        systems = [system for each, system in groups if each == kind]
        for system in systems:
            members = groups[kind, system]
            late = [m.newest_known_at for m in members if m.is_late and m.newest_known_at]
            known = [m.newest_known_at for m in members if m.newest_known_at]
            # What is late is told by its own age, not by that of its neighbours.
            newest = min(late) if late else max(known, default=None)
            name = names[kind]
            if len(systems) > 1:
                name = words.say("{kind} ({system})", kind=name, system=system)
            age = words.age(newest, page.as_of) if newest else words.say("never")
            found.append((name, age, any(m.is_late for m in members)))
    return found


def _is_old(page: Page) -> bool:
    """Nothing newer than a source may be silent for."""
    allowed = timedelta(days=page.settings["late_after_days"].value)
    return now() - page.as_of > allowed and not page.published.is_as_of_fixed


def _seen_as(page: Page) -> list[str]:
    """Who looks and which clients they see, where that is not everybody's right on this machine."""
    words, person = page.words, page.person
    if person.is_local:
        return []
    scope = person.viewer.scope
    limits = [
        words.say("tier {values}", values=", ".join(scope.tiers)) if scope.tiers else "",
        words.say("region {values}", values=", ".join(scope.regions)) if scope.regions else "",
        words.say("clients of {values}", values=", ".join(scope.owners)) if scope.owners else "",
    ]
    seen = ", ".join(limit for limit in limits if limit) or words.say("all clients")
    text = words.say("{email} as {role}: {seen}", email=person.email, role=person.role, seen=seen)
    leave = f'<a href="auth/logout" target="_self">{in_html(words.say("Log out"))}</a>'
    return [in_html(text), leave]


def _late(text: str) -> str:
    return f'<span class="gw-late">{text}</span>'


def now() -> datetime:
    """The clock, which only ages read; naive UTC as in the snapshot."""
    return datetime.now(UTC).replace(tzinfo=None)
