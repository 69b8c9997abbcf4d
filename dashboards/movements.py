"""Generated sentences about why a gap moved: the parts of its change, and why there may be none."""

from __future__ import annotations

from dashboards.measured import Change, Part, PortfolioChange
from dashboards.texts import Words


def change_title(change: Change | PortfolioChange, words: Words) -> str:
    """What a waterfall explains."""
    if change.satisfaction_gap_change is None:
        return words.say("Why the gap moved")
    return words.say(
        "Why the gap moved {change} in {against} weeks",
        change=words.signed(change.satisfaction_gap_change, 1),
        against=change.weeks_before,
    )


def no_change(reason: str | None, words: Words, *, against: int) -> str:
    """Why there is no change to explain."""
    known = {
        "before_history": words.say("the known weeks do not reach {against} weeks back", against=against),
        "not_active_before": words.say("the client was not active {against} weeks before", against=against),
        "not_there_before": words.say("no client was in view {against} weeks before", against=against),
        "unknown_now": words.say("there is no gap now"),
        "unknown_before": words.say("there was no gap {against} weeks before", against=against),
        "unknown_both": words.say("there is no gap now and was none {against} weeks before", against=against),
    }
    why = known.get(reason or "", words.say("nothing is known"))
    return words.say("Nothing to explain: {reason}.", reason=why)


def client_parts(change: Change, words: Words) -> list[Part]:
    """The waterfall of a client; the weights move overall gaps only."""
    parts = [
        Part(
            words.say("Gap {against} weeks before", against=change.weeks_before),
            change.satisfaction_gap_before,
            is_total=True,
            note=words.say("n {n}", n=words.integer(change.n_paired_before)),
        ),
        Part(words.say("Perception"), change.perception_part, note=words.say("same people")),
        Part(words.say("Expectation"), change.expectation_part, note=words.say("same people")),
        Part(words.say("Weights"), change.weights_part),
        Part(words.say("Who answered"), change.respondent_mix_part, note=words.say("other people")),
        Part(
            words.say("Gap now"),
            change.satisfaction_gap,
            is_total=True,
            note=words.say("n {n}", n=words.integer(change.n_paired)),
        ),
    ]
    return [part for part in parts if part.value is not None]


def portfolio_parts(change: PortfolioChange, words: Words) -> list[Part]:
    """The waterfall of a cut: clients heard at both ends, then those that came and went."""
    turnover = [
        Part(words.say("Joined or newly heard"), change.joined_part, note=_came(change, words)),
        Part(words.say("Left or no longer heard"), change.left_part, note=_went(change, words)),
    ]
    if change.joined_part is None or change.left_part is None:
        turnover = [Part(words.say("Clients that came and went"), change.turnover_part)]
    parts = [
        Part(
            words.say("Gap {against} weeks before", against=change.weeks_before),
            change.satisfaction_gap_before,
            is_total=True,
            note=_clients(change.n_accounts_paired_before, words),
        ),
        Part(words.say("Perception"), change.perception_part, note=words.say("same people")),
        Part(words.say("Expectation"), change.expectation_part, note=words.say("same people")),
        Part(words.say("Weights"), change.weights_part),
        Part(words.say("Who answered"), change.respondent_mix_part, note=words.say("other people")),
        *turnover,
        Part(
            words.say("Gap now"),
            change.satisfaction_gap,
            is_total=True,
            note=_clients(change.n_accounts_paired, words),
        ),
    ]
    return [part for part in parts if part.value is not None]


def coverage(change: Change | PortfolioChange, words: Words) -> str:
    """How many were heard at both ends, beside the split."""
    return words.say(
        "The parts add up exactly. Heard: {before} of the contacts then, {now} now.",
        before=words.share(change.coverage_share_before),
        now=words.share(change.coverage_share),
    )


def stayers(change: Change, words: Words) -> str:
    """How many people the parts of perception and expectation stand on."""
    if not change.n_stayers:
        return words.say("Nobody answered in both windows: all of it is who answered.")
    return words.count(
        "{n} person answered in both windows.", "{n} people answered in both windows.", change.n_stayers
    )


def _clients(n: int | None, words: Words) -> str:
    return words.count("{n} client", "{n} clients", n or 0)


def _came(change: PortfolioChange, words: Words) -> str:
    if change.n_joined is None:
        return ""
    return words.say(
        "{joined} joined, {heard} newly heard", joined=change.n_joined, heard=change.n_newly_heard
    )


def _went(change: PortfolioChange, words: Words) -> str:
    if change.n_left is None:
        return ""
    return words.say(
        "{left} left, {silent} no longer heard", left=change.n_left, silent=change.n_no_longer_heard
    )
