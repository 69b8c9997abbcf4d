"""Dirt on purpose: what real exports do, in small amounts, each kind noted for the truth.

Works on the frames before they are split into files: ``_file_at`` decides in which file a row arrives.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from gapwatch.simulate.clock import DAY, Bools, Clock, Ints

UNKNOWN_STATUS = "awaiting vendor"
OFF_SCALE = "99"
UNKNOWN_DESK_ACCOUNT = "ORG-99999"
UNKNOWN_SURVEY_ACCOUNT = "C99999"
_LATER = 40 * DAY


@dataclass
class Dirt:
    """Adds dirt to the frames of one block; ``log`` rows are (source, kind, key)."""

    rng: np.random.Generator
    clock: Clock
    is_first_block: bool
    log: list[tuple[str, str, str]] = field(default_factory=list)

    def tickets(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Unknown statuses, blanks around ids, impossible instants, an unknown client, disorder."""
        source, key = "desk_tickets", "id"
        open_rows = ~frame["_outcome"].to_numpy()
        frame = self._set(frame, source, key, "unknown_status", 0.001, "status", UNKNOWN_STATUS, open_rows)
        blanks = pl.format("  {}\u00a0", pl.col("organization.id"))
        frame = self._set(frame, source, key, "blanks_around_id", 0.002, "organization.id", blanks)
        if self.is_first_block:
            opened = pl.col("created_at")
            frame = self._set(
                frame, source, key, "resolved_before_opened", 1, "solved_at", opened - timedelta(2)
            )
            old = pl.lit(datetime(1970, 1, 1))  # noqa: DTZ001  # local, naive like the frames
            frame = self._set(frame, source, key, "opened_in_1970", 1, "created_at", old, open_rows)
            strangers = frame[self._pick(len(frame), 3)].with_columns(
                pl.lit(UNKNOWN_DESK_ACCOUNT).alias("organization.id"),
                pl.lit(None, pl.String).alias("requester.id"),
                pl.format("X{}", pl.col("id")).alias("id"),
            )
            self._note(source, "unknown_account_for_ever", strangers["id"])
            frame = pl.concat([frame, strangers])
        return self._reorder(frame, source, key)

    def events(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Repeated and late rows."""
        return self._reorder(frame, "desk_events", "event_id")

    def deliveries(self, frame: pl.DataFrame) -> pl.DataFrame:
        """An unknown kind, an unknown result, one version in two wordings, late and repeated rows."""
        source, key = "project_deliveries", "Delivery"
        if self.is_first_block:
            frame = self._set(frame, source, key, "unknown_kind", 2, "Kind", pl.lit("phase"))
            judged = frame["Result"].is_not_null().to_numpy()
            frame = self._set(frame, source, key, "unknown_result", 1, "Result", pl.lit("teilweise"), judged)
            twice = frame[self._pick(len(frame), 2)]
            self._note(source, "same_version_other_content", twice[key])
            frame = pl.concat([frame, twice.with_columns(pl.lit("Portal v2 (neu)").alias("Project"))])
        return self._reorder(frame, source, key)

    def promises(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Repeated and late rows."""
        return self._reorder(frame, "project_promises", "Delivery")

    def responses(self, frame: pl.DataFrame, item_columns: list[str]) -> pl.DataFrame:
        """Answers off the scale, words for numbers, blanks around ids, a client nobody knows."""
        source, key = "survey_relationship", "Response ID"
        if frame.is_empty():
            return frame
        for column in item_columns[:2]:
            given = frame[column].is_not_null().to_numpy()
            frame = self._set(frame, source, key, "off_scale", 0.008, column, pl.lit(OFF_SCALE), given)
        if self.is_first_block and not any(kind == "word_for_number" for _, kind, _ in self.log):
            frame = self._set(frame, source, key, "word_for_number", 1, item_columns[2], pl.lit("k. A."))
            frame = self._set(
                frame, source, key, "unknown_account_for_ever", 1, "Company", pl.lit(UNKNOWN_SURVEY_ACCOUNT)
            )
        blanks = pl.format(" {}\u200b ", pl.col("Respondent"))
        return self._set(frame, source, key, "blanks_around_id", 0.01, "Respondent", blanks)

    def revisions(self, frame: pl.DataFrame) -> pl.DataFrame:
        """A few responses of a wave as the client changed them weeks later, for the next wave's file."""
        chosen = frame[self._pick(len(frame), max(1, round(0.015 * len(frame))))] if len(frame) else frame
        later = chosen.with_columns(
            (pl.col("Changed") + timedelta(days=45)).alias("Changed"),
            (pl.col("_file_at") + 45 * DAY).alias("_file_at"),
            (10 - pl.col("NPS").cast(pl.Int64)).cast(pl.String).alias("NPS"),
            pl.lit("Changed my mind.\n改变了看法；見上").alias("Comment"),
        ).filter(pl.col("_file_at") < self.clock.end)
        self._note("survey_relationship", "superseded_later", later["Response ID"])
        return later

    def ratings(self, frame: pl.DataFrame) -> pl.DataFrame:
        """A rating off the scale, one from a far future, repeated rows."""
        source, key = "survey_ratings", "Response"
        csat = (frame["Question"] == "csat").to_numpy()
        frame = self._set(frame, source, key, "off_scale", 0.002, "Answer", pl.lit("7"), csat)
        if self.is_first_block:
            far = pl.lit(datetime(2206, 3, 1, 12))  # noqa: DTZ001  # local, naive like the frames
            frame = self._set(frame, source, key, "year_2206", 1, "Submitted", far)
        return self._reorder(frame, source, key)

    def accounts(self, frame: pl.DataFrame) -> pl.DataFrame:
        """A tier from no list put right five days later, a decomposed name, blanks around ids."""
        source, key = "crm_accounts", "Account ID"
        if self.is_first_block:
            frame = self._wrong_tier(frame)
            composed = frame["Account name"]
            split = [unicodedata.normalize("NFD", name) for name in composed.to_list()]
            marked = (composed != pl.Series(split)).to_numpy()
            frame = frame.with_columns(pl.Series("_nfd", split))
            frame = self._set(
                frame, source, key, "decomposed_name", 2, "Account name", pl.col("_nfd"), marked
            )
            frame = frame.drop("_nfd")
        frame = self._set(frame, source, key, "blanks_around_id", 0.01, key, pl.format(" {} ", pl.col(key)))
        return frame.sort("_file_at", key)

    def _wrong_tier(self, frame: pl.DataFrame) -> pl.DataFrame:
        """One account gets a tier from no list, and five days later the right one again."""
        lost = frame.filter(pl.col("Notice given").is_not_null())["Account ID"].unique().to_list()
        inside = pl.col("_file_at").is_between(self.clock.start, self.clock.end - 6 * DAY)
        changed = frame.filter(inside & ~pl.col("Account ID").is_in(lost))
        if changed.is_empty():
            return frame
        wrong = changed[self._pick(len(changed), 1)]
        account, at = str(wrong["Account ID"][0]), int(wrong["_file_at"][0])
        right = _later(wrong, 5 * DAY)
        # What the CRM entered within those days would be older than the correction: it is part of it.
        between = (pl.col("_file_at") > at) & (pl.col("_file_at") <= at + 5 * DAY)
        frame = frame.filter(~((pl.col("Account ID") == account) & between))
        self._note("crm_accounts", "unknown_tier", wrong["Account ID"])
        hit = (pl.col("Account ID") == account) & (pl.col("_file_at") == at)
        tier = pl.when(hit).then(pl.lit("D")).otherwise(pl.col("Tier")).alias("Tier")
        return pl.concat([frame.with_columns(tier), right])

    def late_clients(self, frame: pl.DataFrame, ids: list[str], column: str, source: str) -> pl.DataFrame:
        """Entries of clients who joined in between, made weeks after their first tickets came in."""
        is_late = pl.col(column).is_in(ids)
        late = _later(frame.filter(is_late), _LATER).filter(pl.col("_file_at") < self.clock.end)
        if source == "crm_accounts":
            self._note(source, "account_entered_late", late[column].unique(maintain_order=True))
        return pl.concat([frame.filter(~is_late), late])

    def identities(self, frame: pl.DataFrame) -> pl.DataFrame:
        """One desk id given to the wrong colleague at first, corrected two months later."""
        if not self.is_first_block:
            return frame
        desk = frame.filter((pl.col("System") == "desk") & (pl.col("Kind") == "contact"))
        at = int(self._pick(len(desk) - 1, 1)[0])
        right = desk[at : at + 1]
        key = right["Foreign ID"][0]
        self._note("crm_identities", "corrected_identity", right["Foreign ID"])
        wrong = right.with_columns(desk[at + 1 : at + 2]["CRM ID"])
        corrected = _later(right, 60 * DAY + max(0, self.clock.start - int(right["_file_at"][0])))
        others = frame.filter(~((pl.col("System") == "desk") & (pl.col("Foreign ID") == key)))
        return pl.concat([others, wrong, corrected.filter(pl.col("_file_at") < self.clock.end)])

    def _reorder(self, frame: pl.DataFrame, source: str, key: str) -> pl.DataFrame:
        """Some rows come twice in a file, some again in a later file, some late."""
        last = self.clock.end - 1
        n = len(frame)
        twice = frame[self._pick(n, round(0.003 * n))]
        again = frame[self._pick(n, round(0.004 * n))]
        again = again.with_columns(pl.min_horizontal(pl.col("_file_at") + 33 * DAY, last).alias("_file_at"))
        late = np.zeros(n, dtype=np.bool_)
        late[self._pick(n, round(0.004 * n))] = True
        self._note(source, "row_twice", twice[key])
        self._note(source, "row_again_later", again[key])
        self._note(source, "late_version", frame[key].filter(pl.Series(late)))
        moved = pl.min_horizontal(pl.col("_file_at") + _LATER, last)
        frame = frame.with_columns(
            pl.when(pl.Series(late)).then(moved).otherwise(pl.col("_file_at")).alias("_file_at")
        )
        return pl.concat([frame, twice, again]).sort("_file_at", maintain_order=True)

    def _set(
        self,
        frame: pl.DataFrame,
        source: str,
        key: str,
        kind: str,
        share: float,
        column: str,
        value: pl.Expr | str,
        where: Bools | None = None,
    ) -> pl.DataFrame:
        """Overwrite a column in a share of the rows (a count where 1 or more), among those of ``where``."""
        possible = np.flatnonzero(where) if where is not None else np.arange(len(frame))
        count = int(share) if share >= 1 else round(share * len(possible))
        if self.is_first_block:
            count = max(count, 1)
        hit = np.zeros(len(frame), dtype=np.bool_)
        hit[possible[self._pick(len(possible), count)]] = True
        mask = pl.Series(hit)
        self._note(source, kind, frame[key].filter(mask))
        new = pl.lit(value) if isinstance(value, str) else value
        return frame.with_columns(pl.when(mask).then(new).otherwise(pl.col(column)).alias(column))

    def _pick(self, n: int, count: int) -> Ints:
        return np.sort(self.rng.permutation(n)[: min(count, n)])

    def _note(self, source: str, kind: str, keys: pl.Series) -> None:
        self.log.extend((source, kind, str(key).strip()) for key in keys.to_list())


def _later(frame: pl.DataFrame, minutes: int) -> pl.DataFrame:
    """The same rows, changed (and so delivered) so much later."""
    return frame.with_columns(
        (pl.col("Changed") + timedelta(minutes=minutes)).alias("Changed"),
        (pl.col("_file_at") + minutes).alias("_file_at"),
    )
