"""The worklist of clients at risk: why and since when, on what evidence, what to do, whose it is."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from dashboards import caveats, filters, risk_sentences, sentences, table
from dashboards.at_risk import Risk, RiskCounts, RiskRow
from dashboards.labels import renewal
from dashboards.markup import in_html
from dashboards.parts.common import seen_on
from dashboards.parts.worklist import FEW, MANY, SPARK_WEEKS, dumbbell, number, spark
from dashboards.queries import portfolio, quality
from dashboards.queries import risk as asked_of
from dashboards.risk_sentences import Names
from dashboards.rows import Filters, Standing, Week
from dashboards.shell import Page
from dashboards.texts import NOTHING


def names(page: Page) -> Names:
    """Names of dimensions and drivers in the page's language."""
    return Names(page.labels, asked_of.driver_labels(page.snapshot))


def at_risk(page: Page, week: Week, dim: str | None, chosen: Filters, counts: RiskCounts, order: str) -> None:
    """Draw the first rows, or as many as the address asks for."""
    words = page.words
    shown = st.query_params.get("show")
    among = "all"
    if order == "risk" and shown != "all" and counts.n_at_risk > 0:
        among = "risk" if shown == "risk" else "first"
    if order == "risk" and counts.n_at_risk == 0:
        order = "silent"
    rows = asked_of.worklist(
        page.snapshot,
        week.week_id,
        dim,
        chosen,
        order,
        MANY if shown in ("all", "risk") else FEW,
        among=among,
    )
    if not rows:
        st.html(table.box(words.say("Nobody to list"), _why_nobody(page, dim), 60))
        return
    pairs = tuple((r.standing.account_id, r.standing.service_dimension) for r in rows if r.standing)
    histories = portfolio.gap_histories(page.snapshot, pairs, week.week_id, SPARK_WEEKS)
    reliability = quality.unreliable(page.snapshot, week.week_id)
    cells = [_cells(page, row, week, histories, reliability) for row in rows]
    st.html(
        table.table(
            _columns(page, bool(reliability)),
            cells,
            label=words.say("Clients by risk") if order != "renewal" else words.say("Clients by renewal"),
            caption=caption(page, rows, order, counts),
            css="gw-work gw-risky",
        )
    )


def _why_nobody(page: Page, dim: str | None) -> str:
    words = page.words
    if dim is not None:
        return words.say(
            "{dimension} is the culprit of no client in view. Choose all dimensions.",
            dimension=names(page).dimension(dim),
        )
    return words.say("No client was active in this week; choose another one.")


def _columns(page: Page, some_unreliable: bool) -> list[table.Column]:
    words = page.words
    return [
        table.Column(in_html(words.say("Client")), "gw-client gw-wrap"),
        table.Column(in_html(words.say("Why, since when, what to do")), "gw-why-cell"),
        table.Column(in_html(words.say("Risk")), "gw-num gw-risk-cell"),
        table.Column(
            table.heading_keys(page.colours, words.say("perception"), words.say("expectation")),
            "gw-hide-narrow gw-tight",
        ),
        table.Column(in_html(words.say("Gap, 26 weeks")), "gw-tight"),
        table.Column(
            in_html(words.say("P or gap") if some_unreliable else words.say("Gap")), "gw-num gw-small-cell"
        ),
        table.Column(in_html(words.say("Owner and renewal")), "gw-owner-cell"),
    ]


def caption(page: Page, rows: list[RiskRow], order: str, counts: RiskCounts) -> str:
    """What stands below the list: its order, what the points are, who is not in it."""
    words = page.words
    first = {
        "risk": words.say("Most risk points first."),
        "silent": words.say("Nobody is at risk: silent clients first, for silence is not happiness."),
        "renewal": words.say("The next contract to end first."),
    }[order]
    if any(row.risk.churn_probability is not None for row in rows):
        model = words.say("Below the points: the probability of a notice, by the fitted model.")
    else:
        model = risk_sentences.rules_only(asked_of.unpublished_reason(page.snapshot), words)
    if counts.n_given_notice:
        told = words.count(
            "{n} client that has given notice is not listed.",
            "{n} clients that have given notice are not listed.",
            counts.n_given_notice,
        )
        first = words.say("{first} {told}", first=first, told=told)
    return words.say(
        "{first} Risk: points of 100 from what was known then; values are drawn towards the mean of all "
        "clients the fewer people answered. {model} Gap: perception minus expectation on the dimension "
        "named, with its 95 % interval. Trend: change against {weeks} weeks before.",
        first=first,
        model=model,
    )


