"""The survey tool's exports: wide relationship surveys, long ticket ratings, invitations, codebook."""

from __future__ import annotations

import numpy as np
import polars as pl

from gapwatch.simulate import words
from gapwatch.simulate.clock import DAY, HOUR, NEVER, Bools, Clock, Floats, Ints
from gapwatch.simulate.dimensions import MEASURES, ServiceDimensions
from gapwatch.simulate.people import People, survey_account_ids, survey_contact_ids
from gapwatch.simulate.surveys import SKIPPED, Answers, Asked, TicketRatings, Wave

RATING_SURVEY = "ticket-rating"
RESPONSES_A_BLOCK = 1_000_000


def response_ids(prefix: str, block: int, index: Ints) -> pl.Series:
    """The survey tool's response and invitation ids."""
    number = pl.Series(block * RESPONSES_A_BLOCK + index + 1, dtype=pl.Int64)
    return pl.Series([prefix]) + number.cast(pl.String).str.zfill(8)


def wide_responses(
    rng: np.random.Generator,
    clock: Clock,
    people: People,
    dimensions: ServiceDimensions,
    wave: Wave,
    answers: Answers,
    block: int,
) -> pl.DataFrame:
    """One row per response; the columns of questions that a wave leaves out are there and empty."""
    n = len(answers.contact)
    columns: dict[str, pl.Series] = {
        "Response ID": response_ids(f"{wave.label}-", block, np.arange(n)),
        "Survey": pl.Series([wave.survey_id]).new_from_index(0, n),
        "Company": survey_account_ids(people.accounts.number[answers.account]),
        "Respondent": survey_contact_ids(people.contacts.number[answers.contact]),
        "Full name": pl.Series(people.contacts.name).gather(answers.contact),
        "IP address": pl.Series([f"203.0.113.{octet}" for octet in rng.integers(1, 255, n)], dtype=pl.String),
        "Submitted": clock.local(answers.submitted),
        "Complete": pl.Series(["yes"]).new_from_index(0, n),
    }
    for measure in MEASURES:
        for place, item in enumerate(dimensions.items):
            if measure != "minimum" or item.position == 0:
                columns[item.column(measure)] = _cells(answers.items[measure][:, place])
    columns["Overall"] = _cells(answers.overall)
    columns["NPS"] = _cells(answers.nps)
    for place in range(len(dimensions.names)):
        columns[dimensions.importance_column(place)] = _cells(answers.importance[:, place])
    columns["Compared"] = _cells(answers.compared)
    region = people.accounts.region[answers.account]
    columns["Comment"] = _comments(rng, region, (answers.feeling + 11) / 12, answers.comments)
    columns["Changed"] = clock.local(answers.submitted)
    columns["_file_at"] = pl.Series(answers.submitted)
    frame = pl.DataFrame(columns)
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.Int64 and name != "_file_at"]
    return frame.with_columns(pl.col(texts).cast(pl.String))


def rating_rows(
    rng: np.random.Generator, clock: Clock, people: People, ratings: TicketRatings, block: int
) -> pl.DataFrame:
    """The ticket survey, one row per answer."""
    given = np.flatnonzero(ratings.submitted != NEVER)
    happy = ratings.csat[given] - 3.0
    comments = _comments(rng, people.accounts.region[ratings.account[given]], happy, ratings.comments[given])
    base = pl.DataFrame(
        {
            "Response": response_ids("TR-", block, given),
            "Survey": pl.Series([RATING_SURVEY]).new_from_index(0, len(given)),
            "Company": survey_account_ids(people.accounts.number[ratings.account[given]]),
            "Respondent": survey_contact_ids(people.contacts.number[ratings.contact[given]]),
            "Submitted": clock.local(ratings.submitted[given]),
            "_file_at": pl.Series(ratings.submitted[given]),
        }
    )
    answers = (
        ("csat", pl.Series(ratings.csat[given]).cast(pl.String)),
        ("effort", pl.Series(ratings.effort[given]).cast(pl.String)),
        ("why", comments),
    )
    long = pl.concat(
        base.with_columns(pl.lit(question).alias("Question"), values.alias("Answer"))
        for question, values in answers
    )
    return long.filter(pl.col("Answer").is_not_null()).sort("_file_at", "Response", "Question")


def invitations(clock: Clock, people: People, wave: Wave, asked: Asked, block: int) -> pl.DataFrame:
    """Invitations to one wave."""
    n = len(asked.contact)
    return _invitation_rows(
        clock,
        people,
        ids=response_ids(f"I{wave.label}-", block, np.arange(n)),
        survey=wave.survey_id,
        account=asked.account,
        contact=asked.contact,
        sent=asked.sent,
        bounced=np.where(asked.bounced, asked.sent + 3, NEVER),
    )


