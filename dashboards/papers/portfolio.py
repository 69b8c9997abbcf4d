"""The board paper on all clients: who may leave, where we stand, what moved, whom we lost."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from dashboards import (
    alert_sentences,
    caveats,
    charts,
    definitions,
    loss_sentences,
    movements,
    risk_sentences,
    sentences,
    survey_sentences,
    table,
)
from dashboards.at_risk import Loss
from dashboards.markup import in_html
from dashboards.papers import sheet
from dashboards.papers.sheet import Paper
from dashboards.parts import at_risk, moved, track_record
from dashboards.parts.common import gap_keys
from dashboards.parts.panels import key_figures, nobody_heard, panel
from dashboards.parts.worklist import SPARK_WEEKS, number, spark
from dashboards.queries import alerts, felt, losses, measured, portfolio, quality, shared
from dashboards.queries import risk as asked_of
from dashboards.rows import Filters, Week
from dashboards.shapes import situation_key
from dashboards.shell import Page
from dashboards.situations import SITUATIONS
from dashboards.texts import NOTHING

LISTED, LOST, PANEL_HEIGHT, BOX_HEIGHT = 20, 10, 150, 60
EVERYBODY = Filters()
TERMS = (
    *("perception", "expectation", "minimum", "felt_gap", "heard", "best_estimate", "interval"),
    *("reliability", "trend", "promise_gap", "situation", "overall_gap"),
)


def paper(page: Page) -> Paper:
    """The paper on the newest week; the finding alone where no week has ended yet."""
    words = page.words
    weeks = shared.weeks(page.snapshot)
    if not weeks:
        return Paper(words.say("No week has ended yet"))
    week = weeks[0]
    made = Paper(title(page, week))
    _at_risk(page, week, made)
    _standing(page, week, made)
    _felt(page, week, made)
    _lost(page, made)
    _record(page, made)
    made.add(words.say("How to read this"), method(page))
    return made


def title(page: Page, week: Week) -> str:
    """The finding, as the first page of the screens has it."""
    counts = asked_of.counts(page.snapshot, week.week_id, None, EVERYBODY)
    culprits = asked_of.culprits(page.snapshot, week.week_id, EVERYBODY)
    return risk_sentences.risk_title(counts, culprits, None, at_risk.names(page))


def method(page: Page) -> str:
    """What the words mean, in those of the Method page."""
    found = [definitions.definition(term, page.words) for term in TERMS]
    inside = "".join(
        f"<div><dt>{in_html(each.name)}</dt><dd>{in_html(each.text)}</dd></div>" for each in found
    )
    return f'<dl class="gw-terms">{inside}</dl>'


def _at_risk(page: Page, week: Week, made: Paper) -> None:
    words = page.words
    counts = asked_of.counts(page.snapshot, week.week_id, None, EVERYBODY)
    order, among = ("risk", "risk") if counts.n_at_risk else ("silent", "all")
    rows = asked_of.worklist(page.snapshot, week.week_id, None, EVERYBODY, order, LISTED, among=among)
    pairs = tuple((r.standing.account_id, r.standing.service_dimension) for r in rows if r.standing)
    histories = portfolio.gap_histories(page.snapshot, pairs, week.week_id, SPARK_WEEKS)
    reliability = quality.unreliable(page.snapshot, week.week_id)
    columns = [
        table.Column(in_html(words.say("Client")), "gw-client gw-wrap"),
        table.Column(in_html(words.say("Why, since when, what to do")), "gw-why-cell"),
        table.Column(in_html(words.say("Risk")), "gw-num"),
        table.Column(in_html(words.say("Gap, 26 weeks"))),
        table.Column(in_html(words.say("P or gap") if reliability else words.say("Gap")), "gw-num"),
        table.Column(in_html(words.say("Owner and renewal"))),
    ]
    cells = []
    for row in rows:
        risk, standing = row.risk, row.standing
        name = row.account_name or risk.account_id
        about = " · ".join(value for value in (risk.tier, risk.region) if value)
        drawn = [NOTHING, NOTHING]
        if standing is not None:
            history = histories[standing.account_id, standing.service_dimension]
            is_reliable = standing.service_dimension not in reliability
            drawn = [
                spark(page, standing, history, is_reliable) + at_risk.trend(page, standing, is_reliable),
                number(page, standing, reliability),
            ]
        cells.append(
            [
                f"<strong>{in_html(name)}</strong><small>{in_html(about)}</small>",
                at_risk.why(page, row, week),
                at_risk.points(page, risk),
                *drawn,
                at_risk.owner_cell(page, risk, week),
            ]
        )
    n_more = counts.n_at_risk - len(rows) if counts.n_at_risk else 0
    heading = words.say("Clients by risk")
    listed = table.table(
        columns, cells, label=heading, caption=at_risk.caption(page, rows, order, counts), css="gw-work"
    )
    more = (
        words.count("{n} more client is at risk.", "{n} more clients are at risk.", n_more)
        if n_more > 0
        else ""
    )
    made.add(heading, listed if rows else "", sheet.line(more))


def _standing(page: Page, week: Week, made: Paper) -> None:
    """Key figures, a panel for each service dimension, and why the mean gap moved."""
    words, snapshot = page.words, page.snapshot
    rows = portfolio.portfolio(snapshot, week.week_id, "all", "all")
    figures = key_figures(page, rows["overall"], None) if "overall" in rows else ""
    asked = survey_sentences.scores(quality.scores(snapshot, "all", "all", week.week_id), words)
    reliability = quality.unreliable(snapshot, week.week_id)
    history = portfolio.portfolio_history(snapshot, week.week_id, "all", "all")
    shown = [code for code in page.labels.codes if code in rows]
    domain = charts.shared_domain([history[code] for code in shown if code in history])
    panels = [
        panel(page, rows[code], history.get(code, []), domain, reliability, PANEL_HEIGHT) for code in shown
    ]
    legend = gap_keys(page, reliability, with_minimum=False)
    is_heard = any(rows[code].perception_score is not None for code in shown)
    made.add(
        words.say("Where the whole portfolio stands"),
        figures,
        sheet.line(asked),
        sheet.whole(legend, sheet.side_by_side(panels)) if is_heard else nobody_heard(page),
    )
    changes = measured.portfolio_changes(snapshot, week.week_id, "all", "all")
    whole = next((change for change in changes if change.service_dimension == "overall"), None)
    if whole is None:
        return
    if whole.satisfaction_gap_change is None:
        reason = movements.no_change(whole.null_reason, words, against=whole.weeks_before)
        made.add(words.say("Why the mean gap moved"), sheet.line(reason))
        return
    made.add(
        movements.change_title(whole, words),
        moved.waterfall(page, movements.portfolio_parts(whole, words), words.say("All dimensions")),
        sheet.line(movements.coverage(whole, words)),
    )


def _felt(page: Page, week: Week, made: Paper) -> None:
    """How many clients feel what was broken, and how many do not yet, by service dimension."""
    words = page.words
    counts = {
        code: Counter(point.situation for point in felt.points(page.snapshot, week.week_id, code, EVERYBODY))
        for code in page.labels.codes
    }
    known = {code: found for code, found in counts.items() if any(found[each] for each in SITUATIONS)}
    if not known:
        return
    columns = [
        table.Column(in_html(words.say("Dimension"))),
        *(
            table.Column(
                f"{situation_key(each, page.colours)} {in_html(caveats.situation(each, words))}", "gw-num"
            )
            for each in SITUATIONS
        ),
        table.Column(in_html(words.say("not known on both sides")), "gw-num"),
    ]
    cells = [
        [
            in_html(page.labels.of(code)),
            *(in_html(words.integer(found[each])) for each in SITUATIONS),
            in_html(words.integer(found.total() - sum(found[each] for each in SITUATIONS))),
        ]
        for code, found in known.items()
    ]
    first = max(known, key=lambda code: known[code]["factual_bad"])
    heading = words.say("Felt and factual")
    made.add(
        heading,
        sheet.line(sentences.unfelt_title(page.labels.of(first), known[first], words)),
        table.table(columns, cells, label=heading),
    )


def _lost(page: Page, made: Paper) -> None:
    """The losses of a year: what turned first, what was seen and done."""
    words, called = page.words, at_risk.names(page)
    until = page.as_of.date()
    since = until - timedelta(days=365)
    found = losses.losses(page.snapshot, since, until, None, EVERYBODY)
    if not found:
        return
    causes = losses.causes(page.snapshot, since, until, EVERYBODY)
    leader = causes[0].service_dimension if causes else None
    middle = losses.middle_weeks(page.snapshot, since, until, leader, EVERYBODY) if leader else None
    finding = loss_sentences.losses_title(len(found), causes, None, middle, called, is_year=True)
    columns = [
        table.Column(in_html(words.say("Client")), "gw-client gw-wrap"),
        table.Column(in_html(words.say("Notice"))),
        table.Column(in_html(words.say("Turned first"))),
        table.Column(in_html(words.say("Reason given"))),
        table.Column(in_html(words.say("Seen and done"))),
    ]
    cells = [_loss_cells(page, loss) for loss in found[:LOST]]
    n_more = len(found) - len(cells)
    more = (
        words.count("{n} earlier loss is not listed.", "{n} earlier losses are not listed.", n_more)
        if n_more
        else ""
    )
    made.add(finding, table.table(columns, cells, label=words.say("Lost clients")), sheet.line(more))


def _loss_cells(page: Page, loss: Loss) -> list[str]:
    words = page.words
    worth = words.money(loss.annual_value, loss.currency) if loss.annual_value is not None else ""
    about = " · ".join(text for text in (loss.tier, loss.region, worth) if text)
    return [
        f"<strong>{in_html(loss.account_name or loss.account_id)}</strong><small>{in_html(about)}</small>",
        in_html(words.day(loss.lost_on)),
        in_html(loss_sentences.cause(loss, at_risk.names(page))),
        in_html(loss.churn_reason or words.say("no reason given")),
        in_html(loss_sentences.what_was_done(loss, words)),
    ]


def _record(page: Page, made: Paper) -> None:
    """How often each rule of alerts was right in the replay."""
    words = page.words
    records, n_weeks = alerts.rule_records(page.snapshot), alerts.replayed_weeks(page.snapshot)
    heading = words.say("How often each rule was right")
    if not records or n_weeks is None:
        made.add(
            heading,
            sheet.line(words.say("No rule was replayed yet. Next: `gapwatch backtest`.").replace("`", "")),
        )
        return
    made.add(
        heading,
        sheet.line(alert_sentences.replayed(records, n_weeks, words)),
        track_record.listed(page, records),
    )
