"""Lost clients: what we missed, for whom, how long before notice, and what was done."""

from __future__ import annotations

from datetime import date, timedelta

import streamlit as st

from dashboards import filters, loss_sentences, sentences, shell, table, timelines
from dashboards.at_risk import RELATIONSHIP, Loss, LossEvent
from dashboards.labels import filtered
from dashboards.markup import in_html, in_markdown
from dashboards.parts.at_risk import names
from dashboards.parts.clients_in_view import EVERY, client_filters
from dashboards.parts.common import chart
from dashboards.queries import losses
from dashboards.rows import Filters
from dashboards.shell import Page
from dashboards.turns import TURNS

PERIODS = {"year": 365, "all": 36500}
MOST_WEEKS, FEW = 52, 8


def main() -> None:
    """Draw the page."""
    page = shell.open_page()
    head = st.container()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        period = _period(page)
        dim = _cause(page)
        chosen = client_filters(page)
    until = page.as_of.date()
    since = until - timedelta(days=PERIODS[period])
    found = losses.losses(page.snapshot, since, until, dim, chosen)
    with head:
        title = _title(page, since, until, dim, chosen, found, period)
        if chosen.chosen():
            which = filtered(chosen, page.words)
            title = page.words.say("{filters}: {title}", filters=which[:1].upper() + which[1:], title=title)
        st.title(in_markdown(title), anchor=False)
        shell.freshness(page)
    if not found:
        _nobody(page, chosen, dim)
        return
    TURNS.give_way()
    _charts(page, found)
    TURNS.give_way()
    _table(page, found)


def _title(
    page: Page,
    since: date,
    until: date,
    dim: str | None,
    chosen: Filters,
    found: list[Loss],
    period: str,
) -> str:
    words = page.words
    if not found and (dim is not None or chosen.chosen()):
        return words.say("No lost client matches")
    if not found:
        last = losses.last_loss(page.snapshot)
        if last is None:
            return words.say("No client has left")
        return words.say("No client has left since {day}", day=words.day(last))
    causes = losses.causes(page.snapshot, since, until, chosen)
    leader = dim or (causes[0].service_dimension if causes else None)
    middle = losses.middle_weeks(page.snapshot, since, until, leader, chosen) if leader else None
    return loss_sentences.losses_title(len(found), causes, dim, middle, names(page), is_year=period == "year")


def _period(page: Page) -> str:
    words = page.words
    shown = {"year": words.say("12 months"), "all": words.say("All time")}
    return filters.options(
        st.segmented_control,
        words.say("Period"),
        list(PERIODS),
        "period",
        words,
        shown,
        required=True,
        label_visibility="collapsed",
    )


def _cause(page: Page) -> str | None:
    words, called = page.words, names(page)
    codes = [*page.labels.codes, RELATIONSHIP, "outside", "unknown"]
    shown = {EVERY: words.say("All causes")} | {code: called.dimension(code) for code in codes}
    asked = filters.options(
        st.segmented_control,
        words.say("Cause"),
        list(shown),
        "dim",
        words,
        shown,
        required=True,
        label_visibility="collapsed",
        wrap=True,
    )
    return None if asked == EVERY else asked


def _nobody(page: Page, chosen: Filters, dim: str | None) -> None:
    words = page.words
    if dim is None and not chosen.chosen():
        st.markdown(
            words.say("When a client gives notice or leaves, this page says what turned first and when.")
        )
        return
    if st.button(words.say("Clear the filters"), icon=":material/filter_list_off:"):
        for name in ("tier", "region", "owner", "dim"):
            st.query_params.pop(name, None)
        st.rerun()


def _charts(page: Page, found: list[Loss]) -> None:
    """A small chart for each loss, on one scale, the newest first."""
    words, called = page.words, names(page)
    shows_all = st.query_params.get("show") == "all"
    shown = found if shows_all else found[:FEW]
    events = losses.timelines(page.snapshot, tuple(loss.account_id for loss in shown))
    labels = {code: called.dimension(code) for code in [*page.labels.codes, RELATIONSHIP]}
    weeks = _reach(shown, events)
    legend = words.say(
        "A bar from the week a dimension turned until it turned back or the client left; orange: what turned "
        "first and stayed."
    )
    st.html(f'<p class="gw-line" style="margin:0">{in_html(legend)}</p>')
    grid = st.grid(2, min_column_width=340, gap=("small", "large"))
    for loss in shown:
        with grid.container(gap="xsmall"):
            _card(page, loss, events[loss.account_id], labels, weeks)
    if len(found) > FEW and not shows_all:
        label = words.count("The {n} lost client", "All {n} lost clients", len(found))
        if st.button(label, type="tertiary", icon=":material/arrow_forward:"):
            st.query_params["show"] = "all"
            st.rerun()


