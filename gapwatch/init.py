"""Propose a ``gapwatch.yml`` from the files at hand.

What is guessed here is written down with a remark wherever a person should look, and declared from
then on: runs never guess.
"""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from gapwatch import sniffing
from gapwatch.contracts import CONTRACTS, Contract
from gapwatch.errors import UserError
from gapwatch.sniffing import Sample
from gapwatch.sources import COLUMN_DEFAULTS

SETTINGS_FILE = "gapwatch.yml"
#: Unread columns that a remark names; the others are counted.
NAMED = 12

_MEASURE_IN_NAME = re.compile(r"_*(expectation|expected|perception|perceived|experienced|minimum|ideal)_*")

#: What other systems call our columns, in the form of :func:`_plain`.
_SYNONYMS = {
    "account_id": "client_id customer_id company_id organization_id account_number account client customer",
    "account_name": "name client_name customer_name company_name client customer company organization",
    "parent_account_id": "parent parent_id parent_account",
    "tier": "segment class",
    "industry": "sector vertical",
    "region": "country territory",
    "annual_value": "arr acv annual_revenue contract_value",
    "contract_started_on": "contract_start start_date customer_since client_since",
    "contract_ends_on": "contract_end end_date renewal_date",
    "churned_on": "churn_date lost_on",
    "account_manager": "owner account_owner",
    "contact_id": "person_id respondent_id requester_id user_id contact respondent requester person",
    "display_name": "full_name contact_name name",
    "email": "email_address e_mail mail",
    "job_title": "title position role",
    "response_id": "response answer_id",
    "survey_id": "survey wave",
    "question_id": "question item",
    "submitted_at": "submitted submit_date submitdate recorded_date completed_at date timestamp",
    "answer_value": "value score rating answer",
    "answer_text": "comment comments text feedback",
    "ticket_id": "ticket case_id case_number incident_id issue_key number",
    "opened_at": "opened created created_at created_on open_date",
    "first_response_at": "first_response first_reply_at first_reply responded_at answered answered_at",
    "resolved_at": "resolved solved_at resolution_date solved",
    "resolution_due_at": "due due_date due_at sla_due resolution_due",
    "closed_at": "closed close_date",
    "status": "state ticket_status",
    "priority": "urgency severity",
    "updated_at": "updated changed changed_at modified modified_at last_modified last_updated sys_updated_at",
    "delivery_id": "delivery order_id milestone_id order",
    "ordered_at": "ordered order_date purchase_date purchased_at",
    "delivered_at": "delivered delivery_date delivered_on",
    "due_on": "promised_date promised_on due committed_date estimated_delivery_date",
    "promised_at": "promised commitment_date",
    "sent_at": "sent send_date invited_at",
    "invitation_id": "invitation invite_id",
    "occurred_at": "occurred event_time happened_at",
}
_FILE_WORDS = {
    "accounts": "account client customer compan",
    "contacts": "contact people person",
    "survey_questions": "question codebook",
    "survey_invitations": "invitation invite",
    "survey_answers": "survey answer response feedback nps csat",
    "tickets": "ticket case incident issue desk",
    "ticket_events": "event log",
    "ticket_slas": "sla",
    "deliveries": "deliver order milestone",
    "delivery_promises": "promise commitment",
    "interactions": "interaction visit call meeting",
    "identities": "identit crosswalk",
}
_MEASURE_WORDS = {
    "disconfirmation": "than.(you.|i.|we.)?expect",
    "minimum": "minimum|at least|tolerable",
    "expectation": "expect|should|ideal|desired|wish",
    "importance": "important|importance",
    "nps": "recommend|nps",
}


@dataclass
class Proposal:
    """The text of a ``gapwatch.yml``, files that go with it, and what a person should look at."""

    text: str = ""
    sources: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)

    exit_code: ClassVar[int] = 0

    def as_dict(self) -> dict[str, Any]:
        """The proposal as JSON-ready values."""
        return {
            "file": SETTINGS_FILE,
            "sources": self.sources,
            "remarks": self.remarks,
            "written_beside": sorted(self.files),
            "text": self.text,
        }


