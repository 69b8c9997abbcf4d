"""What a client's numbers rest on: promises, answers and contacts, as tables."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from dashboards import survey_sentences, table
from dashboards.labels import relationship
from dashboards.markup import in_html
from dashboards.parts.common import signed_html
from dashboards.queries import client as asked_of
from dashboards.queries import quality as asked_for
from dashboards.queries.personal import Named
from dashboards.rows import Client, Contact, Promise, Rating, Week
from dashboards.shell import Page
from dashboards.texts import NOTHING

NEWEST = 8
MOST_CONTACTS = 8


def promises(page: Page, found: Client) -> None:
    """Our promises to the client: overdue first, then the newest."""
    words = page.words
    rows = asked_of.promises(page.snapshot, found.account_id, NEWEST)
    st.subheader(words.say("Promises: overdue first, then the newest"), anchor=False)
    if not rows:
        st.markdown(words.say("No promise of ours is known: no ticket and no delivery names this client."))
        return
    columns = [
        table.Column(in_html(words.say("Promise"))),
        table.Column(in_html(words.say("Dimension")), "gw-hide-phone"),
        table.Column(in_html(words.say("Ticket or delivery")), "gw-wrap gw-hide-phone"),
        table.Column(in_html(words.say("Due"))),
        table.Column(in_html(words.say("State"))),
    ]
    cells = [promise_cells(page, row) for row in rows]
    caption = words.say("As of {instant}.", instant=words.instant(page.as_of))
    st.html(table.table(columns, cells, label=words.say("Promises"), caption=caption))


def promise_cells(page: Page, row: Promise) -> list[str]:
    """A row of the table of promises."""
    words = page.words
    signal = (row.label_zh if words.language == "zh" else row.label_en) or row.signal
    return [
        in_html(signal),
        in_html(page.labels.of(row.service_dimension)),
        in_html(row.subject_id or NOTHING),
        f"{in_html(words.day(row.falls_due_at.date() if row.falls_due_at else None))}{_notice(page, row)}",
        _state(page, row),
    ]


def _notice(page: Page, row: Promise) -> str:
    """How early we said that it would not hold; nothing where we never did."""
    words = page.words
    if row.notice_days is None:
        return ""
    days = int(abs(row.notice_days))
    text = (
        words.count("new date told {n} day before", "new date told {n} days before", days)
        if row.notice_days >= 0
        else words.count("new date told {n} day after", "new date told {n} days after", days)
    )
    return f"<small>{in_html(text)}</small>"


def _state(page: Page, row: Promise) -> str:
    words = page.words
    if row.state == "broken" and row.kind == "count" and row.actual_count is not None:
        text = words.say(
            "◆ {actual} times, {allowed} allowed", actual=row.actual_count, allowed=row.allowed_count or 0
        )
    elif row.is_old_commitment and row.overdue_days is not None:
        text = words.count(
            "◆ {n} day overdue: an old commitment",
            "◆ {n} days overdue: an old commitment",
            row.overdue_days,
        )
    elif row.overdue_days is not None and row.kind != "verdict":
        text = words.count("◆ {n} day overdue", "◆ {n} days overdue", row.overdue_days)
        if row.overdue_days == 0:
            text = words.say("◆ overdue, less than a day")
    elif row.state == "broken" and row.days_late is not None:
        text = words.count("◆ kept {n} day late", "◆ kept {n} days late", row.days_late)
        if row.days_late == 0:
            text = words.say("◆ kept late, within a day")
    elif row.state == "broken":
        text = words.say("◆ broken")
    else:
        calm = {"kept": words.say("● kept"), "open": words.say("○ open"), "cancelled": words.say("cancelled")}
        return in_html(calm.get(row.state, row.state))
    return f'<span class="gw-neg">{in_html(text)}</span>'


def answers(page: Page, found: Client) -> None:
    """What the client answered last, P, E and gap side by side."""
    words = page.words
    rows = asked_of.ratings(page.snapshot, found.account_id, NEWEST)
    st.subheader(words.say("Newest answers"), anchor=False)
    if not rows:
        st.markdown(words.say("Nobody at this client has answered yet."))
        return
    columns = [
        table.Column(in_html(words.say("Answered"))),
        table.Column(in_html(words.say("Dimension"))),
        table.Column("P", "gw-num"),
        table.Column("E", "gw-num"),
        table.Column(in_html(words.say("Gap")), "gw-num"),
    ]
    cells = []
    response = ""
    for row in rows:
        cells.append(
            [_respondent(page, row) if row.response_id != response else "", *_rating_cells(page, row)]
        )
        response = row.response_id
    caption = words.say("P perception, E expectation; both answered by the same person.")
    st.html(table.table(columns, cells, label=words.say("Newest answers"), caption=caption))


def _respondent(page: Page, row: Rating) -> str:
    words = page.words
    kind = words.say("after a ticket or delivery") if row.survey_kind == "transactional" else None
    who = " · ".join(text for text in (row.job_title, relationship(row.relationship, words), kind) if text)
    return f"{in_html(words.day(row.submitted_at.date()))}<small>{in_html(who)}</small>"


def _rating_cells(page: Page, row: Rating) -> list[str]:
    words = page.words
    return [
        in_html(page.labels.of(row.service_dimension)),
        in_html(words.score(row.perception_score)),
        in_html(words.score(row.expectation_score)),
        signed_html(row.satisfaction_gap, words),
    ]


def contacts(page: Page, found: Client, week: Week, known: Mapping[str, Named]) -> None:
    """Whom the window heard, who is silent, and whom to ask next; by name where it is ``known``."""
    words = page.words
    rows = asked_of.contacts(page.snapshot, found.account_id)
    heard = sum(1 for row in rows if row.is_heard)
    silent = sum(1 for row in rows if not row.is_heard)
    st.subheader(
        words.say("Contacts: {heard} heard, {silent} silent", heard=heard, silent=silent), anchor=False
    )
    if not rows:
        st.markdown(words.say("No contact of this client is delivered."))
        return
    kinds = survey_sentences.coverage(
        asked_for.coverage(page.snapshot, found.account_id, week.week_id), words
    )
    if kinds and week.is_provisional:  # the people below are as known now
        st.html(
            f'<p class="gw-line" style="margin:0">{in_html(words.say("Heard: {kinds}.", kinds=kinds))}</p>'
        )
    columns = [
        table.Column(in_html(words.say("Contact"))),
        table.Column(in_html(words.say("Last heard"))),
        table.Column(in_html(words.say("Ask next"))),
    ]
    caption = words.say("Heard: answered in the {weeks} weeks up to {day}.", day=words.day(page.as_of.date()))
    if len(rows) > MOST_CONTACTS:
        caption = words.say(
            "The first {most} of {n}. {caption}", most=MOST_CONTACTS, n=len(rows), caption=caption
        )
    st.html(
        table.table(
            columns,
            [contact_cells(page, row, known.get(row.contact_id)) for row in rows[:MOST_CONTACTS]],
            label=words.say("Contacts"),
            caption=caption,
        )
    )


def contact_cells(page: Page, row: Contact, named: Named | None) -> list[str]:
    """A row of the table of contacts; without a name where none is given."""
    words = page.words
    last = words.day(row.last_answered_on)
    if row.is_heard:
        state = in_html(last)
    else:
        silent = (
            words.say("silent since {day}", day=last) if row.last_answered_on else words.say("never heard")
        )
        state = f'<span class="gw-muted">{in_html(silent)}</span>'
    title = row.job_title or words.say("without a title")
    who = [text for text in (named.display_name, named.email) if text] if named else []
    if who:
        title = " · ".join([*who, title])
    plan = in_html(survey_sentences.next_ask(row, words))
    return [
        f"{in_html(title)}<small>{in_html(survey_sentences.about(row, words))}</small>",
        state,
        f"<strong>{plan}</strong>" if row.action == "ask" else f'<span class="gw-muted">{plan}</span>',
    ]