def rating_invitations(clock: Clock, people: People, ratings: TicketRatings, block: int) -> pl.DataFrame:
    """Invitations to rate a ticket."""
    n = len(ratings.ticket)
    return _invitation_rows(
        clock,
        people,
        ids=response_ids("IT-", block, np.arange(n)),
        survey=RATING_SURVEY,
        account=ratings.account,
        contact=ratings.contact,
        sent=ratings.sent,
        bounced=np.full(n, NEVER),
    )


def codebook(clock: Clock, dimensions: ServiceDimensions, wave: Wave | None) -> pl.DataFrame:
    """The questions of a wave, or (without one) of the ticket survey."""
    rows: list[tuple[str, str, str | None, str | None, int | None, int | None, str, str]] = []
    if wave is None:
        survey, kind, at = RATING_SURVEY, "transactional", clock.start - 20 * DAY
        rows += [
            ("csat", "csat", None, None, 1, 5, "no", "How satisfied are you with the solution?"),
            ("effort", "ces", None, None, 1, 7, "no", "How easy was it?"),
            ("why", "comment", None, None, None, None, "no", "What made you say so?"),
        ]
    else:
        survey, kind, at = wave.survey_id, "relationship", wave.sent - 7 * DAY + 10 * HOUR
        for item in dimensions.items:
            for measure in wave.measures(item):
                rows.append(
                    (
                        item.question(measure),
                        measure,
                        dimensions.names[item.dimension],
                        item.item_id,
                        wave.low,
                        wave.high,
                        "yes" if item.is_reversed else "no",
                        item.wording(measure),
                    )
                )
        rows += [
            (
                "overall",
                "overall",
                None,
                None,
                wave.low,
                wave.high,
                "no",
                "All in all, how satisfied are you?",
            ),
            ("nps", "nps", None, None, 0, 10, "no", "How likely are you to recommend us?"),
            ("comment", "comment", None, None, None, None, "no", "What should we know? 您还有什么建议？"),
        ]
        if wave.asks_opinions:
            split = "If you had 100 points to say what matters to you: how many for this?"
            worse = "Compared with what you expected, were we worse (1) or better (5)?"
            rows += [
                (f"{name}_importance", "importance", name, None, 0, 100, "no", split)
                for name in dimensions.names
            ]
            rows.append(("compared", "disconfirmation", None, None, 1, 5, "no", worse))
    names = ("Question", "Measure", "Dimension", "Item", "Low", "High", "Reversed", "Text")
    frame = pl.DataFrame(rows, schema=list(names), orient="row", infer_schema_length=None)
    return frame.select(
        pl.lit(survey).alias("Survey"),
        pl.lit(kind).alias("Kind"),
        *names,
        clock.local(np.full(len(rows), at)).alias("Changed"),
    )


def _invitation_rows(
    clock: Clock,
    people: People,
    *,
    ids: pl.Series,
    survey: str,
    account: Ints,
    contact: Ints,
    sent: Ints,
    bounced: Ints,
) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "Invitation": ids,
            "Survey": pl.Series([survey]).new_from_index(0, len(ids)),
            "Company": survey_account_ids(people.accounts.number[account]),
            "Respondent": survey_contact_ids(people.contacts.number[contact]),
            "Sent": clock.local(sent),
            "Channel": pl.Series(["e-mail"]).new_from_index(0, len(ids)),
            "Bounced": clock.local(bounced),
            "Changed": clock.local(np.where(bounced == NEVER, sent, bounced)),
            "_file_at": pl.Series(sent),
        }
    )


def _cells(values: Ints) -> pl.Series:
    return pl.Series(values).zip_with(pl.Series(values != SKIPPED), pl.Series([None], dtype=pl.Int64))


def _comments(rng: np.random.Generator, region: Ints, feeling: Floats, wanted: Bools) -> pl.Series:
    """A comment in the region's language that fits the feeling (below -1 unhappy, above 1 happy)."""
    chosen: list[str | None] = []
    draw = rng.random(len(region))
    for place, feels, wants, at in zip(region, feeling, wanted, draw, strict=True):
        if not wants:
            chosen.append(None)
            continue
        texts = words.COMMENTS[words.LANGUAGES[place]][0 if feels < -1 else 2 if feels > 0.5 else 1]
        chosen.append(texts[int(at * len(texts))])
    return pl.Series(chosen, dtype=pl.String)
