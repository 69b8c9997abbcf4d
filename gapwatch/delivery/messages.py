"""Messages: the one sentence that matters first, then the numbers, the drivers, the rule's record.

Every text that somebody else typed goes through ``inert`` for the kind of message it stands in; the HTML
is escaped by its templates too, which run in a sandbox.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from jinja2 import PackageLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from gapwatch.delivery import inert
from gapwatch.delivery.orders import Message
from gapwatch.delivery.phrases import Phrases

Clean = Callable[[object], str]

#: Days a source is late by, below which hours say more.
_HOURS_BELOW_DAYS = 2


def alert_message(facts: Mapping[str, Any], key: str, contact: str | None = None) -> Message:
    """The message of one alert. ``contact`` is the name of its contact, where known and to be told."""
    words = Phrases(facts["language"])
    views = {clean: _view(facts, words, clean, contact) for clean in (inert.visible, inert.in_chat)}
    plain, chat = views[inert.visible], views[inert.in_chat]
    return Message(
        key=key,
        alert_key=str(facts["alert_key"]),
        title=plain["title"],
        chat_title=chat["title"],
        text=_render("alert.txt", plain, words, link_form="bare"),
        chat=_render("alert.txt", chat, words, link_form="bare"),
        markdown=_render("alert.txt", chat, words, link_form="markdown"),
        html=_render("alert.html", plain, words),
        facts={name: value for name, value in facts.items() if name != "language"},
    )


def digest_message(
    members: Sequence[Mapping[str, Any]], key: str, day: str, language: str, contacts: Mapping[str, str]
) -> Message:
    """One message of a day's alerts, in the order given; ``contacts`` are names by contact."""
    words = Phrases(language)

    def views(clean: Clean) -> dict[str, Any]:
        inside = [_view(facts, words, clean, contacts.get(facts["contact_id"])) for facts in members]
        title = words.say("{n} alerts, {day}", n=len(inside), day=words.day(day))
        if len(inside) == 1:
            title = words.say("1 alert, {day}", day=words.day(day))
        return {"title": title, "alerts": inside}

    plain, chat = views(inert.visible), views(inert.in_chat)
    return Message(
        key=key,
        alert_key=f"digest:{day}",
        title=plain["title"],
        chat_title=chat["title"],
        text=_render("digest.txt", plain, words, link_form="bare"),
        chat=_render("digest.txt", chat, words, link_form="bare"),
        markdown=_render("digest.txt", chat, words, link_form="markdown"),
        html=_render("digest.html", plain, words),
        facts={"digest_on": day, "alerts": [dict(facts) for facts in members]},
    )


def _view(facts: Mapping[str, Any], words: Phrases, clean: Clean, contact: str | None) -> dict[str, Any]:
    """All texts of one alert, each harmless where ``clean`` is made for."""
    who = clean(facts.get("account_name") or facts["account_id"] or facts["subject_id"])
    dimension = clean(facts["dimension_label"]) if facts["service_dimension"] else ""
    why = _why(facts, words, clean, contact)
    since = words.day(facts["since_on"]) if facts["since_on"] else ""
    play = clean_play(facts["play"], clean)
    return {
        "title": _title(words, who, dimension, clean(facts["kind_label"])),
        "lead": _lead(words, who, dimension, since, why, play),
        "link": facts["link"],
        "numbers": _numbers(facts, words, clean),
        "drivers": [_driver(driver, words, clean) for driver in facts["drivers"]],
        "record": _record(facts["record"], words),
        "due": _due(facts, words, clean),
        "terms": _terms(facts, words, clean),
    }


def _title(words: Phrases, who: str, dimension: str, kind: str) -> str:
    if dimension:
        return words.say("{who}: {dimension}, {kind}", who=who, dimension=dimension, kind=_lower(kind))
    return words.say("{who}: {kind}", who=who, kind=_lower(kind))


