"""The board paper on one client: who may leave and why, how they feel it, what moved, what we owe them."""

from __future__ import annotations

from dashboards import (
    caveats,
    charts,
    loss_sentences,
    movements,
    risk_sentences,
    sentences,
    survey_sentences,
    table,
)
from dashboards.at_risk import Risk
from dashboards.labels import owner, renewal
from dashboards.markup import in_html
from dashboards.papers import portfolio, sheet
from dashboards.papers.sheet import Paper
from dashboards.parts import evidence, moved
from dashboards.parts import risk as risky
from dashboards.parts.at_risk import names
from dashboards.parts.common import gap_keys, seen_on
from dashboards.parts.gaps import felt_factual, gap_panel
from dashboards.queries import client as asked_of
from dashboards.queries import losses, measured, quality, shared
from dashboards.queries import risk as asked_for
from dashboards.rows import Client, Standing, Week
from dashboards.shell import Page

PANEL_HEIGHT, BOX_HEIGHT, CHART_HEIGHT, PROMISES = 150, 60, 180, 12


def paper(page: Page, found: Client) -> Paper:
    """The paper on the newest week; of a client that left, how that came."""
    words, snapshot = page.words, page.snapshot
    weeks = shared.weeks(snapshot)
    if not weeks:
        return Paper(words.say("No week has ended yet"))
    week = weeks[0]
    risk = asked_for.client_risk(snapshot, found.account_id, week.week_id)
    culprit = risk.culprit_dimension if risk else None
    standings = asked_of.standings(snapshot, found.account_id, week.week_id)
    standings.sort(key=lambda each: each.service_dimension != culprit)
    made = Paper(_title(page, found, standings, risk, week), _lines(page, found, standings, risk, week))
    loss = losses.loss_of(snapshot, found.account_id)
    if loss is not None:
        told = loss_sentences.loss_title(found.account_name or found.account_id, loss, names(page))
        made.lines += [in_html(told), in_html(loss_sentences.what_was_done(loss, words))]
    if risk is not None:
        _risk(page, found, risk, week, made)
    if standings:
        _gaps(page, found, standings, week, made)
        _felt_and_moved(page, found, standings[0].service_dimension, week, made)
    _promises(page, found, made)
    _heard(page, found, week, made)
    made.add(words.say("How to read this"), portfolio.method(page))
    return made


def _title(page: Page, found: Client, standings: list[Standing], risk: Risk | None, week: Week) -> str:
    name = found.account_name or found.account_id
    loss = losses.loss_of(page.snapshot, found.account_id)
    if loss is not None and not standings:
        return loss_sentences.loss_title(name, loss, names(page))
    culprit = next((s for s in standings if risk and s.service_dimension == risk.culprit_dimension), None)
    turned = risk_sentences.client_title(name, risk, culprit, names(page)) if risk else None
    widest = sorted(standings, key=lambda each: each.widest_rank or len(standings))
    unreliable = quality.unreliable(page.snapshot, week.week_id)
    return turned or sentences.client_title(name, widest, unreliable, page.labels)


def _lines(page: Page, found: Client, standings: list[Standing], risk: Risk | None, week: Week) -> list[str]:
    words = page.words
    parts = [words.say("Tier {tier}", tier=found.tier) if found.tier else "", found.region or ""]
    parts.append(renewal(found.contract_ends_on, page.as_of.date(), words, exact=True))
    if standings:
        worst = standings[0]
        last = sentences.last_heard(worst.account_last_answered_on, seen_on(page, week), words)
        parts += [sentences.heard(worst, words), last]
    role = page.labels.owner_role(standings[0].service_dimension) if standings else None
    mender = owner(found, role, words)
    if risk is not None and risk.culprit_owner is not None:
        title = sentences.role(risk.culprit_owner_role, words)
        mender = words.say("{name} ({role})", name=risk.culprit_owner, role=title)
    parts.append(words.say("owner {owner}", owner=mender) if mender else words.say("no owner"))
    lines = [" · ".join(in_html(part) for part in parts if part)]
    whole = measured.overall(page.snapshot, found.account_id, week.week_id)
    if whole is not None:
        lines.append(in_html(caveats.overall(whole, words)))
    return lines


def _risk(page: Page, found: Client, risk: Risk, week: Week, made: Paper) -> None:
    """What the risk is made of, and how it went."""
    words, snapshot = page.words, page.snapshot
    band = risk_sentences.band(risk.risk_band, words)
    drivers = asked_for.drivers(snapshot, found.account_id, week.week_id)
    inside = [sheet.line(risk_sentences.rules_only(asked_for.unpublished_reason(snapshot), words))]
    if risk.churn_probability is not None:
        share = words.share(risk.churn_probability)
        inside = [sheet.line(words.say("The fitted model gives a probability of {share}.", share=share))]
    if drivers:
        most = max(each.cap or each.points for each in drivers)
        columns = [
            table.Column(in_html(words.say("Driver"))),
            table.Column(in_html(words.say("Points")), "gw-num"),
            table.Column(""),
            table.Column(in_html(words.say("Now, {weeks} wk before"))),
            table.Column(in_html(words.say("Owner and what to do"))),
        ]
        cells = [
            risky.driver_cells(page, each, names(page), most, is_first=not at)
            for at, each in enumerate(drivers)
        ]
        inside.append(table.table(columns, cells, label=words.say("What the risk is made of")))
    points = asked_for.history(snapshot, found.account_id, week.week_id)
    if points:
        chart = risky.risk_chart(page, found, risk, points, CHART_HEIGHT)
        inside.append(sheet.whole(table.heading(words.say("Risk over time"), ""), chart))
    made.add(
        words.say("Risk {points} of 100: {band}", points=words.score(risk.risk_score), band=band), *inside
    )


