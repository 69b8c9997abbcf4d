"""Generated sentences: what a row of numbers says, in the viewer's language, as plain text."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from dashboards.labels import Labels
from dashboards.rows import Headline, PortfolioRow, Standing, WideDimension
from dashboards.texts import Words, lower_first


def portfolio_title(
    counts: Headline, wide: Sequence[WideDimension], dim: str | None, points: float, labels: Labels
) -> str:
    """The finding of the clients page."""
    words = labels.words
    size = words.points(points)
    if counts.n_with_gap == 0 and counts.n_heard:
        return words.count(
            "{n} client was heard, and no expectation is known to set it against",
            "{n} clients were heard, and no expectation is known to set it against",
            counts.n_heard,
        )
    if counts.n_with_gap == 0:
        return words.say("No client in view has answered in the last {weeks} weeks")
    if counts.n_wide == 0 and dim is not None:
        return words.count(
            "On {dimension}, the one client heard does not expect over {points} points more than they get",
            "On {dimension}, none of the {n} clients heard expects over {points} points more than they get",
            counts.n_with_gap,
            dimension=labels.within(dim),
            points=size,
        )
    if counts.n_wide == 0:
        return words.count(
            "The one client heard does not expect over {points} points more than they get",
            "None of the {n} clients heard expects over {points} points more than they get",
            counts.n_with_gap,
            points=size,
        )
    total = words.integer(counts.n_with_gap)
    if dim is not None:
        return words.count(
            "On {dimension}, {n} of {total} clients expects over {points} points more than they get",
            "On {dimension}, {n} of {total} clients expect over {points} points more than they get",
            counts.n_wide,
            total=total,
            points=size,
            dimension=labels.within(dim),
        )
    finding = words.count(
        "{n} of {total} clients expects over {points} points more than they get",
        "{n} of {total} clients expect over {points} points more than they get",
        counts.n_wide,
        total=total,
        points=size,
    )
    leaders = [each for each in wide if each.n_clients == wide[0].n_clients]
    if not leaders or leaders[0].n_clients == 1:
        return finding
    widest = labels.joined([each.service_dimension for each in leaders])
    if len(leaders) == 1:
        return words.say(
            "{finding}. {dimension} is the widest gap in {k}.",
            finding=finding,
            dimension=widest,
            k=leaders[0].n_clients,
        )
    return words.say(
        "{finding}. {dimension} are the widest gap in {k} each.",
        finding=finding,
        dimension=widest,
        k=leaders[0].n_clients,
    )


def unfelt_title(dimension: str, counts: Mapping[str, int], words: Words, *, n_unheard: int = 0) -> str:
    """The finding of the felt and factual page: ``counts`` of clients by situation.

    ``n_unheard`` clients have broken promises and nobody who was heard.
    """
    unfelt, felt_too = counts.get("factual_bad", 0), counts.get("both_bad", 0)
    if unfelt:
        return words.count(
            "{dimension}: {n} client has not felt our broken promises yet",
            "{dimension}: {n} clients have not felt our broken promises yet",
            unfelt,
            dimension=dimension,
        )
    if felt_too:
        return words.count(
            "{dimension}: our broken promises are felt, by {n} client",
            "{dimension}: our broken promises are felt, by {n} clients",
            felt_too,
            dimension=dimension,
        )
    if counts.get("both_good", 0) or counts.get("felt_bad", 0):
        return words.say(
            "{dimension}: our promises are kept wherever clients were heard", dimension=dimension
        )
    if n_unheard:
        return words.count(
            "{dimension}: promises to {n} client are broken, and nobody there was heard",
            "{dimension}: promises to {n} clients are broken, and nobody there was heard",
            n_unheard,
            dimension=dimension,
        )
    return words.say("{dimension}: no client is known on both sides", dimension=dimension)


def role(code: str | None, words: Words) -> str:
    """Which manager mends a dimension."""
    known = {
        "account_manager": words.say("account manager"),
        "solution_manager": words.say("solution manager"),
        "delivery_manager": words.say("delivery manager"),
        "channel_manager": words.say("channel manager"),
    }
    return known.get(code or "", words.say("account manager"))


def why(standing: Standing, widest: Sequence[str], labels: Labels) -> str:
    """Which dimension, since when, and what moved: perception, expectation or both."""
    words = labels.words
    dimension = labels.joined(widest or [standing.service_dimension])
    if standing.satisfaction_gap is None:
        return words.say("No gap: {reason}", reason=null_reason(standing.null_reason, words))
    if standing.is_wide and standing.wide_weeks:
        dimension = words.count(
            "{dimension}, wide for {n} week",
            "{dimension}, wide for {n} weeks",
            standing.wide_weeks,
            dimension=dimension,
        )
    return words.say("{dimension}: {moved}", dimension=dimension, moved=moved(standing, words))


def moved(standing: Standing, words: Words) -> str:
    """What moved in the window, with its size."""
    p, e = standing.perception_change_13, standing.expectation_change_13
    if p is None or e is None:
        return words.say("no answer {weeks} wk before")
    sizes = {"p": words.points(p), "e": words.points(e)}
    if standing.moved == "both":
        return words.say("perception fell {p}, expectation rose {e}", **sizes)
    if standing.moved == "perception_fell":
        return words.say("perception fell {p}", **sizes)
    if standing.moved == "expectation_rose":
        return words.say("expectation rose {e}", **sizes)
    if standing.moved == "both_better":
        return words.say("perception rose {p}, expectation fell {e}", **sizes)
    if standing.moved == "perception_rose":
        return words.say("perception rose {p}", **sizes)
    if standing.moved == "expectation_fell":
        return words.say("expectation fell {e}", **sizes)
    return words.say("no clear move")


def evidence(standing: Standing, as_of: date, words: Words) -> str:
    """Promises overdue, contacts heard, last heard."""
    parts = []
    if standing.promises_overdue is not None:
        parts.append(words.count("{n} promise overdue", "{n} promises overdue", standing.promises_overdue))
    parts.append(heard(standing, words))
    if standing.account_last_answered_on is not None:
        parts.append(last_heard(standing.account_last_answered_on, as_of, words))
    return " · ".join(parts)


def heard(standing: Standing, words: Words) -> str:
    """How many of the client's contacts the window heard, on any dimension."""
    return words.count(
        "{heard} of {n} contact heard",
        "{heard} of {n} contacts heard",
        standing.account_n_eligible or 0,
        heard=words.integer(standing.account_n_contacts),
    )