def _cells(
    page: Page,
    row: RiskRow,
    week: Week,
    histories: Mapping[tuple[str, str], list[float | None]],
    reliability: Mapping[str, float | None],
) -> list[str]:
    risk, standing = row.risk, row.standing
    address = filters.link(
        "client", account=risk.account_id, dim=_kept_dimension(page), week=st.query_params.get("week")
    )
    about = " · ".join(value for value in (risk.tier, risk.region) if value)
    client = (
        f'<a href="{in_html(address)}" target="_self">{in_html(row.account_name or risk.account_id)}</a>'
        f"<small>{in_html(about)}</small>"
    )
    if standing is None:
        return [
            client,
            why(page, row, week),
            points(page, risk),
            *[NOTHING] * 3,
            owner_cell(page, risk, week),
        ]
    is_reliable = standing.service_dimension not in reliability
    history = histories[standing.account_id, standing.service_dimension]
    return [
        client,
        why(page, row, week),
        points(page, risk),
        dumbbell(page, standing, is_reliable),
        spark(page, standing, history, is_reliable) + trend(page, standing, is_reliable),
        number(page, standing, reliability),
        owner_cell(page, risk, week),
    ]


def trend(page: Page, standing: Standing, is_reliable: bool) -> str:
    """Direction and change of the window in one line; nothing where there is no change to tell."""
    words = page.words
    code = standing.gap_trend if is_reliable else standing.perception_trend
    change = standing.gap_change_13 if is_reliable else standing.perception_change_13
    if change is None:
        return ""
    text = words.say(
        "{trend}, {change} in {weeks} wk", trend=caveats.trend(code, words), change=words.signed(change)
    )
    return f"<small>{in_html(text)}</small>"


def _kept_dimension(page: Page) -> str | None:
    dim = st.query_params.get("dim")
    return dim if dim in page.labels.codes else None


def why(page: Page, row: RiskRow, week: Week) -> str:
    """The culprit and since when, the evidence, and what to do."""
    words, standing = page.words, row.standing
    finding = risk_sentences.culprit(row.risk, standing, names(page))
    if finding is None:
        finding = (
            sentences.why(standing, [standing.service_dimension], page.labels)
            if standing
            else words.say("Not at risk")
        )
    parts = []
    if standing is not None:
        parts = [sentences.evidence(standing, seen_on(page, week), words)]
        if row.risk.culprit_dimension == standing.service_dimension:
            parts.insert(0, risk_sentences.split(standing, words))
    below = in_html(" · ".join(part for part in parts if part))
    play = row.play_zh if words.language == "zh" else row.play_en
    todo = f'<small class="gw-todo">{in_html(words.say("To do: {play}", play=play))}</small>' if play else ""
    return f'<span class="gw-why">{in_html(finding)}</span><small>{below}</small>{todo}'


def points(page: Page, risk: Risk) -> str:
    """Points, the band in a word, the change, and the probability where a model gives one."""
    words = page.words
    css = {"high": "gw-neg", "medium": "gw-text"}.get(risk.risk_band, "gw-muted")
    band = in_html(risk_sentences.band(risk.risk_band, words))
    lines = [f'<small class="{css}">{band}</small>']
    if risk.churn_probability is not None:
        probable = words.say("{share} leave", share=words.share(risk.churn_probability))
        lines.append(f"<small>{in_html(probable)}</small>")
    if risk.risk_change is not None:
        change = words.say("{change} in {weeks} wk", change=words.signed(risk.risk_change))
        lines.append(f'<small class="gw-hide-phone-cell">{in_html(change)}</small>')
    return f'<span class="gw-gap {css}">{in_html(words.score(risk.risk_score))}</span>{"".join(lines)}'


def owner_cell(page: Page, risk: Risk, week: Week) -> str:
    """Who mends it, when the contract ends, and what it is worth a year."""
    words = page.words
    name = risk.culprit_owner or risk.account_manager
    code = risk.culprit_owner_role if risk.culprit_owner else "account_manager"
    owner = name or words.say("no owner")
    about = sentences.role(code, words) if name else None
    ends = renewal(risk.contract_ends_on, seen_on(page, week), words, exact=False)
    worth = words.money(risk.annual_value, risk.currency) if risk.annual_value is not None else ""
    lines = [about or "", "" if ends == NOTHING else ends, worth]
    return in_html(owner) + "".join(f"<small>{in_html(line)}</small>" for line in lines if line)