def propose(folder: Path, name: str | None = None) -> Proposal:
    """Look at the files below ``folder`` and write down a source for each kind of file.

    Raises UserError where there is no file that one of the readers reads.
    """
    found = sniffing.groups(folder) if folder.is_dir() else {}
    if not found:
        raise UserError(
            "No CSV, JSON lines or Parquet file is here",
            where=str(folder),
            rule="init reads *.csv, *.tsv, *.jsonl, *.ndjson and *.parquet, plain or as .gz or .zst",
            next_step="copy your exports into the folder, then gapwatch init",
        )
    proposal = Proposal()
    body: list[str] = []
    for pattern, newest in found.items():
        body += _source(folder, pattern, sniffing.sample(newest), proposal)
    roots = {Path(pattern).parts[0] if "/" in pattern else "." for pattern in (*found, *proposal.files)}
    lines = [
        "# Proposed by gapwatch init from a sample of each file. Look at every line marked CHECK,",
        "# then run: gapwatch doctor",
        "version: 1",
        f"name: {_quoted(name or folder.resolve().name)}",
        f"roots: [{', '.join(_quoted(root) for root in sorted(roots))}]",
        "sources:",
        *body,
    ]
    proposal.text = "\n".join(lines) + "\n"
    return proposal


def write(folder: Path, proposal: Proposal, *, force: bool = False) -> Path:
    """Put the proposal into the folder; existing files are only replaced with ``force``."""
    files = {SETTINGS_FILE: proposal.text, **proposal.files}
    existing = [name for name in files if (folder / name).exists()]
    if existing and not force:
        raise UserError(
            "The workspace has settings already",
            where=", ".join(existing),
            rule="settings are never overwritten unasked",
            next_step="gapwatch init --force, or edit the file",
        )
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder / SETTINGS_FILE


def _source(folder: Path, pattern: str, sample: Sample, proposal: Proposal) -> list[str]:
    contract, matched = _best_contract(pattern, sample)
    questions, texts = _questions(contract, sample, matched)
    name = _unique_name(pattern, contract, proposal.sources)
    proposal.sources.append(name)
    used = {column: [v for v in sample.columns[source] if v.strip()] for column, source in matched.items()}
    survey = name.removesuffix("_questions") if contract.name == "survey_questions" else name
    lines = [
        f"  - name: {name}",
        f"    contract: {contract.name}  # CHECK: what these rows are",
        *([f"    system: {survey}"] if survey != name else []),
        f"    reader: {sample.reader}",
        f"    path: {_quoted(pattern)}",
        f"    encoding: {sample.encoding}" + ("  # CHECK: a guess" if sample.encoding == "cp1252" else ""),
        *_time_zone(used),
    ]
    if "updated_at" not in matched:
        lines.append("    history: none  # no column says when a row was last changed")
    lines += [*_options(sample, used), "    columns:"]
    given = {"question_id": "", "survey_id": name} if questions else {}
    for column in contract.columns:
        if column in matched:
            expression, remark = _expression(contract, column, matched[column], used[column])
            lines.append(
                f"      {column}: {_quoted(expression)}" + (f"  # CHECK: {remark}" if remark else "")
            )
            if remark:
                proposal.remarks.append(f"{name}.{column}: {remark}")
        elif given.get(column):
            lines.append(f"      {column}: {_quoted(_constant(given[column]))}")
        elif column not in given and column in _required(contract):
            lines.append(f"      # {column}: CHECK: required; a column, or a constant such as \"'none'\"")
            proposal.remarks.append(f"{name}.{column}: required, and no column looks like it")
    unread = [c for c in sample.columns if c not in matched.values() and c not in questions]
    if unread:
        more = f" and {len(unread) - NAMED} more" if len(unread) > NAMED else ""
        names = ", ".join(" ".join(column.split())[:40] for column in unread[:NAMED])
        lines.append(f"      # not read, so never stored: {names}{more}")
    if questions:
        lines += ["    questions:", *(f"      {_quoted(c)}: {slug}" for c, slug in questions.items())]
        if texts:
            lines.append(f"    text_questions: [{', '.join(texts)}]")
        if not (folder / f"{name}_questions.csv").exists():
            lines += _codebook(name, questions, sample, proposal)
    return lines


