"""How each system writes its exports: folders, separators, zones, formats, encodings, compression.

Frames are appended block by block, so a company of any size passes through memory in pieces; a file's
rows are in the order of time within a block.
"""

from __future__ import annotations

import gzip
import io
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from gapwatch.simulate.clock import OFFICE_ZONE

_ISO = "%Y-%m-%d %H:%M:%S"
_ISO_DAY = "%Y-%m-%d"


@dataclass(frozen=True)
class Export:
    """One kind of file: ``{}`` in ``path`` takes the label; instants are written in ``zone``."""

    path: str
    zone: str
    instant: str = _ISO
    day: str = _ISO_DAY
    separator: str = ","
    encoding: str = "utf-8"
    has_bom: bool = False
    decimal_comma: bool = False

    @property
    def is_json(self) -> bool:
        """JSON lines, nested by the dots in the column names."""
        return ".jsonl" in self.path

    @property
    def is_zipped(self) -> bool:
        """Compressed at the end."""
        return self.path.endswith(".gz")

    def glob(self) -> str:
        """The pattern that finds all of its files."""
        return self.path.format("*")


_CRM = Export("", OFFICE_ZONE, "%d.%m.%Y %H:%M", "%d.%m.%Y", separator=";")
_SURVEY = Export("", "Asia/Shanghai")
_DESK = Export("", "UTC", "%Y-%m-%dT%H:%M:%SZ")
_PROJECTS = Export("", "Europe/London", "%d/%m/%Y %H:%M", "%d/%m/%Y", separator=";", encoding="cp1252")

EXPORTS: dict[str, Export] = {
    "crm_accounts": replace(_CRM, path="crm/accounts-{}.csv", decimal_comma=True),
    "crm_contacts": replace(_CRM, path="crm/contacts-{}.csv"),
    "crm_identities": replace(_CRM, path="crm/identities-{}.csv"),
    "crm_activities": replace(_CRM, path="crm/activities-{}.csv"),
    "survey_codebook": replace(_SURVEY, path="survey/codebook-{}.tsv", separator="\t"),
    "survey_relationship": replace(_SURVEY, path="survey/relationship-{}.csv", has_bom=True),
    "survey_ratings": replace(_SURVEY, path="survey/ticket-ratings-{}.csv", separator=";"),
    "survey_invitations": replace(_SURVEY, path="survey/invitations-{}.csv"),
    "desk_tickets": replace(_DESK, path="desk/tickets-{}.jsonl"),
    "desk_events": replace(_DESK, path="desk/events-{}.jsonl.gz"),
    "project_deliveries": replace(_PROJECTS, path="projects/deliveries-{}.csv"),
    "project_promises": replace(_PROJECTS, path="projects/promises-{}.csv"),
}


class Inbox:
    """Writes the exports below a folder and counts their rows."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: dict[str, int] = dict.fromkeys(EXPORTS, 0)
        self._written: dict[Path, bool] = {}

    def add(self, name: str, frame: pl.DataFrame, label: str) -> None:
        """Append rows to one file; columns that begin with an underscore are left out."""
        if frame.is_empty():
            return
        export = EXPORTS[name]
        path = self.folder / export.path.removesuffix(".gz").format(label)
        path.parent.mkdir(parents=True, exist_ok=True)
        texts = _as_texts(export, frame)
        content = (
            _json_lines(texts) if export.is_json else _csv(export, texts, first=path not in self._written)
        )
        with path.open("ab" if path in self._written else "wb") as stream:
            stream.write(content)
        self._written[path] = export.is_zipped
        self.rows[name] += len(frame)

    def add_by_label(self, name: str, frame: pl.DataFrame, labels: pl.Series) -> None:
        """Append rows to the files that ``labels`` (one per row) name."""
        parts = frame.with_columns(labels.alias("_label")).partition_by("_label", as_dict=True)
        for (label,), part in sorted(parts.items(), key=lambda entry: str(entry[0])):
            self.add(name, part, str(label))

    def repeat(self, name: str, label: str, as_label: str) -> None:
        """Deliver the contents of one file once more under another name."""
        first = self.folder / EXPORTS[name].path.removesuffix(".gz").format(label)
        if first in self._written:
            again = self.folder / EXPORTS[name].path.removesuffix(".gz").format(as_label)
            shutil.copyfile(first, again)
            self._written[again] = self._written[first]

    def close(self) -> list[Path]:
        """Compress what is delivered compressed; gives all files, sorted.

        The archives carry no time or name, so that equal contents are equal bytes.
        """
        for path, is_zipped in self._written.items():
            if is_zipped:
                target = path.with_name(f"{path.name}.gz")
                with (
                    path.open("rb") as plain,
                    target.open("wb") as stream,
                    gzip.GzipFile("", "wb", 6, stream, mtime=0) as packed,
                ):
                    shutil.copyfileobj(plain, packed, 1 << 20)
                path.unlink()
        return sorted(path for path in self.folder.rglob("*") if path.is_file())


def _as_texts(export: Export, frame: pl.DataFrame) -> pl.DataFrame:
    columns = []
    for name, dtype in frame.schema.items():
        if name.startswith("_"):
            continue
        column = pl.col(name)
        if dtype == pl.Datetime:
            local = column.dt.replace_time_zone(OFFICE_ZONE, ambiguous="earliest")
            columns.append(local.dt.convert_time_zone(export.zone).dt.strftime(export.instant).alias(name))
        elif dtype == pl.Date:
            columns.append(column.dt.strftime(export.day).alias(name))
        elif dtype == pl.Float64 and export.decimal_comma:
            columns.append(column.round(2).cast(pl.String).str.replace(".", ",", literal=True).alias(name))
        else:
            columns.append(column)
    return frame.select(columns)


def _csv(export: Export, frame: pl.DataFrame, *, first: bool) -> bytes:
    buffer = io.BytesIO()
    frame.write_csv(buffer, separator=export.separator, include_header=first, line_terminator="\r\n")
    content = buffer.getvalue()
    if export.encoding != "utf-8":
        content = content.decode("utf-8").encode(export.encoding)
    return b"\xef\xbb\xbf" + content if export.has_bom and first else content


def _json_lines(frame: pl.DataFrame) -> bytes:
    """Columns ``a.b`` become ``{"a": {"b": ...}}``, at the place of the first of them."""
    groups: dict[str, list[str]] = {}
    for name in frame.columns:
        groups.setdefault(name.partition(".")[0], []).append(name)
    columns = [
        pl.col(head)
        if names == [head]
        else pl.struct(pl.col(name).alias(name.partition(".")[2]) for name in names).alias(head)
        for head, names in groups.items()
    ]
    buffer = io.BytesIO()
    frame.select(columns).write_ndjson(buffer)
    return buffer.getvalue()
