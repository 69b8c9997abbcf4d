"""Generated sentences about the surveys: their scores, whom they reached, whom to ask next."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.labels import relationship
from dashboards.rows import Contact
from dashboards.surveyed import Coverage, Quality, SurveyScore
from dashboards.texts import Words


def scores(rows: Sequence[SurveyScore], words: Words) -> str:
    """NPS, CSAT and CES in one line, each with its interval and n; empty where none was asked."""
    return " · ".join(_score(row, words) for row in rows)


def coverage(rows: Sequence[Coverage], words: Words) -> str:
    """How many of each kind of contact were heard."""
    known = {
        "key": words.say("key contacts"),
        "general": words.say("general contacts"),
        "organizational": words.say("organizational contacts"),
        "none": words.say("contacts of unstated relationship"),
        "decision_maker": words.say("who decide"),
    }
    return words.say(", ").join(
        words.say(
            "{heard} of {n} {kind}",
            heard=row.n_heard,
            n=row.n_eligible,
            kind=known.get(row.cut_value, row.cut_value),
        )
        for row in rows
        if row.n_eligible
    )


def next_ask(row: Contact, words: Words) -> str:
    """Whether to ask this contact next, and why or why not."""
    if row.action == "ask":
        known = {
            "account_silent": words.say("ask now: the client is silent"),
            "key_person": words.say("ask now: key person"),
            "never_heard": words.say("ask now: never heard"),
        }
        return known.get(row.reason or "", words.say("ask now: not known for this window"))
    if row.action == "wait":
        why = {
            "asked_lately": words.say("asked lately"),
            "account_asked_enough": words.say("enough of them asked lately"),
            "address_bounced": words.say("the address bounced"),
        }.get(row.reason or "", words.say("not yet"))
        if row.ask_not_before_on is None:
            return words.say("wait: {reason}", reason=why)
        return words.say("wait until {day}: {reason}", day=words.day(row.ask_not_before_on), reason=why)
    if row.action == "leave":
        return words.say("leave in peace: all known")
    return ""


def about(row: Contact, words: Words) -> str:
    """What a contact is to us, and the key to find them by."""
    decides = words.say("decides") if row.is_decision_maker else None
    kinds = [text for text in (relationship(row.relationship, words), decides) if text]
    return " · ".join([*kinds, row.contact_id])


def reliability(row: Quality, words: Words) -> str:
    """Reliability of a gap, or why it is not known."""
    if row.gap_reliability is not None:
        shown = words.decimal(row.gap_reliability, 2)
        return shown if row.is_gap_reliable else words.say("{r}: read the perception", r=shown)
    known = {
        "no_perception": words.say("no perception asked"),
        "no_expectation": words.say("no expectation asked"),
        "too_few_items": words.say("not known: one item alone"),
        "too_few_answers": words.say("not known: too few answers"),
        "no_variance": words.say("not known: all answers are the same"),
    }
    return known.get(row.reliability_null_reason or "", words.say("not known"))


def _score(row: SurveyScore, words: Words) -> str:
    name = {"nps": words.say("NPS"), "csat": words.say("CSAT"), "ces": words.say("CES")}.get(
        row.measure, row.measure
    )
    if row.survey_kind == "transactional":
        name = words.say("{measure} after tickets", measure=name)
    if row.value is None:
        why = {
            "not_zero_to_ten": words.say("not asked from 0 to 10"),
            "all_departed": words.say("everyone who answered has left"),
        }.get(row.null_reason or "", words.say("not known"))
        return words.say("{measure}: {reason}", measure=name, reason=why)
    show = {"nps": words.net, "csat": words.share}.get(row.measure, words.score)
    n = words.integer(row.n_answers)
    if row.low_value is None or row.high_value is None:
        return words.say("{measure} {value} (n {n})", measure=name, value=show(row.value), n=n)
    return words.say(
        "{measure} {value} (95 %: {low} to {high}, n {n})",
        measure=name,
        value=show(row.value),
        low=show(row.low_value),
        high=show(row.high_value),
        n=n,
    )