def _best_contract(pattern: str, sample: Sample) -> tuple[Contract, dict[str, str]]:
    stem = Path(pattern).name.lower()

    def score(contract: Contract) -> float:
        matched = _match(contract, list(sample.columns))
        required = _required(contract)
        share = sum(column in matched for column in required) / len(required)
        named = any(word in stem for word in _FILE_WORDS[contract.name].split())
        return share + 0.02 * len(matched) + (0.5 if named else 0.0)

    best = max(CONTRACTS.values(), key=score)
    return best, _match(best, list(sample.columns))


def _required(contract: Contract) -> list[str]:
    return [
        c for c in contract.columns if c not in contract.nullable | COLUMN_DEFAULTS.keys() | {"updated_at"}
    ]


def _match(contract: Contract, columns: list[str]) -> dict[str, str]:
    """Contract column -> source column, by name first, then by what others call it."""
    plain: dict[str, str] = {}
    for column in columns:
        plain.setdefault(_plain(column), column)
    matched: dict[str, str] = {}
    for is_exact in (True, False):
        for column in contract.columns:
            words = [column] if is_exact else _SYNONYMS.get(column, "").split()
            if not is_exact and column == contract.key[0]:
                words.append("id")
            free = [plain[word] for word in words if word in plain and plain[word] not in matched.values()]
            if column not in matched and free:
                matched[column] = free[0]
    return matched


def _plain(name: str) -> str:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")


def _unique_name(pattern: str, contract: Contract, taken: list[str]) -> str:
    stem = re.sub(r"[^a-z0-9]+", "_", Path(pattern).name.partition(".")[0].lower()).strip("_")
    name = stem if re.match(r"[a-z]", stem) else contract.name
    while name in taken:
        name += "_too"
    return name


def _expression(contract: Contract, column: str, source: str, values: list[str]) -> tuple[str, str | None]:
    quoted = '"' + source.replace('"', '""') + '"'
    allowed = contract.enums.get(column)
    if not allowed or not values or set(values) <= set(allowed):
        return quoted, None
    for change, function in (("lower", str.lower), ("upper", str.upper)):
        if {function(value.strip()) for value in values} <= set(allowed):
            return f"{change}(trim({quoted}))", None
    unknown = sorted({value for value in values if value.strip().lower() not in allowed})[:6]
    return f"lower(trim({quoted}))", f"{', '.join(unknown)} must become one of {', '.join(allowed)}"


def _time_zone(used: dict[str, list[str]]) -> list[str]:
    instants = [
        value.strip() for column, values in used.items() if column.endswith("_at") for value in values
    ]
    if all(re.search(r"(Z|[+-]\d\d:?\d\d)$", value) for value in instants):
        return []
    return ["    time_zone: UTC  # CHECK: the zone in which this system writes its times"]