def _gaps(page: Page, found: Client, standings: list[Standing], week: Week, made: Paper) -> None:
    """A panel for each service dimension, the widest gap first."""
    words = page.words
    heading = words.say("Perception against expectation")
    if all(standing.perception_score is None for standing in standings):
        silent = sentences.too_few(standings[0], words)
        made.add(heading, table.box(words.say("No service dimension has an answer"), silent, BOX_HEIGHT))
        return
    history = asked_of.client_history(page.snapshot, found.account_id, week.week_id)
    reliability = quality.unreliable(page.snapshot, week.week_id)
    domain = charts.shared_domain(list(history.values()))
    panels = []
    for standing in standings:
        code = standing.service_dimension
        points, label = history.get(code, []), page.labels.of(code)
        if standing.perception_score is None or not points:
            panels.append(table.box(label, sentences.too_few(standing, words), BOX_HEIGHT))
            continue
        below = caveats.panel(standing, reliability, sentences.place(standing, words), words)
        panels.append(
            table.heading(label, below)
            + gap_panel(page, found, standing, points, PANEL_HEIGHT, domain, reliability)
        )
    has_minimum = any(p.minimum_score is not None for points in history.values() for p in points)
    made.add(
        heading,
        sheet.whole(gap_keys(page, reliability, with_minimum=has_minimum), sheet.side_by_side(panels)),
    )


def _felt_and_moved(page: Page, found: Client, dim: str, week: Week, made: Paper) -> None:
    """Felt beside factual on the dimension in question, and why its gap moved."""
    words, within = page.words, page.labels.within(dim)
    points = asked_of.felt_factual(page.snapshot, found.account_id, dim, week.week_id)
    if any(p.satisfaction_gap is not None or p.promise_gap is not None for p in points):
        drivers = asked_for.drivers(page.snapshot, found.account_id, week.week_id)
        below = words.say(
            "felt: perception minus expectation; factual: promises kept and broken, 0 is all kept"
        )
        first = risk_sentences.lead(drivers, dim, names(page))
        made.add(
            words.say("Felt and factual: {dimension}", dimension=within),
            sheet.line(" ".join(text for text in (first, below) if text)),
            felt_factual(page, dim, points, CHART_HEIGHT),
        )
    changes = measured.changes(page.snapshot, found.account_id, week.week_id)
    change = next((each for each in changes if each.service_dimension == dim), None)
    if change is None:
        return
    title = words.say("{title}: {dimension}", title=movements.change_title(change, words), dimension=within)
    if change.satisfaction_gap_change is None:
        reason = movements.no_change(change.null_reason, words, against=change.weeks_before)
        made.add(title, sheet.line(reason))
        return
    made.add(
        title,
        moved.waterfall(page, movements.client_parts(change, words), page.labels.of(dim)),
        sheet.line(f"{movements.stayers(change, words)} {movements.coverage(change, words)}"),
    )


def _promises(page: Page, found: Client, made: Paper) -> None:
    """What is overdue."""
    words = page.words
    rows = asked_of.promises(page.snapshot, found.account_id, PROMISES)
    overdue = [row for row in rows if row.overdue_days is not None and row.kind not in ("count", "verdict")]
    columns = [
        table.Column(in_html(words.say("Promise"))),
        table.Column(in_html(words.say("Dimension"))),
        table.Column(in_html(words.say("Ticket or delivery")), "gw-wrap"),
        table.Column(in_html(words.say("Due"))),
        table.Column(in_html(words.say("State"))),
    ]
    heading = words.say("Overdue promises")
    listed = table.table(columns, [evidence.promise_cells(page, row) for row in overdue], label=heading)
    made.add(heading, listed if overdue else sheet.line(words.say("No promise is overdue.")))


def _heard(page: Page, found: Client, week: Week, made: Paper) -> None:
    """Who was heard, by what they are to us and never by name."""
    words = page.words
    rows = asked_of.contacts(page.snapshot, found.account_id)
    if not rows:
        return
    heard = sum(1 for row in rows if row.is_heard)
    kinds = survey_sentences.coverage(quality.coverage(page.snapshot, found.account_id, week.week_id), words)
    columns = [
        table.Column(in_html(words.say("Contact"))),
        table.Column(in_html(words.say("Last heard"))),
        table.Column(in_html(words.say("Ask next"))),
    ]
    heading = words.say("Contacts: {heard} heard, {silent} silent", heard=heard, silent=len(rows) - heard)
    made.add(
        heading,
        sheet.line(words.say("Heard: {kinds}.", kinds=kinds) if kinds and week.is_provisional else ""),
        table.table(columns, [evidence.contact_cells(page, row, None) for row in rows], label=heading),
    )