def last_heard(on: date | None, as_of: date, words: Words) -> str:
    """When a client last answered."""
    if on is None:
        return words.say("never heard")
    return words.say("last {age}", age=words.days_ago(on, as_of))


def client_title(
    name: str, standings: Sequence[Standing], unreliable: Collection[str], labels: Labels
) -> str:
    """The finding of the client page: the widest gap and what moved it.

    The perception leads on an ``unreliable`` service dimension.
    """
    words = labels.words
    worst = standings[0] if standings else None
    if worst is None:
        return name
    if worst.gap_shrunk is None:
        return words.say("{client}: {reason}", client=name, reason=null_reason(worst.null_reason, words))
    tied = [s.service_dimension for s in standings if s.widest_rank == 1 and s.satisfaction_gap is not None]
    dimension = labels.joined(tied or [worst.service_dimension])
    within = lower_first(dimension, words.language)
    size = words.points(worst.gap_shrunk)
    change = moved(worst, words)
    if worst.moved != "unknown":
        change = words.say("{moved} in {weeks} weeks", moved=change)
    if worst.service_dimension in unreliable:
        return words.say(
            "{client}: perception {p} on {dimension}; {moved}",
            client=name,
            p=words.score(worst.perception_shrunk_score),
            dimension=within,
            moved=change,
        )
    if words.signed(worst.gap_shrunk) == "0":
        return words.say(
            "{client}: expectations met, widest on {dimension}; {moved}",
            client=name,
            dimension=within,
            moved=change,
        )
    if worst.gap_shrunk > 0:
        return words.say(
            "{client}: above expectation everywhere, least on {dimension}; {moved}",
            client=name,
            dimension=within,
            moved=change,
        )
    return words.count(
        "{client}: {size} point short on {dimension}; {moved}",
        "{client}: {size} points short on {dimension}; {moved}",
        1 if size == "1" else 2,
        client=name,
        dimension=within,
        size=size,
        moved=change,
    )


