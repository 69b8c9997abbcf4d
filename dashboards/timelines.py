"""Altair charts over time of what happened: risk by week, a client's evidence in lanes, the way to a loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import altair as alt

from dashboards.at_risk import Evidence, Lines, Loss, LossEvent, RiskPoint
from dashboards.charts import EndLabel, end_labels, framed, hover, week_axis, week_tooltip
from dashboards.texts import Words
from dashboards.theme import Palette

LANES = ("alert", "answer", "ticket", "delivery", "meeting")
LANE_HEIGHT, LOSS_ROW = 30, 22


def risk_chart(
    points: Sequence[RiskPoint], lines: Lines | None, words: Words, colours: Palette, *, height: int
) -> alt.LayerChart:
    """Risk points by week, with the lines from which a client is at risk and at high risk."""
    values = [{"week_start_on": p.week_start_on.isoformat(), "risk_score": p.risk_score} for p in points]
    ends = [p.risk_score for p in points] + ([lines.high] if lines else [])
    domain = (0.0, min(100.0, (max(ends) // 10 + 1) * 10.0))
    scale = alt.Scale(domain=list(domain), zero=False, nice=False, clamp=True)
    axis = alt.Axis(tickCount=4, format="d")
    base = alt.Chart(alt.Data(values=values)).encode(x=week_axis(words))
    y = alt.Y("risk_score:Q", scale=scale, title=None, axis=axis)
    layers: list[alt.Chart] = []
    at = points[-1].week_start_on.isoformat()
    labels = [EndLabel(points[-1].risk_score, words.score(points[-1].risk_score), colours.short)]
    for line, word in ((lines.high, words.say("high")), (lines.medium, words.say("medium"))) if lines else ():
        layers.append(
            alt.Chart(alt.Data(values=[{"y": line}]))
            .mark_rule(color=colours.muted, strokeDash=[4, 4])
            .encode(y=alt.Y("y:Q", scale=scale, title=None, axis=axis))
        )
        labels.append(EndLabel(line, word, colours.muted))
    tooltip = [week_tooltip(words), alt.Tooltip("risk_score:Q", title=words.say("risk points"), format=".0f")]
    layers += [
        base.mark_line(color=colours.short, strokeWidth=2.4).encode(y=y),
        base.mark_point(color=colours.short, filled=True, size=18, opacity=1).encode(y=y),
        *end_labels(at, labels, scale, axis, domain, height),
        hover(base, words, colours, tooltip),
    ]
    return framed(alt.layer(*layers), height, colours)


def evidence_chart(
    rows: Sequence[tuple[Evidence, str]],
    since: date | None,
    until: date,
    words: Words,
    colours: Palette,
) -> alt.LayerChart:
    """What happened, in five lanes; ``rows`` carry what each is in words, ``since`` starts the shade.

    A diamond is late, negative or open, a circle as promised: shape and colour say the same.
    """
    names = lane_names(words)
    order = [names[lane] for lane in LANES]
    lane = alt.Y(
        "lane:N",
        scale=alt.Scale(domain=order),
        title=None,
        axis=alt.Axis(grid=True, labelLimit=140, domain=False),
    )
    values = [
        {"on": row.occurred_on.isoformat(), "lane": names[row.lane], "bad": row.is_adverse, "what": text}
        for row, text in rows
    ]
    x = alt.X(
        "on:T",
        scale=alt.Scale(type="utc"),
        axis=alt.Axis(title=None, format=words.say("%b %y"), tickCount=5, grid=False, labelOverlap=True),
    )
    tooltip = [
        alt.Tooltip("utcyearmonthdate(on):T", title=words.say("day"), format="%Y-%m-%d"),
        alt.Tooltip("what:N", title=words.say("what")),
    ]
    points = alt.Chart(alt.Data(values=values))
    calm = (
        points.transform_filter("!datum.bad")
        .mark_point(shape="circle", filled=True, color=colours.muted, size=42, opacity=0.55)
        .encode(x=x, y=lane, tooltip=tooltip)
    )
    bad = (
        points.transform_filter("datum.bad")
        .mark_point(shape="diamond", filled=True, color=colours.short, size=75, opacity=0.95)
        .encode(x=x, y=lane, tooltip=tooltip)
    )
    layers = [calm, bad]
    if since is not None:
        shade = (
            alt.Chart(alt.Data(values=[{"on": since.isoformat(), "until": until.isoformat()}]))
            .mark_rect(color=colours.short, opacity=0.1)
            .encode(x=alt.X("on:T", scale=alt.Scale(type="utc"), title=None), x2="until:T")
        )
        layers.insert(0, shade)
    return framed(alt.layer(*layers), LANE_HEIGHT * len(LANES) + 40, colours)


def loss_chart(
    loss: Loss,
    events: Sequence[LossEvent],
    labels: Mapping[str, str],
    weeks: int,
    words: Words,
    colours: Palette,
) -> alt.LayerChart:
    """A bar for each dimension from the week it turned to its end or the loss, the first one orange.

    ``labels`` are the rows by code, in display order; ``weeks`` is how far back all losses are drawn.
    """
    bars = [
        {
            "row": labels[code],
            "from": -min(weeks, event.weeks_before_loss),
            "to": -until(event, loss),
            "first": code == loss.culprit_dimension and event.driver == loss.culprit_driver,
        }
        for event in events
        if event.event == "driver_turned" and (code := event.service_dimension) in labels
    ]
    x_scale = alt.Scale(domain=[-weeks, 0], nice=False, clamp=True)
    axis = alt.Axis(
        title=words.say("weeks before notice"),
        format="d",
        tickCount=6,
        grid=True,
        labelExpr="datum.value < 0 ? '\u2212' + format(-datum.value, 'd') : '0'",
    )
    y = alt.Y(
        "row:N",
        scale=alt.Scale(domain=list(labels.values())),
        title=None,
        axis=alt.Axis(labelLimit=170, domain=False),
    )
    x = alt.X("from:Q", scale=x_scale, axis=axis)
    data = alt.Chart(alt.Data(values=bars))
    layers = [
        data.transform_filter("!datum.first")
        .mark_bar(color=colours.muted, size=9)
        .encode(x=x, x2="to:Q", y=y),
        data.transform_filter("datum.first")
        .mark_bar(color=colours.short, size=11)
        .encode(x=x, x2="to:Q", y=y),
    ]
    for at, text, colour, lift in _rules(loss, events, weeks, words, colours):
        rule = alt.Chart(alt.Data(values=[{"from": at, "text": text}]))
        layers += [
            rule.mark_rule(color=colour, strokeWidth=1.6).encode(x=x),
            rule.mark_text(
                color=colour, fontSize=11, align="right", dx=-3, dy=lift, baseline="bottom"
            ).encode(x=x, y=alt.value(0), text="text:N"),
        ]
    height = LOSS_ROW * len(labels) + 66
    return framed(alt.layer(*layers), height, colours)


def until(event: LossEvent, loss: Loss) -> int:
    """Whole weeks before the loss at which a turn ended; 0 where it stayed."""
    return 0 if event.ended_on is None else max(0, (loss.lost_on - event.ended_on).days // 7)


def lane_names(words: Words) -> dict[str, str]:
    """What each lane is called."""
    return {
        "alert": words.say("Alerts"),
        "answer": words.say("Answers"),
        "ticket": words.say("Tickets"),
        "delivery": words.say("Deliveries"),
        "meeting": words.say("Meetings"),
    }


def _rules(
    loss: Loss, events: Sequence[LossEvent], weeks: int, words: Words, colours: Palette
) -> list[tuple[int, str, str, int]]:
    """Place, words, colour and lift of each rule: the first alert, its answer, the notice."""
    known = {
        "alert_sent": (words.say("alert sent"), colours.perception),
        "alert_acknowledged": (words.say("answered"), colours.above),
    }
    found: list[tuple[int, str, str, int]] = []
    for kind, (text, colour) in known.items():
        first = next((e for e in events if e.event == kind), None)
        if first is not None and first.weeks_before_loss <= weeks:
            # The second of two that stand close gets a line of its own.
            lift = -16 if found else -3
            found.append((-first.weeks_before_loss, text, colour, lift))
    notice = words.say("notice given") if loss.notice_given_on else words.say("left")
    return [*found, (0, notice, colours.expectation, -3)]
