"""The hidden truth, written beside the inbox and never read by the pipeline.

``latent.parquet`` (contact x service dimension x week), ``invitations.parquet`` (who was asked, the
chance to answer, the mood), ``episodes.csv`` (planted turns and losses with their cause),
``stories.csv``, ``dirt.csv`` and ``simulation.json`` (parameters and counts).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from types import TracebackType

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from gapwatch.simulate.clock import NEVER, WEEK, Clock
from gapwatch.simulate.fates import Fates
from gapwatch.simulate.minds import Minds
from gapwatch.simulate.people import People
from gapwatch.simulate.surveys import Asked, Wave

SETTINGS = "simulation.json"
_LATENT = pa.schema(
    [
        ("contact_id", pa.dictionary(pa.int32(), pa.string())),
        ("account_id", pa.dictionary(pa.int32(), pa.string())),
        ("service_dimension", pa.dictionary(pa.int32(), pa.string())),
        ("week_start_on", pa.date32()),
        ("perception", pa.float32()),
        ("expectation", pa.float32()),
        ("minimum", pa.float32()),
        ("is_eligible", pa.bool_()),
    ]
)
_INVITATIONS = pa.schema(
    [
        ("survey_id", pa.string()),
        ("contact_id", pa.string()),
        ("account_id", pa.string()),
        ("sent_at", pa.timestamp("us")),
        ("chance", pa.float32()),
        ("perception", pa.float32()),
        ("answered", pa.bool_()),
    ]
)
_EPISODES = (
    "account_id",
    "cause",
    "detail",
    "outcome",
    "turned_on",
    "notice_given_on",
    "churned_on",
    "contact_id",
)
_STORIES = ("story", "account_id", "turned_on", "contact_id", "other_account_id", "detail")


class Truth:
    """Collects the truth block by block; a context manager, since it holds open files."""

    def __init__(self, folder: Path, clock: Clock, dimensions: Sequence[str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.clock = clock
        self.dimensions = dimensions
        self.episodes: list[tuple[str, ...]] = []
        self.stories: list[tuple[str, ...]] = []
        self.dirt: list[tuple[str, str, str]] = []
        self._latent = pq.ParquetWriter(folder / "latent.parquet", _LATENT, compression="zstd")
        self._invitations = pq.ParquetWriter(folder / "invitations.parquet", _INVITATIONS, compression="zstd")

    def __enter__(self) -> Truth:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._latent.close()
        self._invitations.close()

    def add_minds(self, people: People, minds: Minds) -> None:
        """Latent scores; eligible are contacts valid at an active client when the week begins."""
        contacts, weeks = people.contacts, self.clock.weeks
        n, n_dimensions = len(contacts), len(self.dimensions)
        contact = np.repeat(np.arange(n), weeks)
        begins = np.tile(np.arange(weeks) * WEEK, n)
        account = contacts.account_at(contact, begins)
        eligible = contacts.valid(contact, begins)
        eligible &= people.accounts.active(self.clock)[account, begins // WEEK]
        mondays = pl.Series([self.clock.origin + timedelta(weeks=week) for week in range(weeks)]).to_arrow()
        for dimension in range(n_dimensions):
            table = pa.table(
                [
                    _coded(contact, contacts.ids),
                    _coded(account, people.accounts.ids),
                    _coded(np.full(n * weeks, dimension), pl.Series(list(self.dimensions))),
                    mondays.take(pa.array(begins // WEEK)),
                    *(
                        pa.array(np.round(values[:, dimension, :], 2).ravel().astype(np.float32))
                        for values in (minds.perception, minds.expectation, minds.minimum)
                    ),
                    pa.array(eligible),
                ],
                schema=_LATENT,
            )
            self._latent.write_table(table)

    def add_wave(self, people: People, minds: Minds, wave: Wave, asked: Asked) -> None:
        """Who was asked in a wave, with what chance, in which mood, and whether an answer came."""
        week = self.clock.week(asked.sent)
        mood = minds.perception[asked.contact, :, week].mean(axis=1)
        self._invitations.write_table(
            pa.table(
                [
                    pa.array([wave.survey_id] * len(asked.contact), pa.string()),
                    _texts(people.contacts.ids.gather(asked.contact)),
                    _texts(people.accounts.ids.gather(asked.account)),
                    self.clock.local(asked.sent).to_arrow(),
                    pa.array(asked.chance.astype(np.float32)),
                    pa.array(mood.astype(np.float32)),
                    pa.array(asked.answered != NEVER),
                ],
                schema=_INVITATIONS,
            )
        )

    def add_fates(self, people: People, fates: Fates) -> None:
        """Planted turns and stories."""
        accounts, contacts = people.accounts.ids.to_list(), people.contacts.ids.to_list()
        for episode in fates.episodes:
            self.episodes.append(
                (
                    accounts[episode.account],
                    episode.cause,
                    episode.detail,
                    episode.outcome,
                    self._day(episode.turned),
                    self._day(episode.notice),
                    self._day(episode.churned),
                    contacts[episode.contact] if episode.contact >= 0 else "",
                )
            )
        for story in fates.stories:
            self.stories.append(
                (
                    story.name,
                    accounts[story.account],
                    self._day(story.turned),
                    contacts[story.contact] if story.contact >= 0 else "",
                    accounts[story.other] if story.other >= 0 else "",
                    story.detail,
                )
            )

    def finish(self, settings: dict[str, object]) -> None:
        """Write the lists and, last, the settings."""
        _write_csv(self.folder / "episodes.csv", _EPISODES, self.episodes)
        _write_csv(self.folder / "stories.csv", _STORIES, self.stories)
        _write_csv(self.folder / "dirt.csv", ("source", "kind", "key"), self.dirt)
        (self.folder / SETTINGS).write_text(
            json.dumps(settings, indent=2, ensure_ascii=False) + "\n", "utf-8"
        )

    def _day(self, minute: int) -> str:
        return "" if minute == NEVER else self.clock.day(minute).isoformat()


def _coded(index: NDArray[np.int64], names: pl.Series) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(
        pa.array(index.astype(np.int32)), pa.array(names.to_list(), pa.string())
    )


def _texts(series: pl.Series) -> pa.Array:
    return pa.array(series.to_list(), pa.string())


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
