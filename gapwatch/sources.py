"""What a workspace says about one source: where its files are, how they are written, what they mean."""

from __future__ import annotations

import codecs
import re
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from gapwatch.contracts import CONTRACTS, Contract
from gapwatch.did_you_mean import suggestion

NAME = r"^[a-z][a-z0-9_]{0,62}$"

#: Contract columns that are filled with a default where a source does not map them.
COLUMN_DEFAULTS: dict[str, object] = {
    "is_complete": True,
    "reopen_count": 0,
    "reassignment_count": 0,
    "rework_count": 0,
    "weight": 1.0,
    "is_reverse_scored": False,
    "is_anonymous": False,
}

#: Pairs of nullable columns of which a source has to map at least one.
_ONE_OF = {"survey_answers": ("answer_value", "answer_text"), "delivery_promises": ("due_on", "due_at")}


class Settings(BaseModel):
    """A part of ``gapwatch.yml``: unknown keys are errors, values are never converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _as_list(value: Any) -> Any:
    if value is None:
        return []
    return [value] if isinstance(value, str) else value


TextList = Annotated[list[str], BeforeValidator(_as_list)]
Character = Annotated[str, Field(max_length=1)]


class Options(Settings):
    """How the files of a source are written. Nothing here is ever guessed from the files."""

    separator: str = Field(default=",", min_length=1, max_length=1, description="Between two fields (csv).")
    quote: Character = Field(default='"', description="Around quoted fields (csv); empty: none.")
    escape: Character = Field(default='"', description="Character before a quote inside quotes (csv).")
    nulls: TextList = Field(default=[""], description="Texts that stand for an empty value.")
    timestamp_format: TextList = Field(default=[], description="strptime formats of instants; none: ISO.")
    date_format: TextList = Field(default=[], description="strptime formats of days; none: ISO.")
    decimal: Literal[".", ","] = Field(default=".", description="Decimal mark of numbers.")
    skip_lines: int = Field(default=0, ge=0, le=10_000, description="Lines before the header (csv).")
    optional: TextList = Field(
        default=[],
        description="Mapped source columns that a file may lack: empty then, with a notice.",
    )

    @field_validator("separator", "quote", "escape")
    @classmethod
    def _plain(cls, value: str) -> str:
        if value in {"\n", "\r", "\0"} or not value.isascii():
            raise ValueError("separator, quote and escape are ASCII characters, and no line breaks")
        return value

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if self.separator in {self.quote, self.escape}:
            raise ValueError("separator must differ from quote and escape")
        return self


class AsOf(Settings):
    """Where a delivery says to which instant it belongs: a part of the file's name, or a column."""

    file_pattern: str | None = Field(
        default=None, description="Regular expression with one group, searched in the file's name."
    )
    format: str = Field(default="%Y-%m-%d", description="strptime format of what the group matched, in UTC.")
    column: str | None = Field(default=None, description="Source column that holds the instant.")

    @field_validator("file_pattern")
    @classmethod
    def _one_group(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            groups = re.compile(value).groups
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        if groups != 1:
            raise ValueError("the pattern needs exactly one group in parentheses")
        return value

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.file_pattern is None) == (self.column is None):
            raise ValueError("give either file_pattern or column")
        return self

    def from_name(self, name: str) -> datetime | None:
        """Instant (naive UTC) that a file's name tells; None where it comes from a column.

        Raises ValueError where the name does not match.
        """
        if self.file_pattern is None:
            return None
        found = re.search(self.file_pattern, name)
        if found is None:
            raise ValueError(f"the name does not match {self.file_pattern!r}")
        return naive_utc(datetime.strptime(found.group(1), self.format))  # noqa: DTZ007 - a format may lack a zone


