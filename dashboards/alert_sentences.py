"""What an alert says: its kind in plain words, its evidence, its owner and age, and what was done with it."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.alerted import AlertClient, RuleRecord
from dashboards.inbox import Alert, Told
from dashboards.texts import Words

#: Days a source is late by, below which hours say more.
HOURS_BELOW_DAYS = 2


def kind(code: str, words: Words) -> str:
    """The kind of an alert in plain words."""
    known = {
        "churn_risk": words.say("may leave"),
        "perception_breach": words.say("below what they accept"),
        "single_voice": words.say("one strong voice"),
        "silence": words.say("silent"),
        "promise_overdue": words.say("promise overdue"),
        "expectation_inflation": words.say("expectation rising"),
        "data_stale": words.say("data is late"),
    }
    return known.get(code, code)


def severity(client: AlertClient | None, words: Words) -> str | None:
    """The client's risk in a word; None where it is not known."""
    known = {"high": words.say("High"), "medium": words.say("Medium"), "low": words.say("Low")}
    return known.get((client.risk_band if client else None) or "")


def evidence(alert: Alert, words: Words) -> list[str]:
    """What is the case, since when, and on how many answers or promises that rests."""
    value, since = alert["value"], alert["since_on"]
    whole = words.integer(round(value)) if value is not None else ""
    said = {
        "churn_risk": words.say("{value} risk points", value=whole),
        "perception_breach": words.say(
            "{share} likely to be below what they accept", share=words.share(value)
        ),
        "single_voice": words.say("one person gave {value} of 100", value=whole),
        "silence": words.say("{value} d without a word or a meeting", value=whole),
        "promise_overdue": words.say("{value} d overdue", value=whole),
        "expectation_inflation": words.say("expectation up {value} points", value=whole),
        "data_stale": _late(value, words),
    }
    parts = [said.get(alert["kind"], "")] if value is not None else []
    if value is None and alert["kind"] == "data_stale":
        parts.append(words.say("no row of it was let in yet"))
    if since is not None:
        parts.append(words.say("since {day}", day=words.day(since)))
    if alert["n"]:
        parts.append(words.say("n {n}", n=words.integer(alert["n"])))
    return [part for part in parts if part]


def _late(days: float | None, words: Words) -> str:
    if not days:
        # In time: it is in the list for a batch that was held or crashed.
        return words.say("its newest batch was not let in")
    if days < HOURS_BELOW_DAYS:
        return words.say("{value} h late", value=words.integer(max(1, round(days * 24))))
    return words.say("{value} d late", value=words.integer(round(days)))


def whose(alert: Alert, words: Words) -> str:
    """Who has to answer, in which role."""
    roles = {
        "account_manager": words.say("account manager"),
        "solution_manager": words.say("solution manager"),
        "delivery_manager": words.say("delivery manager"),
        "channel_manager": words.say("channel manager"),
        "data_owner": words.say("data owner"),
    }
    role = roles.get(alert["owner_role"] or "")
    if not alert["owner"]:
        return words.say("no owner")
    if role is None or alert["is_fallback_owner"]:
        return words.say("owner {owner}", owner=alert["owner"])
    return words.say("owner {owner}, {role}", owner=alert["owner"], role=role)


def done(alert: Alert, words: Words) -> list[str]:
    """Who did what with it and when, oldest first."""
    lines = []
    if alert["acknowledged_at"] is not None:
        lines.append(
            words.say(
                "Acknowledged by {who}, {instant}.",
                who=alert["acknowledged_by"],
                instant=words.instant(alert["acknowledged_at"]),
            )
        )
    if alert["state"] == "snoozed":
        lines.append(
            words.say(
                "Left aside until {day}: {reason}",
                day=words.day(alert["snoozed_until"].date()),
                reason=alert["snooze_reason"],
            )
        )
    if alert["resolved_at"] is not None:
        lines.append(
            words.say(
                "Resolved by {who}, {instant}, {outcome}: {cause}",
                who=alert["resolved_by"],
                instant=words.instant(alert["resolved_at"]),
                outcome=outcome(alert["outcome"], words),
                cause=alert["cause"],
            )
        )
    if alert["note"]:
        lines.append(words.say("Note: {note}", note=alert["note"]))
    return lines


def outcome(code: str | None, words: Words) -> str:
    """How a case ended."""
    known = {
        "confirmed": words.say("it was so"),
        "not_confirmed": words.say("it was not so"),
        "saved": words.say("client kept"),
        "lost": words.say("client lost"),
        "duplicate": words.say("told twice"),
    }
    return known.get(code or "", code or "")


def told(message: Told, words: Words) -> str:
    """What somebody is told after an action."""
    if message.kind == "done":
        known = {
            "acknowledged": words.say("Acknowledged."),
            "snoozed": words.say("Left aside."),
            "assigned": words.say("Assigned."),
            "resolved": words.say("Resolved."),
            "override_made": words.say("Noted; it counts from the next run on."),
        }
        return known[message.action]
    typed = words.say("You had written: {typed}", typed=message.typed) if message.typed else ""
    if message.kind == "faster":
        actions = {
            "acknowledged": words.say("acknowledged it"),
            "snoozed": words.say("left it aside"),
            "assigned": words.say("assigned it"),
            "resolved": words.say("resolved it"),
        }
        said = words.say(
            "{who} was faster and {did}, {instant}. Nothing of yours was done.",
            who=message.by,
            did=actions.get(message.action, message.action),
            instant=words.instant(message.at) if message.at else "",
        )
    else:
        said = words.say("Nothing was done: {why}", why=message.why)
    return f"{said} {typed}".strip()


def record(rule: RuleRecord, words: Words) -> str:
    """How often a rule was right, how far ahead, and how often it cried wolf."""
    if rule.precision is None:
        reasons = {
            "nothing_raised": words.say("it would have raised nothing"),
            "nothing_judged": words.say("what it raised is too new to judge"),
            "no_account": words.say("it speaks of sources, not of clients"),
        }
        reason = reasons.get(rule.null_reason or "", words.say("unknown"))
        return words.say("no record: {reason}", reason=reason)
    parts = [words.say("{share} of {n}", share=words.share(rule.precision), n=words.integer(rule.n_judged))]
    if rule.median_lead_days is not None:
        parts.append(words.say("{n} d ahead", n=words.integer(round(rule.median_lead_days))))
    if rule.false_per_owner_month is not None:
        parts.append(
            words.say("{n} false per owner and month", n=words.decimal(rule.false_per_owner_month, 1))
        )
    return " · ".join(parts)


def replayed(records: Sequence[RuleRecord], n_weeks: int, words: Words) -> str:
    """What the record of the rules rests on, and what picking blindly would give."""
    known = [record.base_rate for record in records if record.base_rate is not None]
    lead = words.say(
        "Replayed over {n} weeks as known then. Right: notice, a loss or a confirmed case within 90 days.",
        n=words.integer(n_weeks),
    )
    if known:
        blind = words.share(known[0])
        base = words.say("Dashed: who picks clients blindly is right in {share}.", share=blind)
        return words.say("{lead} {base}", lead=lead, base=base)
    return lead
