"""The scatter of felt against factual: four shapes, two dashed thresholds, labels where there is room."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from dashboards.shapes import VEGA, situation_colours
from dashboards.situations import SITUATIONS, FeltPoint
from dashboards.texts import Words
from dashboards.theme import FONT, Palette

HEIGHT = 430
PICKED = "client"  # the selection a click makes
# Room of one label on a phone's chart, in shares of the ranges shown.
LABEL_WIDE, LABEL_HIGH, MOST_LABELS = 0.5, 0.036, 14
LONGEST = 22  # characters of a name beside its mark


def scatter(
    points: Sequence[FeltPoint], felt_line: float, factual_line: float, words: Words, colours: Palette
) -> alt.LayerChart:
    """Clients by promise_gap (across) and perception (up), both known; lines from the settings, as scores."""
    x_domain = (min([-30.0, *(p.promise_gap for p in points if p.promise_gap is not None)]) - 3, 2.0)
    known = [p.perception_shrunk_score for p in points if p.perception_shrunk_score is not None]
    y_domain = (max(0.0, min([felt_line - 15, *known]) - 4), min(100.0, max([felt_line + 15, *known]) + 4))
    x_scale = alt.Scale(domain=list(x_domain), zero=False, nice=False)
    y_scale = alt.Scale(domain=list(y_domain), zero=False, nice=False)
    minus = "datum.value < 0 ? '\u2212' + format(-datum.value, 'd') : format(datum.value, 'd')"
    x_axis = alt.Axis(
        tickCount=5, labelExpr=minus, title=words.say("factual: deeds against promises, 0 is all kept")
    )
    y_axis = alt.Axis(tickCount=5, format="d", title=words.say("felt: perception, 0 to 100"))

    def x(field: str) -> alt.X:
        return alt.X(f"{field}:Q", scale=x_scale, axis=x_axis)

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", scale=y_scale, axis=y_axis)

    marks = situation_colours(colours)
    values = alt.Data(values=[_value(point) for point in points])
    picked = alt.selection_point(name=PICKED, fields=["account_id"], on="click", empty=False)
    dots = (
        alt.Chart(values)
        .mark_point(filled=True, size=85, opacity=0.85, cursor="pointer")
        .encode(
            x=x("promise_gap"),
            y=y("perception"),
            shape=alt.Shape(
                "situation:N",
                scale=alt.Scale(domain=list(SITUATIONS), range=[VEGA[each] for each in SITUATIONS]),
                legend=None,
            ),
            color=alt.Color(
                "situation:N",
                scale=alt.Scale(domain=list(SITUATIONS), range=[marks[each] for each in SITUATIONS]),
                legend=None,
            ),
            tooltip=[
                alt.Tooltip("name:N", title=words.say("client")),
                alt.Tooltip("perception:Q", title=words.say("perception"), format=".0f"),
                alt.Tooltip("n_contacts:Q", title=words.say("contacts")),
                alt.Tooltip("promise_gap:Q", title=words.say("factual gap"), format=".0f"),
                alt.Tooltip("n_promises:Q", title=words.say("promises")),
            ],
        )
        .add_params(picked)
    )
    upright = alt.Chart(alt.Data(values=[{"at": factual_line}])).mark_rule(
        color=colours.muted, strokeDash=[4, 3]
    )
    level = alt.Chart(alt.Data(values=[{"at": felt_line}])).mark_rule(color=colours.muted, strokeDash=[4, 3])
    named = _labels(points, x_domain, y_domain)
    labels = [
        alt.Chart(alt.Data(values=[each for each in named if each["align"] == side]))
        .mark_text(align=side, dx=dx, fontSize=12, color=colours.text)
        .encode(x=x("promise_gap"), y=y("perception"), text="name:N")
        for side, dx in (("left", 9), ("right", -9))
    ]
    return (
        alt.layer(upright.encode(x=x("at")), level.encode(y=y("at")), dots, *labels)
        .properties(height=HEIGHT, width="container")
        .configure(
            background="transparent", font=FONT, padding={"left": 2, "right": 4, "top": 4, "bottom": 2}
        )
        .configure_view(stroke=None)
        .configure_axis(
            domain=False,
            ticks=False,
            gridColor=colours.grid,
            labelColor=colours.muted,
            labelFontSize=12,
            titleColor=colours.muted,
            titleFontSize=12,
            titleFontWeight="normal",
        )
    )


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
    taken: list[tuple[float, float, float]] = []
    found = []
    for at, up, point in wanted:
        name = _short(point.account_name or point.account_id)
        room = LABEL_WIDE * len(name) / LONGEST
        for side, start in (("left", at), ("right", at - room)):
            covers = [(ox, ox, oy) for ox, oy, other in places if other is not point] + taken
            is_free = all(
                high < start or low > start + room or abs(oy - up) > LABEL_HIGH for low, high, oy in covers
            )
            if is_free and start >= 0 and start + room <= 1:
                taken.append((start, start + room, up))
                found.append({**_value(point), "name": name, "align": side})
                break
    return found[:MOST_LABELS]


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}\u2026"
