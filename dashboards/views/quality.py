"""Data quality: whether today's numbers can be believed, and what has to be mended."""

from __future__ import annotations

from collections import Counter

import streamlit as st

from dashboards import delivery_sentences as said
from dashboards import shapes, shell, table
from dashboards.definitions import explained
from dashboards.delivered import GateDay, Source, Stopped
from dashboards.markup import in_html, in_markdown
from dashboards.parts.believed import survey_quality
from dashboards.queries import deliveries, quality
from dashboards.shell import Page
from dashboards.texts import NOTHING
from dashboards.turns import TURNS

ICONS = {"fresh": "✓", "late": "◷", "held": "◆", "crashed": "✕", "empty": "○", "never": "○"}
OUTCOMES = ("pass", "quarantine", "held", "crashed", "none")
MOST = 6


def main() -> None:
    """Draw the page."""
    page = shell.open_page(tells_late=False)
    sources = deliveries.sources(page.snapshot)
    reach = deliveries.reach(page.snapshot)
    st.title(in_markdown(said.title(sources, reach, page.as_of, page.labels)), anchor=False)
    shell.freshness(page)
    TURNS.give_way()
    _problems(page, sources)
    _sources(page, sources)
    _gate(page)
    _stopped(page)
    _surveys(page)


def _problems(page: Page, sources: list[Source]) -> None:
    words = page.words
    reach = deliveries.reach(page.snapshot)
    lines = []
    for source in sources:
        if source.state in said.TROUBLED:
            what, next_step = said.problem(source, reach, page.as_of, page.labels)
            message = (
                f"<small>{in_html(source.last_message)}</small>"
                if source.state in said.REFUSED and source.last_message
                else ""
            )
            lines.append(
                f"<strong>{in_html(source.source)}</strong>: {in_html(what)} {in_html(words.say('Next:'))} "
                f"{in_html(next_step)} <code>{in_html(said.command(source))}</code>{message}"
            )
    for source in sorted(sources, key=lambda each: (-each.n_quarantined, -each.n_waiting, each.source)):
        if source.n_quarantined:
            what = said.outside(source, words)
            next_step = words.say("correct the mapping or the file, then run")
            lines.append(
                f"<strong>{in_html(source.source)}</strong>: {in_html(what)}. {in_html(words.say('Next:'))} "
                f"{in_html(next_step)} <code>gapwatch gate repair --source {in_html(source.source)}</code>"
            )
        elif source.n_waiting:
            what = said.outside(source, words)
            comes = words.say("They come in by themselves once it is delivered.")
            lines.append(f"<strong>{in_html(source.source)}</strong>: {in_html(what)}. {in_html(comes)}")
    if not lines:
        return
    items = [f'<div role="listitem">{line}</div>' for line in lines]
    shown, rest = items[:MOST], items[MOST:]
    st.html(f'<div role="list" class="gw-problems">{"".join(shown)}</div>')
    if rest:
        with st.expander(words.count("{n} more", "{n} more", len(rest)), icon=":material/list:"):
            st.html(f'<div role="list" class="gw-problems">{"".join(rest)}</div>')


def _sources(page: Page, sources: list[Source]) -> None:
    words = page.words
    columns = [
        table.Column(in_html(words.say("Source")), "gw-name"),
        table.Column(explained(page, "source_state", words.say("State")), "gw-tight"),
        table.Column(in_html(words.say("Newest fact"))),
        table.Column(in_html(words.say("Expected")), "gw-hide-phone"),
        table.Column(in_html(words.say("Last let in (UTC)")), "gw-hide-phone"),
        table.Column(explained(page, "rows_in", words.say("Rows")), "gw-num gw-hide-phone"),
        table.Column(explained(page, "quarantined", words.say("Set aside")), "gw-num"),
        table.Column(explained(page, "waiting", words.say("Waiting")), "gw-num gw-hide-phone"),
    ]
    title = words.say("Sources")
    st.subheader(title, anchor=False)
    st.html(table.table(columns, [_source_cells(page, each) for each in sources], label=title))