def _lead(words: Phrases, who: str, dimension: str, since: str, why: str, play: str) -> str:
    values = {"who": who, "dimension": dimension, "since": since, "why": why}
    if dimension and since:
        said = words.say("{who}: {dimension}, since {since}: {why}.", **values)
    elif dimension:
        said = words.say("{who}: {dimension}: {why}.", **values)
    elif since:
        said = words.say("{who}, since {since}: {why}.", **values)
    else:
        said = words.say("{who}: {why}.", **values)
    return " ".join([said, words.say("What to do: {play}", play=play)]) if play else said


def _why(facts: Mapping[str, Any], words: Phrases, clean: Clean, contact: str | None) -> str:
    value, n = facts["value"], facts["n"]
    driver = clean(facts["driver_label"]) if facts["driver"] else ""
    number = words.number(value)
    match facts["kind"]:
        case "churn_risk" if driver:
            return words.say(
                "risk of leaving {value} of 100, first {driver}", value=number, driver=_lower(driver)
            )
        case "churn_risk":
            return words.say("risk of leaving {value} of 100", value=number)
        case "perception_breach":
            return words.say("perception is below the line with {value} certainty", value=words.share(value))
        case "single_voice":
            name = clean(contact or facts["contact_id"] or "?")
            return words.say("{name} gave {value} of 100", name=name, value=number)
        case "silence":
            return words.say("nobody has answered or met us for {value} days", value=number)
        case "promise_overdue" if n and n > 1:
            return words.say(
                "{n} promises are overdue, the oldest for {value} days", n=words.number(n), value=number
            )
        case "promise_overdue":
            return words.say("a promise is overdue for {value} days", value=number)
        case "expectation_inflation":
            return words.say("more is expected of us by {value} points while perception held", value=number)
        case "data_stale" if value is None:
            return words.say("no row of it was let in yet")
        case "data_stale" if value == 0:
            # In time: it is in the list for a batch that was held or crashed.
            return words.say("its newest batch was not let in")
        case "data_stale" if value < _HOURS_BELOW_DAYS:
            return words.say("data is {value} h later than agreed", value=words.number(max(1.0, value * 24)))
        case "data_stale":
            return words.say("data is {value} days later than agreed", value=number)
    return clean(facts["kind_label"])


def _numbers(facts: Mapping[str, Any], words: Phrases, clean: Clean) -> list[str]:
    decimals = 2 if facts["unit"] in {"probability", "share"} else 1
    lines = []
    is_in_time = facts["kind"] == "data_stale" and facts["value"] == 0
    if facts["value"] is not None and not is_in_time:
        lines.append(
            words.say(
                "Value {value} ({unit}), opens at {line}",
                value=words.number(facts["value"], decimals),
                unit=_unit(str(facts["unit"] or ""), words),
                line=words.number(facts["opening_line"], decimals),
            )
        )
    if facts.get("value_before") is not None:
        lines.append(words.say("Before: {value}", value=words.number(facts["value_before"], decimals)))
    # Without an answer, as of a client that was never heard, it says nothing.
    if facts["n"]:
        lines.append(words.say("n = {n}", n=words.number(facts["n"])))
    if facts["risk_score"] is not None and facts["kind"] != "churn_risk":
        lines.append(words.say("Risk score {value} of 100", value=words.number(facts["risk_score"])))
    known = words.day(facts["as_of"])
    days = (datetime.fromisoformat(facts["raised_at"]) - datetime.fromisoformat(facts["as_of"])).days
    week = words.day(facts["week_start_on"])
    if days > 0:
        lines.append(
            words.say(
                "Week of {week}, as known on {as_of}, {n} d before this alert",
                week=week,
                as_of=known,
                n=words.number(days),
            )
        )
    else:
        lines.append(words.say("Week of {week}, as known on {as_of}", week=week, as_of=known))
    if facts["evidence_keys"]:
        keys = ", ".join(map(clean, facts["evidence_keys"]))
        lines.append(words.say("Evidence: {keys}", keys=keys))
    return lines


