"""Charts over time of what happened: a client's evidence in lanes, the way to a loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from dashboards.at_risk import Evidence, Loss, LossEvent
from dashboards.texts import Words
from dashboards.theme import Palette
from dashboards.vega import Spec, days, framed, group, mark, told, told_day

LANES = ("alert", "answer", "ticket", "delivery", "meeting")
LANE_HEIGHT, LOSS_ROW = 30, 22


def evidence_chart(
    rows: Sequence[tuple[Evidence, str]],
    since: date | None,
    until: date,
    words: Words,
    colours: Palette,
) -> Spec:
    """What happened, in five lanes; ``rows`` carry what each is in words, ``since`` starts the shade.

    A diamond is late, negative or open, a circle as promised: shape and colour say the same.
    """
    names = lane_names(words)
    lane = {
        "field": "lane",
        "type": "nominal",
        "scale": {"domain": [names[each] for each in LANES]},
        "title": None,
        "axis": {"grid": True, "labelLimit": 140, "domain": False},
    }
    values = [
        {"on": row.occurred_on.isoformat(), "lane": names[row.lane], "bad": row.is_adverse, "what": text}
        for row, text in rows
    ]
    channels = {
        "x": days("on", words, 5),
        "y": lane,
        "tooltip": [told_day("on", words.say("day")), told("what", words.say("what"))],
    }
    calm = mark("point", channels, shape="circle", filled=True, color=colours.muted, size=42, opacity=0.55)
    bad = mark("point", channels, shape="diamond", filled=True, color=colours.short, size=75, opacity=0.95)
    layers = [
        group([value for value in values if not value["bad"]], [calm]),
        group([value for value in values if value["bad"]], [bad]),
    ]
    if since is not None:
        span = {"x": channels["x"], "x2": {"field": "until"}}
        shaded = {"on": since.isoformat(), "until": until.isoformat()}
        layers.insert(0, group([shaded], [mark("rect", span, color=colours.short, opacity=0.1)]))
    return framed(layers, LANE_HEIGHT * len(LANES) + 40, colours)


def loss_chart(
    loss: Loss,
    events: Sequence[LossEvent],
    labels: Mapping[str, str],
    weeks: int,
    words: Words,
    colours: Palette,
) -> Spec:
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
    x = {
        "field": "from",
        "type": "quantitative",
        "scale": {"domain": [-weeks, 0], "nice": False, "clamp": True},
        "axis": {
            "title": words.say("weeks before notice"),
            "format": "d",
            "tickCount": 6,
            "grid": True,
            "labelExpr": "datum.value < 0 ? '\u2212' + format(-datum.value, 'd') : '0'",
        },
    }
    y = {
        "field": "row",
        "type": "nominal",
        "scale": {"domain": list(labels.values())},
        "title": None,
        "axis": {"labelLimit": 170, "domain": False},
    }
    channels = {"x": x, "x2": {"field": "to"}, "y": y}
    layers = [
        group(
            [bar for bar in bars if not bar["first"]], [mark("bar", channels, color=colours.muted, size=9)]
        ),
        group([bar for bar in bars if bar["first"]], [mark("bar", channels, color=colours.short, size=11)]),
    ]
    for at, text, colour, lift in _rules(loss, events, weeks, words, colours):
        words_above = {"x": x, "y": {"value": 0}, "text": {"field": "text", "type": "nominal"}}
        style = {"fontSize": 11, "align": "right", "dx": -3, "dy": lift, "baseline": "bottom"}
        rule = [
            mark("rule", {"x": x}, color=colour, strokeWidth=1.6),
            mark("text", words_above, color=colour, **style),
        ]
        layers.append(group([{"from": at, "text": text}], rule))
    return framed(layers, LOSS_ROW * len(labels) + 66, colours)


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
