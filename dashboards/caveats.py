"""Generated sentences about how far a number can be believed and why it moved, as plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dashboards.labels import Labels
from dashboards.measured import Belief, Overall
from dashboards.rows import Standing
from dashboards.texts import Words, lower_first


def interval(low: float | None, high: float | None, words: Words, *, signed: bool = True) -> str:
    """Both ends of a 95 % interval."""
    show = words.signed if signed else words.score
    return words.say("{low} to {high}", low=show(low), high=show(high))


def trend(code: str | None, words: Words) -> str:
    """Whether a change is more than chance."""
    known = {
        "improving": words.say("improving"),
        "declining": words.say("declining"),
        "steady": words.say("steady"),
        "not_clear": words.say("not clear"),
        "too_few_answers": words.say("too few answers"),
    }
    return known.get(code or "", words.say("not known"))


def unreliable(reliability: float | None, words: Words) -> str:
    """Why a gap stands back behind its perception."""
    return words.say(
        "The gap on this dimension is unreliable ({r}, below {min_gap_reliability}): people's answers about "
        "perception and expectation do not separate well enough. Read the perception.",
        r=words.decimal(reliability, 2),
    )


def alike(codes: Sequence[str], dim: str | None, labels: Labels) -> str | None:
    """That clients cannot be told apart, where they cannot."""
    words = labels.words
    concerned = [code for code in codes if dim is None or code == dim]
    if not concerned:
        return None
    if len(concerned) == len(labels.codes):
        return words.say(
            "Clients cannot be told apart by these answers: their gaps differ no more than chance would "
            "have it, and the order of this list says nothing."
        )
    return words.say(
        "On {dimensions}, clients cannot be told apart by these answers: the order says nothing there.",
        dimensions=lower_first(labels.joined(concerned), words.language),
    )


def panel(standing: Standing, reliability: Mapping[str, float | None], place: str, words: Words) -> str:
    """A client panel's line: the number to read with its interval and n, where it lies, and its trend."""
    n = {"n": words.integer(standing.n_paired), "eligible": words.integer(standing.n_eligible)}
    if standing.satisfaction_gap is None:
        return words.say(
            "perception {p} (95 %: {interval}), no expectation to set it against, n {n} of {eligible}",
            p=words.score(standing.perception_shrunk_score),
            interval=_perception_interval(standing, words),
            n=words.integer(standing.n_contacts),
            eligible=n["eligible"],
        )
    values = {
        "gap": words.signed(standing.gap_shrunk),
        "interval": interval(standing.gap_low, standing.gap_high, words),
        "raw": words.signed(standing.satisfaction_gap),
        "place": place,
        **n,
    }
    if standing.service_dimension in reliability:
        return words.say(
            "perception {p} (95 %: {p_interval}; answered {p_raw}, n {n} of {eligible}), {place}, {trend}; "
            "gap {gap} unreliable (reliability {r})",
            p=words.score(standing.perception_shrunk_score),
            p_interval=_perception_interval(standing, words),
            p_raw=words.score(standing.perception_score),
            trend=_trend_line(standing.perception_trend, words),
            r=words.decimal(reliability[standing.service_dimension], 2),
            **values,
        )
    return words.say(
        "gap {gap} (95 %: {interval}; answered {raw}, n {n} of {eligible}), {place}, {trend}",
        trend=_trend_line(standing.gap_trend, words),
        **values,
    )


def silence(belief: Belief, words: Words) -> str:
    """What those who did not answer could change."""
    silent = belief.n_eligible - belief.n_contacts
    if not belief.n_eligible:
        return words.say("No contact of this client is delivered.")
    if belief.perception_score is None:
        return words.say("Nobody was heard: the mean could lie anywhere from 0 to 100.")
    if silent <= 0:
        return words.say("Everybody was heard: nobody silent could change the mean.")
    return words.count(
        "If the {n} silent person had answered, the mean could lie between {low} and {high}.",
        "If the {n} silent people had answered, the mean could lie between {low} and {high}.",
        silent,
        low=words.score(belief.perception_silent_low_score),
        high=words.score(belief.perception_silent_high_score),
    )