def place(standing: Standing, words: Words) -> str:
    """Where perception lies against expectation and minimum."""
    if standing.is_below_minimum:
        return words.say("below the minimum")
    if standing.gap_shrunk is not None and standing.gap_shrunk >= 0:
        return words.say("at or above expectation")
    if standing.is_below_minimum is None:
        return words.say("short of expectation")
    return words.say("inside the zone of tolerance")


def portfolio_panel(row: PortfolioRow, unreliable: float | None, words: Words) -> str:
    """A portfolio panel's line: gap, its change, n, and how many are below their minimum. Somebody was heard.

    ``unreliable`` is the reliability of a gap that is not to be relied on: the perception leads then.
    """
    if row.satisfaction_gap is None:
        return words.count(
            "perception {p}, {n} client; no expectation to set it against",
            "perception {p}, {n} clients; no expectation to set it against",
            row.n_accounts_heard,
            p=words.score(row.perception_score, 1),
        )
    gap = words.count(
        "gap {gap} ({change} in {weeks} wk), {n} client",
        "gap {gap} ({change} in {weeks} wk), {n} clients",
        row.n_accounts_paired,
        gap=words.signed(row.satisfaction_gap, 1),
        change=words.signed(row.gap_change_13, 1),
    )
    if unreliable is not None:
        gap = words.count(
            "perception {p} ({change} in {weeks} wk), {n} client; gap {gap} unreliable",
            "perception {p} ({change} in {weeks} wk), {n} clients; gap {gap} unreliable",
            row.n_accounts_paired,
            p=words.score(row.paired_perception_score, 1),
            change=words.signed(row.perception_change_13, 1),
            gap=words.signed(row.satisfaction_gap, 1),
        )
    if not row.n_with_minimum:
        return words.say("{gap}; no minimum was asked", gap=gap)
    return words.say(
        "{gap}; {below} of {asked} below their minimum",
        gap=gap,
        below=words.integer(row.n_below_minimum),
        asked=words.integer(row.n_with_minimum),
    )


def too_few(standing: Standing | None, words: Words) -> str:
    """Why a dimension of a client shows nothing, and what brings it back."""
    if standing is None:
        return words.say("This week has no row for it. Choose another week.")
    reason = null_reason(standing.null_reason, words)
    last = standing.last_answered_on or standing.account_last_answered_on
    sentences = [words.say("Too few answers: {reason}.", reason=reason)]
    if last is not None:
        sentences.append(words.say("The last answer is of {day}.", day=words.day(last)))
    sentences.append(
        words.count(
            "It shows again once the one contact answers what they experience and what they expect.",
            "It shows again once one of {n} contacts answers what they experience and what they expect.",
            standing.n_eligible,
        )
        if standing.n_eligible
        else words.say("It shows again once a contact is delivered and answers.")
    )
    return " ".join(sentences)


def null_reason(code: str | None, words: Words) -> str:
    """The mart's reason for a missing gap, in words."""
    known = {
        "no_expectation": words.say("perception was answered, no expectation to pair it with"),
        "all_departed": words.say("everyone who answered has left"),
        "no_contacts": words.say("no contact is known"),
        "no_answers": words.say("nobody answered in {weeks} weeks"),
    }
    return known.get(code or "", words.say("nothing is known"))