def _unit(unit: str, words: Phrases) -> str:
    known = {
        "points": words.say("points of 100"),
        "score": words.say("score of 0 to 100"),
        "probability": words.say("probability"),
        "days": words.say("days"),
    }
    return known.get(unit, unit or "–")


def _driver(driver: Mapping[str, Any], words: Phrases, clean: Clean) -> dict[str, str]:
    label = clean(driver["label"])
    if driver["service_dimension"] and driver["service_dimension"] != "relationship":
        label = f"{label}, {_lower(clean(driver['dimension_label']))}"
    value = words.number(driver["value"], 1)
    if driver["value_before"] is not None:
        value = words.say(
            "{value}, before {before}", value=value, before=words.number(driver["value_before"], 1)
        )
    return {
        "label": label,
        "points": words.say("{points} points", points=words.number(driver["points"], 1)),
        "value": value,
        "n": words.say("n = {n}", n=words.number(driver["n"])) if driver["n"] else "–",
        "since": words.say("since {day}", day=words.day(driver["since_on"])) if driver["since_on"] else "–",
    }


def _record(record: Mapping[str, Any] | None, words: Phrases) -> str:
    if not record:
        return words.say("Record of this rule: no record yet.")
    said = words.say(
        "Record of this rule, replayed: {hits} of {judged} came true ({share}; {low} to {high}).",
        hits=words.number(record["n_hits"]),
        judged=words.number(record["n_judged"]),
        share=words.share(record["precision"]),
        low=words.share(record["precision_low"]),
        high=words.share(record["precision_high"]),
    )
    if record["median_lead_days"] is not None:
        days = words.number(record["median_lead_days"])
        said = f"{said} {words.say('Half of them {days} days or more ahead.', days=days)}"
    if record["false_per_owner_month"] is not None:
        wrong = words.number(record["false_per_owner_month"], 1)
        said = f"{said} {words.say('False alarms per owner and month: {n}.', n=wrong)}"
    return said


def _due(facts: Mapping[str, Any], words: Phrases, clean: Clean) -> str:
    if not facts["due_on"]:
        return ""
    if facts["tier"]:
        return words.say(
            "Answer by {day} (client of tier {tier}).",
            day=words.day(facts["due_on"]),
            tier=clean(facts["tier"]),
        )
    return words.say("Answer by {day}.", day=words.day(facts["due_on"]))


def _terms(facts: Mapping[str, Any], words: Phrases, clean: Clean) -> str:
    if not facts.get("contract_ends_on"):
        return ""
    ends = words.day(facts["contract_ends_on"])
    if facts.get("annual_value") is None:
        return words.say("Contract ends on {day}.", day=ends)
    worth = f"{words.number(facts['annual_value'])} {clean(facts.get('currency') or '')}".strip()
    return words.say("Contract ends on {day}; {worth} a year.", day=ends, worth=worth)


def clean_play(play: str, clean: Clean) -> str:
    """A play is a whole sentence of a seed; it may be longer than a name."""
    return " ".join(clean(part) for part in _parts(play))


def _parts(text: str) -> list[str]:
    words, parts = text.split(), [""]
    for word in words:
        if len(parts[-1]) + len(word) >= inert.LONGEST:
            parts.append("")
        parts[-1] = f"{parts[-1]} {word}".strip()
    return [part for part in parts if part]


def _lower(label: str) -> str:
    # An abbreviation keeps its capitals.
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def _render(template: str, view: Mapping[str, Any], words: Phrases, **values: Any) -> str:
    text = _environment().get_template(f"{template}.jinja").render(**view, say=words.say, **values)
    return text.strip() + "\n"


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(
        loader=PackageLoader("gapwatch.delivery"),
        autoescape=lambda name: name is not None and ".html" in name,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
