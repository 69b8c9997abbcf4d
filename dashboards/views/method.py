"""Method: one worked example of a real client, and what every word and line on the screens means."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboards import caveats, definitions, filters, graphics, sentences, shapes, shell, table
from dashboards.definitions import explained
from dashboards.delivered import Worked
from dashboards.markup import in_html, in_markdown
from dashboards.parts.common import signed_html
from dashboards.queries import client as asked_of
from dashboards.queries import deliveries, measured, method
from dashboards.rows import Client
from dashboards.shell import Page
from dashboards.situations import SITUATIONS
from dashboards.turns import TURNS


def main() -> None:
    """Draw the page."""
    page = shell.open_page()
    words = page.words
    st.title(words.say("Satisfaction is perception minus expectation"), anchor=False)
    shell.freshness(page)
    st.markdown(
        words.say(
            "Every answer becomes a score from 0 to 100. The gap is what somebody experienced minus what the "
            "same person expects on the same question: 0 means met, and met means satisfied only for now."
        )
    )
    _example(page)
    TURNS.give_way()
    asked = st.query_params.get("term")
    _parts(page, asked)
    _dimensions(page)
    _colours(page)
    _settings(page)


def _example(page: Page) -> None:
    words = page.words
    account = st.query_params.get("account")
    rows = method.worked(page.snapshot, account) if account else []
    if account and not rows:
        st.toast(words.say("The link asks for an unknown {name}: shown without it.", name="account"))
        st.query_params.pop("account", None)
    if not rows:
        account = method.example(page.snapshot)
        rows = method.worked(page.snapshot, account) if account else []
    found = asked_of.client(page.snapshot, account) if account else None
    if found is None:
        title = words.say("No client can be shown as an example yet")
        st.html(table.box(title, words.say("Nobody answered both sides in the last {weeks} weeks."), 60))
        return
    name = found.account_name or found.account_id
    st.subheader(in_markdown(words.say("A real example: {client}", client=name)), anchor=False)
    columns = [
        table.Column(in_html(words.say("Dimension"))),
        table.Column(explained(page, "perception", words.say("Perception")), "gw-num gw-hide-phone"),
        table.Column(explained(page, "expectation", words.say("Expectation")), "gw-num gw-hide-phone"),
        table.Column(explained(page, "felt_gap", words.say("Gap")), "gw-num"),
        table.Column(explained(page, "kept_share", words.say("Kept")), "gw-num gw-hide-phone"),
        table.Column(explained(page, "best_estimate", words.say("Best estimate")), "gw-num"),
        table.Column(explained(page, "default_weight", words.say("Weight")), "gw-num gw-hide-phone"),
        table.Column(explained(page, "overall_gap", words.say("Part of the whole")), "gw-num gw-hide-phone"),
        table.Column(explained(page, "promise_gap", words.say("Factual")), "gw-num gw-hide-phone"),
        table.Column(explained(page, "situation", words.say("Felt and factual")), "gw-hide-phone"),
    ]
    st.html(
        table.table(
            columns,
            [_worked_cells(page, row) for row in rows],
            label=words.say("A real example: {client}", client=name),
            caption=_caption(page),
        )
    )
    for line in _steps(page, found, rows):
        st.markdown(in_markdown(line))


def _worked_cells(page: Page, row: Worked) -> list[str]:
    words = page.words
    n = words.say("n {n}", n=words.integer(row.n_paired))
    mean = words.say("of all {gap}", gap=words.signed(row.gap_of_all, 1))
    promised = words.count("{n} promise", "{n} promises", row.n_promises or 0)
    situation = caveats.situation(row.situation, words)
    perception, expectation = (
        words.score(row.paired_perception_score, 1),
        words.score(row.expectation_score, 1),
    )
    both = words.say("{perception} minus {expectation}", perception=perception, expectation=expectation)
    on_phones = f'<small><span class="gw-phone">{in_html(both)}</span></small>'
    return [
        f"{in_html(page.labels.of(row.service_dimension))}{on_phones}",
        in_html(perception),
        in_html(expectation),
        f"{signed_html(row.satisfaction_gap, words, 1)}<small>{in_html(n)}</small>",
        f"{in_html(words.share(row.kept_share))}<small>{in_html(mean)}</small>",
        f"<strong>{signed_html(row.gap_shrunk, words, 1)}</strong>",
        in_html(words.share(row.weight)),
        signed_html(row.weighted_gap, words, 2),
        f"{signed_html(row.promise_gap, words, 1)}<small>{in_html(promised)}</small>",
        in_html(situation),
    ]


def _caption(page: Page) -> str:
    words = page.words
    week = deliveries.newest_week(page.snapshot)
    return words.say(
        "As of {instant}, week of {day}.",
        instant=words.instant(page.as_of),
        day=words.day(week.week_start_on if week else None),
    )


def _steps(page: Page, found: Client, rows: Sequence[Worked]) -> list[str]:
    """The example in words: from answered to best estimate, from parts to the whole."""
    words = page.words
    lines = []
    known = [row for row in rows if row.satisfaction_gap is not None and row.gap_shrunk is not None]
    first = min(known, key=lambda row: row.gap_shrunk or 0.0, default=None)
    if first is not None:
        lines.append(
            words.count(
                "On {dimension}, {n} person answered {gap}, and the mean of all clients is {mean}. So few "
                "voices are partly chance: {kept} of the distance is kept, so {best} is the best estimate.",
                "On {dimension}, {n} people answered {gap}, and the mean of all clients is {mean}. So few "
                "voices are partly chance: {kept} of the distance is kept, so {best} is the best estimate.",
                first.n_paired,
                dimension=page.labels.within(first.service_dimension),
                gap=words.signed(first.satisfaction_gap, 1),
                mean=words.signed(first.gap_of_all, 1),
                kept=words.share(first.kept_share),
                best=words.signed(first.gap_shrunk, 1),
            )
        )
    week = deliveries.newest_week(page.snapshot)
    whole = measured.overall(page.snapshot, found.account_id, week.week_id) if week else None
    if whole is None or whole.satisfaction_gap is None:
        lines.append(
            words.say("An overall gap needs one on every dimension; here one is missing, so there is none.")
        )
        return lines
    parts = " + ".join(f"({words.signed(row.weighted_gap, 2)})" for row in rows)
    lines.append(
        words.say(
            "Overall: {parts} = {gap} points, or {best} as the best estimate.",
            parts=parts,
            gap=words.signed(whole.satisfaction_gap, 2),
            best=words.signed(whole.gap_shrunk, 1),
        )
    )
    return lines


def _parts(page: Page, asked: str | None) -> None:
    words = page.words
    found = definitions.parts(words)
    known = {each.term for _, _, each_part in found for each in each_part}
    if asked is not None and asked not in known:
        st.toast(words.say("The link asks for an unknown {name}: shown without it.", name="term"))
    for _, title, terms in found:
        is_asked = asked in {each.term for each in terms}
        with st.expander(title, expanded=is_asked, icon=":material/menu_book:"):
            st.html(
                '<dl class="gw-terms">'
                + "".join(
                    f"<dt{_marked(each.term == asked)}>{in_html(each.name)}</dt><dd>{in_html(each.text)}</dd>"
                    for each in terms
                )
                + "</dl>"
            )


def _marked(is_asked: bool) -> str:
    return ' class="gw-asked"' if is_asked else ""


def _dimensions(page: Page) -> None:
    words, labels = page.words, page.labels
    title = words.say("The service dimensions")
    columns = [
        table.Column(in_html(words.say("Dimension"))),
        table.Column(in_html(words.say("What it means"))),
        table.Column(in_html(words.say("Who mends it"))),
    ]
    cells = [
        [
            in_html(labels.of(code)),
            in_html(labels.definition(code) or ""),
            in_html(sentences.role(labels.owner_role(code), words)),
        ]
        for code in labels.codes
    ]
    with st.expander(title, icon=":material/category:"):
        st.html(table.table(columns, cells, label=title))


def _colours(page: Page) -> None:
    words, colours = page.words, page.colours
    told = {
        "factual_bad": words.say("broken, not felt yet: act now"),
        "both_bad": words.say("broken, and felt: mend"),
        "felt_bad": words.say("kept, not felt: explain"),
        "both_good": words.say("kept, and felt"),
    }
    keys = [
        (graphics.line_key(colours.perception, "", 2.4), words.say("perception")),
        (graphics.line_key(colours.expectation, "5 3", 1.6), words.say("expectation")),
        (graphics.line_key(colours.minimum, "1 3", 1.6), words.say("minimum")),
        (graphics.area_key(colours.short, 0.25), words.say("short of expectation")),
        (graphics.area_key(colours.short, 0.8), words.say("below the minimum")),
        (graphics.area_key(colours.above, 0.35), words.say("above expectation")),
        (graphics.area_key(colours.muted, 0.3), words.say("unreliable gap: read the perception")),
        *((shapes.situation_key(code, colours), told[code]) for code in SITUATIONS),
    ]
    with st.expander(words.say("What the colours and shapes mean"), icon=":material/palette:"):
        st.html(
            '<div class="gw-legend">'
            + "".join(f"<span>{image}{in_html(text)}</span>" for image, text in keys)
            + "</div>"
        )


def _settings(page: Page) -> None:
    words = page.words
    title = words.say("Every line and threshold, with its reason")
    columns = [
        table.Column(in_html(words.say("Name")), "gw-wrap"),
        table.Column(in_html(words.say("Value")), "gw-num"),
        table.Column(in_html(words.say("Reason"))),
    ]
    cells = [
        [
            f"<code>{in_html(row.name)}</code>",
            f"{in_html(words.threshold(row.value))}<small>{in_html(words.seeded(row.unit))}</small>",
            (f"<strong>{in_html(words.say('set by this workspace'))}</strong> · " if row.is_own else "")
            + in_html(words.seeded(row.reason)),
        ]
        for row in page.settings.values()
    ]
    caption = words.say("As these numbers were made with; `vars` in gapwatch.yml changes them.").replace(
        "`", ""
    )
    with st.expander(title, icon=":material/tune:"):
        st.html(table.table(columns, cells, label=title, caption=caption))
    st.page_link(
        "views/quality.py",
        label=words.say("Quality of surveys and of sources"),
        icon=":material/fact_check:",
        query_params={name: value for name in filters.LASTING if (value := filters.lasting(name))},
    )


main()