def _source_cells(page: Page, row: Source) -> list[str]:
    words = page.words
    css = "gw-pos" if row.state == "fresh" else "gw-neg"
    word = in_html(said.state(row.state, words))
    newest, since = NOTHING, ""
    if row.newest_known_at is not None:
        newest = in_html(words.day(row.newest_known_at.date()))
        since = in_html(words.say("{age} ago", age=words.age(row.newest_known_at, page.as_of)))
    good = in_html(words.instant(row.last_good_at).removesuffix(" UTC")) if row.last_good_at else NOTHING
    kind = in_html(words.say("{contract} from {system}", contract=row.contract, system=row.system or NOTHING))
    return [
        f"{in_html(row.source)}<small>{kind}</small>",
        f'<span class="gw-state {css}">{ICONS.get(row.state, "")} {word}</span>',
        f"{newest}<small>{since}</small>",
        in_html(said.expected(row, words)),
        good,
        in_html(words.integer(row.n_rows)),
        _count(page, row.n_quarantined),
        _count(page, row.n_waiting),
    ]


def _count(page: Page, n: int) -> str:
    shown = in_html(page.words.integer(n))
    return f"<strong>{shown}</strong>" if n else f'<span class="gw-muted">{shown}</span>'


def _gate(page: Page) -> None:
    words = page.words
    found = deliveries.gate_days(page.snapshot)
    title = words.say("What was delivered, last {gate_days} days")
    st.subheader(title, anchor=False)
    if not found:
        st.markdown(words.say("No batch was delivered yet."))
        return
    keys = "".join(
        f"<span>{shapes.outcome_key(code, page.colours)} {in_html(said.outcome(code, words))}</span>"
        for code in OUTCOMES
    )
    st.html(f'<div class="gw-legend">{keys}</div>')
    first = next(iter(found.values()))
    span = words.say(
        "{first} to {last}", first=words.day(first[0].delivered_on), last=words.day(first[-1].delivered_on)
    )
    columns = [
        table.Column(in_html(words.say("Source")), "gw-name"),
        table.Column(explained(page, "gate_day", span)),
        table.Column(in_html(words.say("In words"))),
    ]
    cells = []
    for source, days in found.items():
        told = _counted(page, days)
        alt = words.say("{source}: {told}", source=source, told=told)
        strip = shapes.days([day.outcome for day in days], page.colours, alt)
        cells.append([in_html(source), strip, in_html(told)])
    st.html(table.table(columns, cells, label=title, css="gw-days"))


def _counted(page: Page, days: list[GateDay]) -> str:
    words = page.words
    counts = Counter(day.outcome for day in days)
    parts = [
        words.count(
            "{outcome} on {n} day", "{outcome} on {n} days", counts[code], outcome=said.outcome(code, words)
        )
        for code in OUTCOMES[:-1]
        if counts[code]
    ]
    return words.say(", ").join(parts) or words.say("nothing in these days")


def _stopped(page: Page) -> None:
    words = page.words
    rows = deliveries.stopped(page.snapshot)
    title = words.say("Rows that stand outside, by rule")
    st.subheader(title, anchor=False)
    if not rows:
        st.markdown(words.say("None: every row that was delivered has been let in."))
        return
    columns = [
        table.Column(in_html(words.say("Rule")), "gw-name"),
        table.Column(in_html(words.say("Source")), "gw-name gw-hide-phone"),
        table.Column(in_html(words.say("Who acts"))),
        table.Column(in_html(words.say("Rows")), "gw-num"),
        table.Column(in_html(words.say("Since")), "gw-hide-phone"),
    ]
    cells = [_stopped_cells(page, row) for row in rows]
    caption = words.say(
        "Not one of these rows is in any number. `gapwatch status` lists the files and lines."
    )
    st.html(table.table(columns, cells, label=title, caption=caption.replace("`", "")))


def _stopped_cells(page: Page, row: Stopped) -> list[str]:
    words = page.words
    named = f"{row.rule} · {row.column_name}" if row.column_name else row.rule
    acts = (
        words.say("nobody: it comes in by itself")
        if row.status == "waiting"
        else words.say("whoever owns the file or the mapping")
    )
    batches = words.count("in {n} batch", "in {n} batches", row.n_batches)
    on_phones = f'<small><span class="gw-phone">{in_html(row.source)}</span></small>'
    return [
        f"{in_html(said.rule(row, words))}<small>{in_html(named)}</small>{on_phones}",
        in_html(row.source),
        in_html(acts),
        f"{in_html(words.integer(row.n_rows))}<small>{in_html(batches)}</small>",
        in_html(words.day(row.first_stopped_at.date() if row.first_stopped_at else None)),
    ]


def _surveys(page: Page) -> None:
    words = page.words
    title = words.say("How well the survey measures")
    st.subheader(title, anchor=False)
    week = deliveries.newest_week(page.snapshot)
    rows = quality.qualities(page.snapshot, week.week_id) if week else []
    if not rows:
        st.markdown(words.say("No relationship survey has been answered yet."))
        return
    st.html(survey_quality(page, rows))


main()