def _reach(found: list[Loss], events: dict[str, list[LossEvent]]) -> int:
    """How many weeks before notice all charts reach back: the earliest culprit and alert, at most a year."""
    told = [event.weeks_before_loss for loss in found for event in events[loss.account_id] if _is_told(event)]
    turned = [loss.weeks_before_notice for loss in found if loss.weeks_before_notice is not None]
    return min(MOST_WEEKS, max([12, *told, *turned]) + 2)


def _is_told(event: LossEvent) -> bool:
    return event.event in ("alert_sent", "alert_acknowledged")


def _card(page: Page, loss: Loss, events: list[LossEvent], labels: dict[str, str], weeks: int) -> None:
    words = page.words
    name = loss.account_name or loss.account_id
    cause = loss_sentences.cause(loss, names(page))
    st.html(
        f'<div class="gw-panel"><h3><a href="{in_html(filters.link("client", account=loss.account_id))}" '
        f'target="_self">{in_html(name)}</a>: {in_html(cause)}</h3>'
        f"<p>{in_html(_below(page, loss))}</p></div>"
    )
    chart(
        timelines.loss_chart(loss, events, labels, weeks, words, page.colours),
        words.say("{client}: {cause}", client=name, cause=cause),
    )


def _below(page: Page, loss: Loss) -> str:
    """The reason the client gave beside the culprit, when it left, and what was done."""
    words = page.words
    reason = (
        words.say("reason given: {reason}", reason=loss.churn_reason)
        if loss.churn_reason
        else words.say("no reason given")
    )
    parts = [words.day(loss.lost_on), reason, loss_sentences.what_was_done(loss, words)]
    return " · ".join(parts)


def _table(page: Page, found: list[Loss]) -> None:
    words, called = page.words, names(page)
    columns = [
        table.Column(in_html(words.say("Client")), "gw-wrap"),
        table.Column(in_html(words.say("Notice"))),
        table.Column(in_html(words.say("Turned first"))),
        table.Column(in_html(words.say("Owner")), "gw-hide-phone"),
        table.Column(in_html(words.say("Reason given")), "gw-wrap gw-hide-phone"),
        table.Column(in_html(words.say("Seen and done")), "gw-hide-phone"),
    ]
    cells = []
    for loss in found:
        address = in_html(filters.link("client", account=loss.account_id))
        about = " · ".join(text for text in (loss.tier, loss.region, _worth(page, loss)) if text)
        code = loss.culprit_dimension or loss.cause_kind
        when = (
            words.count("{n} week before", "{n} weeks before", loss.weeks_before_notice)
            if loss.weeks_before_notice is not None
            else ""
        )
        driver = called.driver(loss.culprit_driver) if loss.culprit_driver else ""
        role = sentences.role(loss.owner_role, words) if loss.owner else ""
        broken = (
            words.count("{n} promise broken", "{n} promises broken", loss.promises_broken)
            if loss.promises_broken is not None
            else ""
        )
        heard = (
            words.say("last heard {day}", day=words.day(loss.last_heard_on))
            if loss.last_heard_on
            else words.say("never heard")
        )
        cells.append(
            [
                _two(
                    f'<a href="{address}" target="_self">{in_html(loss.account_name or loss.account_id)}</a>',
                    about,
                ),
                in_html(words.day(loss.lost_on)),
                _two(in_html(called.dimension(code)), " · ".join(text for text in (driver, when) if text)),
                _two(in_html(loss.owner or words.say("no owner")), role),
                in_html(loss.churn_reason or words.say("no reason given")),
                _two(
                    in_html(loss_sentences.what_was_done(loss, words)),
                    " · ".join(text for text in (broken, heard) if text),
                ),
            ]
        )
    st.subheader(words.say("Each loss in a row"), anchor=False)
    st.html(
        table.table(
            columns,
            cells,
            label=words.say("Lost clients"),
            caption=words.say(
                "The culprit is what turned first and stayed, as known in the week before the loss; the "
                "reason is what the client gave. Promises broken: within {weeks} weeks before the loss."
            ),
        )
    )


def _two(first: str, below: str) -> str:
    """A cell of two lines; the first is HTML already."""
    return f"{first}<small>{in_html(below)}</small>"


def _worth(page: Page, loss: Loss) -> str:
    return page.words.money(loss.annual_value, loss.currency) if loss.annual_value is not None else ""


main()
