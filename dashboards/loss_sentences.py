"""Generated sentences about clients that left: what turned first, when, what was done; as plain text."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.at_risk import Culprit, Loss
from dashboards.risk_sentences import Names
from dashboards.texts import Words, lower_first

NOT_OURS = ("outside", "unknown")


def loss_title(name: str, loss: Loss, names: Names) -> str:
    """The finding on a client that left: when, what turned first, how long before."""
    words = names.words
    left = words.say("{client} left on {day}", client=name, day=words.day(loss.lost_on))
    if loss.notice_given_on is not None:
        left = words.say("{client} gave notice on {day}", client=name, day=words.day(loss.lost_on))
    return words.say("{left}: {cause}", left=left, cause=cause(loss, names))


def losses_title(
    n_lost: int,
    causes: Sequence[Culprit],
    dim: str | None,
    middle: int | None,
    names: Names,
    *,
    is_year: bool,
) -> str:
    """The finding of the page of lost clients: how many, what turned first in most, how long before.

    ``middle`` is the number of weeks before notice in the middle one of those losses.
    """
    words = names.words
    if is_year:
        finding = words.count("{n} client left in 12 months", "{n} clients left in 12 months", n_lost)
    else:
        finding = words.count("{n} client left", "{n} clients left", n_lost)
    leader = causes[0] if causes else None
    code = dim or (leader.service_dimension if leader else None)
    if code is None or code in NOT_OURS:
        return words.say("{finding}, none by a turn of ours", finding=finding)
    tied = [
        each
        for each in causes
        if leader and each.n_clients == leader.n_clients and each.service_dimension not in NOT_OURS
    ]
    if dim is None and len(tied) > 2:
        return words.say(
            "{finding}. No cause in more than {k}.", finding=finding, k=words.integer(tied[0].n_clients)
        )
    if dim is None and len(tied) > 1:
        return words.say(
            "{finding}. In {k} each, {dimension} turned first.",
            finding=finding,
            k=words.integer(tied[0].n_clients),
            dimension=lower_first(names.joined([each.service_dimension for each in tied]), words.language),
        )
    n_first = n_lost if dim else (leader.n_clients if leader else 0)
    if middle is None:
        return words.say(
            "{finding}. In {k}, {dimension} turned first.",
            finding=finding,
            k=words.integer(n_first),
            dimension=names.within(code),
        )
    return words.count(
        "{finding}. In {k}, {dimension} turned first, typically {n} week before notice.",
        "{finding}. In {k}, {dimension} turned first, typically {n} weeks before notice.",
        middle,
        finding=finding,
        k=words.integer(n_first),
        dimension=names.within(code),
    )


def what_was_done(loss: Loss, words: Words) -> str:
    """What was seen of a loss before it, and how far it was answered."""
    done = {
        "alerted": words.say("alerted, not answered"),
        "acknowledged": words.say("alerted and answered"),
        "resolved": words.say("alerted, answered and closed"),
    }.get(loss.what_was_done or "", words.say("no alert was sent"))
    if loss.days_flagged_before is None:
        return words.say("{done}; never flagged before", done=done)
    return words.count(
        "{done}; flagged {n} day before",
        "{done}; flagged {n} days before",
        loss.days_flagged_before,
        done=done,
    )


def cause(loss: Loss, names: Names) -> str:
    """What turned first before a loss, and how many weeks before it."""
    words = names.words
    if loss.cause_kind == "outside":
        return words.say("outside reasons, nothing of ours weighed enough")
    if loss.culprit_dimension is None or loss.weeks_before_notice is None:
        return words.say("cause not known")
    return words.count(
        "{dimension} turned first, {n} week before",
        "{dimension} turned first, {n} weeks before",
        loss.weeks_before_notice,
        dimension=names.within(loss.culprit_dimension),
    )
