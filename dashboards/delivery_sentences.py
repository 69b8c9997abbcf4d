"""Generated sentences about deliveries: what cannot be believed today, why, and the next command."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dashboards.delivered import Reach, Source, Stopped
from dashboards.labels import Labels
from dashboards.texts import Words, lower_first

REFUSED = ("held", "crashed")
TROUBLED = ("crashed", "held", "late", "empty", "never")


def title(sources: Sequence[Source], reach: Sequence[Reach], as_of: datetime, labels: Labels) -> str:
    """The finding: which source is behind, and for how many clients a number is not current."""
    words = labels.words
    behind = [each for each in sources if each.state in ("crashed", "held", "late")]
    if not behind:
        return _calm_title(sources, words)
    widest = _widest(behind, reach)
    first = next((each for each in behind if widest is not None and each.source == widest.source), behind[0])
    what = _late(first, as_of, words)
    if len(behind) > 1:
        what = words.count(
            "{what}, and {n} more source is behind",
            "{what}, and {n} more sources are behind",
            len(behind) - 1,
            what=what,
        )
    if widest is None:
        return words.say("{what}. No client's number rests on it today.", what=what)
    return words.count(
        "{what}: {number} is not current for {n} client",
        "{what}: {number} is not current for {n} clients",
        widest.n_accounts,
        what=what,
        number=_number(widest, reach, labels),
    )


def problem(source: Source, reach: Sequence[Reach], as_of: datetime, labels: Labels) -> tuple[str, str]:
    """What is wrong with a source and whom it concerns, and what to do next; ``source.state`` is troubled."""
    words = labels.words
    if source.state in REFUSED:
        what = words.say("its last batch is not let in.")
        next_step = (
            words.say("correct the file or the mapping, then run")
            if source.held_batch_id
            else words.say("look what is held, then run")
        )
    elif source.state == "late":
        what = words.say(
            "nothing newer than {day}; expected every {days} days.",
            day=words.day(source.newest_known_at.date() if source.newest_known_at else None),
            days=words.threshold(source.expected_days or 0),
        )
        next_step = words.say("see whether its export still runs, then run")
    elif source.state == "empty":
        what = words.say("no row of it was let in yet.")
        next_step = words.say("look at the rules below, then run")
    else:
        what = words.say("nothing was delivered yet.")
        next_step = words.say("put its first file in place, then run")
    concerned = [
        each for each in reach if each.source == source.source and each.service_dimension == "overall"
    ]
    told = [
        words.count(
            "{number} is not current for {n} client.",
            "{number} is not current for {n} clients.",
            each.n_accounts,
            number=_number(each, reach, labels),
        )
        for each in concerned
    ]
    return " ".join([what, *(text[:1].upper() + text[1:] for text in told)]), next_step


def command(source: Source) -> str:
    """The command that settles a problem of a source."""
    if source.state in REFUSED and source.held_batch_id:
        return f"gapwatch gate repair --batch {source.held_batch_id}"
    return "gapwatch status" if source.state in REFUSED else "gapwatch run"


def outside(source: Source, words: Words) -> str:
    """How many rows of a source stand outside, by who has to act."""
    parts = []
    if source.n_quarantined:
        parts.append(words.count("{n} row set aside", "{n} rows set aside", source.n_quarantined))
    if source.n_waiting:
        parts.append(
            words.count(
                "{n} row waits for its client or question",
                "{n} rows wait for their client or question",
                source.n_waiting,
            )
        )
    return words.say(", ").join(parts)


def state(code: str, words: Words) -> str:
    """The state of a source in a word."""
    known = {
        "fresh": words.say("current"),
        "late": words.say("late"),
        "held": words.say("held"),
        "crashed": words.say("check failed"),
        "empty": words.say("nothing let in"),
        "never": words.say("nothing yet"),
    }
    return known.get(code, code)


def outcome(code: str, words: Words) -> str:
    """What became of a day's batches."""
    known = {
        "pass": words.say("let in"),
        "quarantine": words.say("some rows set aside"),
        "held": words.say("held"),
        "crashed": words.say("check failed"),
        "none": words.say("nothing"),
    }
    return known.get(code, code)


def expected(source: Source, words: Words) -> str:
    """How long a source may be silent."""
    if source.expected_days is None:
        return words.say("when it changes")
    if source.expected_days == 1:
        return words.say("daily")
    return words.say("every {days} days", days=words.threshold(source.expected_days))


def rule(row: Stopped, words: Words) -> str:
    """What a rule of the gate found, in plain words; the rule's own name where there are none."""
    known = {
        "unknown_account": words.say("its client was not delivered yet"),
        "unknown_question": words.say("its question was not delivered yet"),
        "answer_on_scale": words.say("the answer is off its question's scale"),
        "unknown_value": words.say("a value nobody mapped"),
        "value_type": words.say("not a value of its type"),
        "instant_window": words.say("an instant out of any sensible time"),
        "naive_instant": words.say("an instant without a time zone"),
        "resolved_after_opened": words.say("resolved before it was opened"),
        "key_present": words.say("a part of the key is missing"),
        "key_characters": words.say("a key with characters that are not seen"),
        "unique_key": words.say("the same key twice"),
        "required": words.say("a required value is missing"),
    }
    return known.get(row.rule, words.say("a rule of the contract"))


def _calm_title(sources: Sequence[Source], words: Words) -> str:
    rows = sum(each.n_quarantined for each in sources)
    waiting = sum(each.n_waiting for each in sources)
    n = len(sources)
    if not rows and not waiting:
        return words.count(
            "The one source is current, and every row was let in",
            "All {n} sources are current, and every row was let in",
            n,
        )
    if not rows:
        return words.count(
            "The one source is current; {waiting} rows wait for their client or question",
            "All {n} sources are current; {waiting} rows wait for their client or question",
            n,
            waiting=words.integer(waiting),
        )
    return words.count(
        "The one source is current; {rows} of {total} rows are set aside and count nowhere",
        "All {n} sources are current; {rows} of {total} rows are set aside and count nowhere",
        n,
        rows=words.integer(rows),
        total=words.integer(sum(each.n_rows + each.n_quarantined + each.n_waiting for each in sources)),
    )


def _widest(behind: Sequence[Source], reach: Sequence[Reach]) -> Reach | None:
    names = {each.source for each in behind}
    overall = [each for each in reach if each.source in names and each.service_dimension == "overall"]
    return max(overall, key=lambda each: each.n_accounts, default=None)


def _late(source: Source, as_of: datetime, words: Words) -> str:
    if source.state in REFUSED:
        return words.say("{source} is held at the gate", source=source.source)
    if source.newest_known_at is None:
        return words.say("{source} has brought nothing", source=source.source)
    return words.say(
        "{source} stopped {age} ago", source=source.source, age=words.age(source.newest_known_at, as_of)
    )


def _number(reached: Reach, reach: Sequence[Reach], labels: Labels) -> str:
    """Which numbers rest on it: felt or factual, on which dimensions."""
    words = labels.words
    codes = [
        each.service_dimension
        for each in reach
        if each.source == reached.source and each.side == reached.side and each.service_dimension != "overall"
    ]
    if len(codes) == len(labels.codes):
        return words.say("what clients feel") if reached.side == "felt" else words.say("what we did for them")
    which = lower_first(labels.joined(codes), words.language)
    if reached.side == "felt":
        return words.say("felt {dimensions}", dimensions=which)
    return words.say("factual {dimensions}", dimensions=which)