def pairing(belief: Belief, words: Words) -> str:
    """Where the expectations behind a gap come from."""
    if belief.pairing_basis == "same_response":
        return words.say("expectation asked with it")
    if belief.pairing_basis == "same_contact":
        return words.say("expectation from an earlier answer")
    if belief.pairing_basis == "mixed":
        return words.say(
            "expectation asked with it for {k} of {n}", k=belief.n_same_response, n=belief.n_paired
        )
    return words.say("no expectation")


def zone(belief: Belief, words: Words) -> tuple[str, str]:
    """Position in the zone of tolerance, and how many stand behind it or outside it."""
    if not belief.n_minimum:
        return words.say("no minimum asked"), ""
    behind = words.say("n {n}", n=belief.n_minimum)
    if belief.n_inverted:
        behind = words.count(
            "n {asked}, {n} of them accepts no less than they wish for",
            "n {asked}, {n} of them accept no less than they wish for",
            belief.n_inverted,
            asked=belief.n_minimum,
        )
    if belief.zone_position is None:
        return words.say("no zone"), behind
    return words.decimal(belief.zone_position, 2), behind


def situation(code: str | None, words: Words) -> str:
    """Felt beside factual, and what each of the four situations asks for."""
    known = {
        "both_good": words.say("kept, and felt"),
        "felt_bad": words.say("kept, not felt: explain"),
        "factual_bad": words.say("broken, not felt yet: act now"),
        "both_bad": words.say("broken, and felt: mend"),
        "felt_unknown": words.say("nobody was heard"),
        "factual_unknown": words.say("no promise fell due"),
    }
    return known.get(code or "", words.say("neither is known"))


def overall(row: Overall, words: Words) -> str:
    """The gap over all dimensions under our weights, the stated and the derived ones, in one line."""
    if row.satisfaction_gap is None:
        return words.say("Overall gap: not known, {reason}", reason=_overall_reason(row.null_reason, words))
    ours = words.say(
        "Overall gap {gap} (95 %: {interval}; answered {raw}, n {n} of {eligible})",
        gap=words.signed(row.gap_shrunk),
        interval=interval(row.gap_low, row.gap_high, words),
        raw=words.signed(row.satisfaction_gap),
        n=words.integer(row.n_paired),
        eligible=words.integer(row.n_eligible),
    )
    return words.say(
        "{ours}. Weighted by what clients say matters: {stated}; by what drives satisfaction: {derived}.",
        ours=ours,
        stated=_weighted(row.gap_by_stated_weights, row.stated_null_reason, words),
        derived=_weighted(row.gap_by_derived_weights, row.derived_null_reason, words),
    )


def _perception_interval(standing: Standing, words: Words) -> str:
    low, high = standing.perception_low_score, standing.perception_high_score
    return interval(low, high, words, signed=False)


def _trend_line(code: str | None, words: Words) -> str:
    if code == "too_few_answers":
        return words.say("too few answers for a trend")
    if code == "not_clear":
        return words.say("trend not clear")
    return trend(code, words)


def _overall_reason(code: str | None, words: Words) -> str:
    known = {
        "missing_service_dimension": words.say(
            "a service dimension has no gap, and nothing stands in for it"
        ),
        "no_expectation": words.say("no expectation is known"),
        "all_departed": words.say("everyone who answered has left"),
        "no_contacts": words.say("no contact is known"),
        "no_answers": words.say("nobody answered in {weeks} weeks"),
    }
    return known.get(code or "", words.say("nothing is known"))


def _weighted(gap: float | None, reason: str | None, words: Words) -> str:
    known = {
        "too_few_responses": words.say("too few answers to weigh by"),
        "no_variance": words.say("all answers are the same"),
    }
    return words.signed(gap) if gap is not None else known.get(reason or "", words.say("not known"))