class Source(Settings):
    """One source: files of one dialect that fill one contract."""

    name: str = Field(pattern=NAME, description="Unique name of the source.")
    contract: str = Field(description="Input table that the source fills.")
    system: str | None = Field(
        default=None, pattern=NAME, description="System whose ids the rows carry; default: the source's name."
    )
    reader: Literal["csv", "jsonl", "parquet"] = Field(description="Kind of file.")
    path: TextList = Field(min_length=1, description="File(s) or glob(s), relative to the workspace.")
    encoding: str = Field(default="utf-8", description="Encoding of the text; never guessed.")
    time_zone: str | None = Field(
        default=None, description="Zone of instants without an offset; null: such an instant is an error."
    )
    calendar: str | None = Field(default=None, description="Business calendar (seed business_calendars).")
    history: Literal["versions", "none"] = Field(
        default="versions", description="versions: rows have updated_at; none: they do not."
    )
    delivers: Literal["changes", "full"] = Field(
        default="changes", description="full: what a delivery no longer holds is deleted."
    )
    as_of: AsOf | None = Field(default=None, description="Where a delivery says to which instant it belongs.")
    arrival_lag_minutes: float = Field(
        default=0, ge=0, description="Minutes between an event and the moment it can be known."
    )
    ids: Literal["self", "mapped"] = Field(
        default="self",
        description="self: ids without an identities row stand for themselves; mapped: wait.",
    )
    tie_break: str | None = Field(
        default=None, description="SQL over source columns: the greater of two equal versions wins."
    )
    anonymous: bool = Field(default=False, description="survey_answers: the contact may not be mapped.")
    late_after_days: float | None = Field(
        default=None,
        gt=0,
        description="Silence after which the source is late; null: late_after_days of the seed.",
    )
    records_first_response: bool = Field(default=True, description="tickets: first responses are recorded.")
    options: Options = Field(default_factory=lambda: Options(), description="How the files are written.")
    columns: dict[str, str] = Field(
        default_factory=dict, description="Contract column: SQL expression over source columns (all text)."
    )
    questions: dict[str, str] = Field(
        default_factory=dict, description="survey_answers, one row per response: source column: question_id."
    )
    text_questions: list[str] = Field(
        default=[], description="question_ids of `questions` whose cells are text, not numbers."
    )

    @property
    def row_source(self) -> str:
        """Value of ``_source`` in raw rows: the system, or the source's own name."""
        return self.system or self.name

    @property
    def definition(self) -> Contract:
        """The contract itself."""
        return CONTRACTS[self.contract]

    @field_validator("contract")
    @classmethod
    def _known_contract(cls, value: str) -> str:
        if value not in CONTRACTS:
            raise ValueError(f"there is no contract {value!r}{suggestion(value, CONTRACTS)}")
        return value

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        try:
            info = codecs.lookup(value)
        except (LookupError, ValueError):
            raise ValueError(f"there is no encoding {value!r}") from None
        # Codecs such as base64 or rot13 are registered beside the character sets.
        if not getattr(info, "_is_text_encoding", True) or info.name in {"idna", "punycode", "undefined"}:
            raise ValueError(f"{value!r} is not an encoding of text")
        return value

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                ZoneInfo(value)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                raise ValueError(f"there is no time zone {value!r}; an example is Europe/Berlin") from None
        return value

    @model_validator(mode="after")
    def _mapping_fits_contract(self) -> Self:
        contract = self.definition
        for column in self.columns:
            if column not in contract.columns:
                hint = suggestion(column, contract.columns)
                raise ValueError(f"columns: {contract.name} has no column {column!r}{hint}")
        if self.questions and self.contract != "survey_answers":
            raise ValueError("questions are for survey_answers only")
        if self.anonymous and "contact_id" in self.columns:
            raise ValueError("columns: an anonymous source may not map contact_id")
        by_question = {"question_id", "answer_value", "answer_text"} if self.questions else set()
        for column in sorted(by_question & self.columns.keys()):
            raise ValueError(f"columns: {column} comes from `questions` and may not be mapped as well")
        given = by_question | self.columns.keys()
        missing = [c for c in contract.columns if self._needs(c) and c not in given]
        if missing:
            raise ValueError(f"columns: {contract.name} needs a mapping for {', '.join(missing)}")
        one_of = _ONE_OF.get(self.contract, ())
        if one_of and not self.questions and not set(one_of) & self.columns.keys():
            raise ValueError(f"columns: map at least one of {' and '.join(one_of)}")
        unknown = sorted(set(self.text_questions) - set(self.questions.values()))
        if unknown:
            raise ValueError(f"text_questions: {unknown[0]!r} is not in `questions`")
        return self

    def _needs(self, column: str) -> bool:
        contract = self.definition
        if column == contract.version and self.history == "none":
            return False
        return column not in contract.nullable and column not in COLUMN_DEFAULTS


def parse_instant(value: Any) -> Any:
    """Text of an ISO instant or day -> naive UTC datetime; a day stands for its start (00:00 UTC)."""
    if value is None or isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        raise ValueError("write an instant such as 2025-06-30T12:00:00Z, or a day such as 2025-06-30")
    try:
        if len(value) == 10:
            return datetime.combine(date.fromisoformat(value), time())
        return naive_utc(datetime.fromisoformat(value))
    except ValueError:
        raise ValueError(
            f"{value!r} is neither an instant such as 2025-06-30T12:00:00Z nor a day such as 2025-06-30"
        ) from None


def naive_utc(instant: datetime) -> datetime:
    """The same instant as the databases keep it: in UTC, without a zone."""
    return instant if instant.tzinfo is None else instant.astimezone(UTC).replace(tzinfo=None)