def _options(sample: Sample, used: dict[str, list[str]]) -> list[str]:
    options: list[str] = []
    if sample.reader == "csv" and sample.separator != ",":
        options.append(f"separator: {json.dumps(sample.separator)}")
    nulls = [text for text in sniffing.NULLS if any(text in values for values in sample.columns.values())]
    if nulls:
        options.append(f"nulls: [{', '.join(_quoted(text) for text in ('', *nulls))}]")
    present = {column: [v.strip() for v in values if v not in nulls] for column, values in used.items()}
    for key, endings, formats in (
        ("timestamp_format", ("_at",), sniffing.INSTANTS + sniffing.DATES),
        ("date_format", ("_on", "valid_from", "valid_to"), sniffing.DATES + sniffing.INSTANTS),
    ):
        values = [value for column, texts in present.items() if column.endswith(endings) for value in texts]
        fitting = sniffing.fitting(values, formats)
        if fitting and not fitting[0].startswith("%Y-%m-%d"):
            options.append(f"{key}: {_quoted(fitting[0])}" + _day_or_month(fitting))
    numbers = [
        v for c, texts in present.items() if c.endswith(("_value", "_score", "_minutes")) for v in texts
    ]
    if any("," in n for n in numbers) and all(re.fullmatch(r"-?\d+(,\d+)?", n) for n in numbers):
        options.append("decimal: ','")
    return ["    options:", *(f"      {option}" for option in options)] if options else []


def _day_or_month(formats: list[str]) -> str:
    return "  # CHECK: day first, or month first?" if len(formats) > 1 else ""


def _questions(
    contract: Contract, sample: Sample, matched: dict[str, str]
) -> tuple[dict[str, str], list[str]]:
    """Source column -> question id, where a survey has one column per question; and the ids of texts.

    The columns of the answers then come from the questions, so they leave ``matched``.
    """
    if contract.name != "survey_answers" or "question_id" in matched:
        return {}, []
    ratings = [c for c, values in sample.columns.items() if c not in matched.values() and _scale(values)]
    if not ratings:
        return {}, []
    texts = [matched.pop(column) for column in ("answer_value", "answer_text") if column in matched]
    ids = {column: _plain(column)[:60] or f"question_{i}" for i, column in enumerate([*ratings, *texts], 1)}
    return ids, [ids[column] for column in texts]


def _scale(values: list[str]) -> tuple[int, int] | None:
    """Ends of the usual scale that holds the values; None where they are no ratings."""
    answers = {value.strip() for value in values if value.strip() and value not in sniffing.NULLS}
    if not answers or not all(re.fullmatch(r"\d{1,2}", answer) for answer in answers):
        return None
    numbers = [int(answer) for answer in answers]
    usual = ((1, 5), (1, 7), (0, 10))
    return next((scale for scale in usual if scale[0] <= min(numbers) and max(numbers) <= scale[1]), None)


def _codebook(name: str, questions: dict[str, str], sample: Sample, proposal: Proposal) -> list[str]:
    """A table with a row per question, to be completed by a person, and the source that reads it."""
    file, source = f"{name}_questions.csv", f"{name}_questions"
    rows = io.StringIO()
    writer = csv.writer(rows, lineterminator="\n")
    columns = "survey_id survey_kind question_id measure service_dimension item_id scale_min scale_max"
    columns += " question_text"
    writer.writerow(columns.split())
    items = {column: _MEASURE_IN_NAME.sub("", question) for column, question in questions.items()}
    for column, question in questions.items():
        item = items[column]
        # Expectation and perception of one item are answered on one scale: the one that holds them all.
        together = [v for c, values in sample.columns.items() if items.get(c) == item for v in values]
        scale = _scale(sample.columns[column]) and _scale(together)
        measure = _measure(column) if scale else "comment"
        low, high = scale or ("", "")
        writer.writerow([name, "relationship", question, measure, "", item, low, high, column])
    proposal.files[file] = rows.getvalue()
    proposal.sources.append(source)
    proposal.remarks.append(
        f"{file}: fill in measure and service_dimension for each question; check scale_min and scale_max"
    )
    return [
        f"  - name: {source}  # CHECK: fill in measure and service_dimension in {file}",
        "    contract: survey_questions",
        f"    system: {name}",
        "    reader: csv",
        f"    path: {_quoted(file)}",
        "    history: none",
        "    columns:",
        *(f"      {column}: {column}" for column in columns.split()),
    ]


def _measure(column: str) -> str:
    return next((m for m, words in _MEASURE_WORDS.items() if re.search(words, column.lower())), "perception")


def _constant(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
