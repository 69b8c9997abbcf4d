"""A warehouse whose raw tables are written by hand, so that every number in its marts can be worked out."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from gapwatch import locks, transform
from gapwatch.warehouse import create_tables, write_connection
from gapwatch.workspace import Workspace, load_workspace

STARTED = datetime.fromisoformat("2023-01-01")


class RawCompany:
    """Rows for raw tables. Surveys here ask one perception, expectation and minimum per dimension."""

    def __init__(self, folder: Path, dimensions: dict[str, int], as_of: datetime) -> None:
        self.folder = folder
        self.as_of = as_of
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.dimensions = dimensions
        (folder / "seeds").mkdir(parents=True)
        header = (
            "service_dimension,label_en,label_zh,definition_en,definition_zh,owner_role,points,"
            "valid_from_on,sort_order,reason\n"
        )
        (folder / "seeds" / "service_dimensions.csv").write_text(
            header
            + "".join(
                f"{name},{name},{name},{name},{name},account_manager,{points},1990-01-01,{i},worked by hand\n"
                for i, (name, points) in enumerate(dimensions.items())
            ),
            encoding="utf-8",
        )
        (folder / "inbox").mkdir()
        (folder / "gapwatch.yml").write_text(
            yaml.safe_dump({"version": 1, "name": "By hand", "as_of": as_of, "sources": []}), encoding="utf-8"
        )

    def add(self, table: str, known_at: datetime, **row: Any) -> None:
        """One raw row, known at an instant."""
        self.rows.setdefault(table, []).append({"known_at": known_at, **row})

    def account(self, account_id: str, contacts: int, **row: Any) -> list[str]:
        """A client with contacts; their ids."""
        self.add("accounts", STARTED, account_id=account_id, account_name=account_id, **row)
        named = [f"{account_id}-{i}" for i in range(contacts)]
        for contact in named:
            self.add("contacts", STARTED, contact_id=contact, account_id=account_id)
        return named

    def survey(self, survey_id: str, *, low: float = 0, high: float = 100) -> None:
        """A relationship survey: one item per dimension, and an overall question."""
        for dimension in self.dimensions:
            for measure in ("perception", "expectation", "minimum", "importance"):
                self._question(survey_id, f"{dimension}-{measure}", measure, dimension, low, high)
        self._question(survey_id, "overall", "overall", None, low, high)

    def _question(
        self, survey_id: str, question_id: str, measure: str, dimension: str | None, low: float, high: float
    ) -> None:
        self.add(
            "survey_questions",
            STARTED,
            survey_id=survey_id,
            survey_kind="relationship",
            question_id=question_id,
            measure=measure,
            service_dimension=dimension,
            item_id=dimension,
            scale_min=None if measure == "importance" else low,
            scale_max=None if measure == "importance" else high,
            is_reverse_scored=False,
            weight=1,
            is_anonymous=False,
        )

    def answer(
        self, survey_id: str, contact: str, at: datetime, values: dict[str, float], response: str = ""
    ) -> None:
        """One response: question id -> value."""
        for question, value in values.items():
            self.add(
                "survey_answers",
                at,
                response_id=response or f"{survey_id}-{contact}-{at:%Y%m%d}",
                survey_id=survey_id,
                question_id=question,
                account_id=contact.rsplit("-", 1)[0],
                contact_id=contact,
                submitted_at=at,
                answer_value=value,
                is_complete=True,
            )

    def build(self) -> Workspace:
        """Write the raw tables and build the marts."""
        ws = load_workspace(self.folder)
        with locks.warehouse_lock(ws):
            self._write(ws)
            transform.build(ws)
        return ws

    def _write(self, ws: Workspace) -> None:
        with write_connection(ws) as connection:
            create_tables(connection)
            for table, rows in self.rows.items():
                for number, row in enumerate(rows):
                    filled = {
                        "is_deleted": False,
                        "_source": "hand",
                        "_batch_id": "b1",
                        "_file": "by hand",
                        "_row": number,
                        "_row_hash": number,
                        "_loaded_at": self.as_of,
                        **({} if table == "ticket_events" else {"updated_at": row["known_at"]}),
                        **row,
                    }
                    connection.execute(
                        f"insert into raw.{table} ({', '.join(filled)}) "
                        f"values ({', '.join('?' * len(filled))})",
                        list(filled.values()),
                    )
            connection.execute(
                "insert into raw._batches (batch_id, source, system, contract, load_seq, accepted_rows, "
                "max_known_at, landed_at, outcome) "
                "values ('b1', 'hand', 'hand', 'survey_answers', 1, 1, ?, ?, 'pass')",
                [self.as_of, self.as_of],
            )


def monday(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())
