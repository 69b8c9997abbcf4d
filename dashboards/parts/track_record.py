"""How often each rule of alerts was right: precision with its interval, beside picking blindly."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboards import alert_sentences, graphics, table
from dashboards.alerted import RuleRecord
from dashboards.markup import in_html
from dashboards.shell import Page
from dashboards.texts import Words


def drawn(page: Page, records: Sequence[RuleRecord], n_weeks: int | None) -> None:
    """The record of every rule; what it rests on is said above it."""
    words = page.words
    title = words.say("How often each rule was right")
    st.subheader(title, anchor=False)
    if not records or n_weeks is None:
        st.markdown(words.say("No rule was replayed yet. Next: `gapwatch backtest`."))
        return
    lead = alert_sentences.replayed(records, n_weeks, words)
    st.html(f'<p class="gw-line" style="margin:0">{in_html(lead)}</p>')
    st.html(listed(page, records))


def listed(page: Page, records: Sequence[RuleRecord]) -> str:
    """The table of the rules."""
    words = page.words
    columns = [
        table.Column(in_html(words.say("Rule"))),
        table.Column(in_html(_scale(records, words))),
    ]
    label = words.say("How often each rule was right")
    return table.table(columns, [_cells(page, record) for record in records], label=label)


def _scale(records: Sequence[RuleRecord], words: Words) -> str:
    """What the graphic spans, and what its dashed line is; one base rate holds for all rules."""
    known = [record.base_rate for record in records if record.base_rate is not None]
    if not known:
        return words.say("Right, 0 to 100%")
    return words.say("Right, 0 to 100%; dashed: picked blindly, {share}", share=words.share(known[0]))


def _cells(page: Page, record: RuleRecord) -> list[str]:
    words = page.words
    name, said = alert_sentences.kind(record.kind, words), alert_sentences.record(record, words)
    image = ""
    if record.precision is not None:
        alt = words.say(
            "{rule}: right in {share}, 95 % interval {low} to {high}; picked blindly {base}",
            rule=name,
            share=words.share(record.precision),
            low=words.share(record.precision_low),
            high=words.share(record.precision_high),
            base=words.share(record.base_rate),
        )
        image = graphics.share_strip(
            record.precision,
            (record.precision_low, record.precision_high),
            record.base_rate,
            page.colours,
            alt,
        )
    return [f"{in_html(name[:1].upper() + name[1:])}<small>{in_html(said)}</small>", image]
