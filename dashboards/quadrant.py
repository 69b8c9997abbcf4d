"""The scatter of felt against factual: four shapes, two dashed thresholds, labels where there is room."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence

from dashboards.shapes import VEGA, situation_colours
from dashboards.situations import SITUATIONS, FeltPoint
from dashboards.texts import Words
from dashboards.theme import Palette
from dashboards.vega import SIGNED, Scale, Spec, framed, group, mark, told

HEIGHT = 430
PICKED = "client"  # the selection a click makes
# Room of one label on a phone's chart, in shares of the ranges shown.
LABEL_WIDE, LABEL_HIGH, MOST_LABELS = 0.5, 0.036, 14
MOST_TRIED = 100  # where so many clients to act on found no room beside their marks, no other will
LONGEST = 22  # characters of a name beside its mark
MANY = 2000  # from here on marks are small and let others show through


def scatter(
    points: Sequence[FeltPoint], felt_line: float, factual_line: float, words: Words, colours: Palette
) -> Spec:
    """Clients by promise_gap (across) and perception (up), both known; lines from the settings, as scores."""
    x_domain = (min([-30.0, *(p.promise_gap for p in points if p.promise_gap is not None)]) - 3, 2.0)
    known = [p.perception_shrunk_score for p in points if p.perception_shrunk_score is not None]
    y_domain = (max(0.0, min([felt_line - 15, *known]) - 4), min(100.0, max([felt_line + 15, *known]) + 4))
    across = {
        "tickCount": 5,
        "labelExpr": SIGNED,
        "title": words.say("factual: deeds against promises, 0 is all kept"),
    }
    upwards = {"tickCount": 5, "format": "d", "title": words.say("felt: perception, 0 to 100")}
    # Clamped, a mark beyond the range would be drawn where it is not.
    deeds, felt = Scale(x_domain, across, is_clamped=False), Scale(y_domain, upwards, is_clamped=False)
    looks = situation_colours(colours)
    dots = mark(
        "point",
        {
            "x": deeds.of("promise_gap"),
            "y": felt.of("perception"),
            "shape": _by_situation(VEGA),
            "color": _by_situation(looks),
            "tooltip": [
                told("name", words.say("client")),
                told("perception", words.say("perception"), ".0f"),
                told("n_contacts", words.say("contacts"), "d"),
                told("promise_gap", words.say("factual gap"), ".0f"),
                told("n_promises", words.say("promises"), "d"),
            ],
        },
        filled=True,
        size=30 if len(points) > MANY else 85,
        opacity=0.4 if len(points) > MANY else 0.85,
        cursor="pointer",
    )
    dots["params"] = [{"name": PICKED, "select": {"type": "point", "fields": ["account_id"], "on": "click"}}]
    dashed = {"color": colours.muted, "strokeDash": [4, 3]}
    named = _labels(points, x_domain, y_domain)
    label = {
        "x": deeds.of("promise_gap"),
        "y": felt.of("perception"),
        "text": {"field": "name", "type": "nominal"},
    }
    layers = [
        group([{"at": factual_line}], [mark("rule", {"x": deeds.of("at")}, **dashed)]),
        group([{"at": felt_line}], [mark("rule", {"y": felt.of("at")}, **dashed)]),
        group([_value(point) for point in _those_to_act_on_last(points)], [dots]),
        *(
            group(
                [each for each in named if each["align"] == side],
                [mark("text", label, align=side, dx=dx, fontSize=12, color=colours.text)],
            )
            for side, dx in (("left", 9), ("right", -9))
        ),
    ]
    return framed(layers, HEIGHT, colours)


def _those_to_act_on_last(points: Sequence[FeltPoint]) -> list[FeltPoint]:
    """What is drawn last lies above the others."""
    return sorted(points, key=lambda point: SITUATIONS.index(point.situation), reverse=True)


def _by_situation(looks: Mapping[str, str]) -> Spec:
    return {
        "field": "situation",
        "type": "nominal",
        "scale": {"domain": list(SITUATIONS), "range": [looks[each] for each in SITUATIONS]},
        "legend": None,
    }


def _value(point: FeltPoint) -> dict[str, object]:
    return {
        "account_id": point.account_id,
        "name": point.account_name or point.account_id,
        "perception": point.perception_shrunk_score,
        "promise_gap": point.promise_gap,
        "n_contacts": point.n_contacts,
        "n_promises": point.n_promises,
        "situation": point.situation,
    }


def _labels(
    points: Sequence[FeltPoint], x_domain: tuple[float, float], y_domain: tuple[float, float]
) -> list[dict[str, object]]:
    """Names of the clients to act on, each only where it covers neither a mark nor another name."""
    wide, high = x_domain[1] - x_domain[0], y_domain[1] - y_domain[0]
    places = [
        ((p.promise_gap - x_domain[0]) / wide, (p.perception_shrunk_score - y_domain[0]) / high, p)
        for p in points
        if p.promise_gap is not None and p.perception_shrunk_score is not None
    ]
    wanted = sorted(
        (each for each in places if each[2].situation != "both_good"),
        key=lambda each: SITUATIONS.index(each[2].situation),
    )
    places.sort(key=lambda each: each[1])
    heights = [up for _, up, _ in places]
    taken: list[tuple[float, float, float]] = []
    found = []
    for at, up, point in wanted[:MOST_TRIED]:
        if len(found) == MOST_LABELS:
            break
        name = _short(point.account_name or point.account_id)
        room = LABEL_WIDE * len(name) / LONGEST
        beside = places[bisect_left(heights, up - LABEL_HIGH) : bisect_right(heights, up + LABEL_HIGH)]
        marks = [(ox, ox) for ox, _, other in beside if other is not point]
        covers = marks + [(low, high) for low, high, oy in taken if abs(oy - up) <= LABEL_HIGH]
        for side, start in (("left", at), ("right", at - room)):
            is_free = all(high < start or low > start + room for low, high in covers)
            if is_free and start >= 0 and start + room <= 1:
                taken.append((start, start + room, up))
                found.append({**_value(point), "name": name, "align": side})
                break
    return found


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}\u2026"
