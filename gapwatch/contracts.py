"""The canonical input tables: what every source delivers and what ``raw.*`` holds.

A contract is a list of columns, the key (unique within a source), the version column and the
closed lists of values. Types follow from the names: ``_at`` TIMESTAMP (UTC), ``_on`` and
``valid_from``/``valid_to`` DATE, ``is_`` BOOLEAN, ``_count`` and ``_seq`` INTEGER, values,
scales and weights DOUBLE, everything else VARCHAR. Readers, casts, gates, raw tables and the
reference pages are all derived from the rows below.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

DOUBLE_COLUMNS = frozenset(
    {
        "annual_value",
        "answer_value",
        "csat_scale_max",
        "csat_scale_min",
        "csat_score",
        "paused_minutes",
        "scale_max",
        "scale_min",
        "weight",
    }
)


def sql_type(column: str) -> str:
    """DuckDB type of a contract column, told by its name."""
    if column.endswith("_at"):
        return "TIMESTAMP"
    if column.endswith("_on") or column in {"valid_from", "valid_to"}:
        return "DATE"
    if column.startswith("is_"):
        return "BOOLEAN"
    if column.endswith(("_count", "_seq")):
        return "INTEGER"
    return "DOUBLE" if column in DOUBLE_COLUMNS else "VARCHAR"


@dataclass(frozen=True)
class Contract:
    """One input table.

    ``columns`` in table order; ``key`` identifies a thing within a source; ``version`` is the
    column that orders its versions (null allowed where a source keeps no history); ``nullable``
    columns may be empty; ``enums`` are closed lists; ``known_by`` are the instants of which the
    latest, plus the source's arrival lag, says when a row became known.
    """

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    nullable: frozenset[str]
    known_by: tuple[str, ...]
    version: str | None = "updated_at"
    enums: dict[str, tuple[str, ...]] = field(default_factory=dict)
    past_instants: tuple[str, ...] = ()
    personal: tuple[str, ...] = ()
    group: str = "clients"

    @property
    def types(self) -> dict[str, str]:
        """Column name -> DuckDB type, in table order."""
        return {column: sql_type(column) for column in self.columns}

    @property
    def names_account(self) -> bool:
        """True where a row belongs to an account and waits until that account is known."""
        return "account_id" in self.columns and self.name != "accounts"


def _contract(name: str, columns: str, *, key: str, known_by: str = "updated_at", **more: object) -> Contract:
    """Read a compact column list: ``?`` after a name marks it nullable."""
    names = columns.split()
    return Contract(
        name=name,
        columns=tuple(n.rstrip("?") for n in names),
        key=tuple(key.split()),
        nullable=frozenset(n[:-1] for n in names if n.endswith("?")),
        known_by=tuple(known_by.split()),
        **more,  # type: ignore[arg-type]  # the table below is the only caller
    )


MEASURES = (
    "perception",
    "expectation",
    "minimum",
    "importance",
    "overall",
    "nps",
    "csat",
    "ces",
    "loyalty",
    "disconfirmation",
    "comment",
)

_ALL = (
    _contract(
        "accounts",
        "account_id account_name parent_account_id? tier? industry? region? annual_value? currency? "
        "contract_started_on? contract_ends_on? notice_given_on? churned_on? churn_reason? "
        "account_manager? solution_manager? delivery_manager? channel_manager? updated_at",
        key="account_id",
        enums={"tier": ("S", "A", "B", "C")},
    ),
    _contract(
        "contacts",
        "contact_id account_id display_name? email? job_title? department? relationship? is_decision_maker? "
        "valid_from? valid_to? updated_at",
        key="contact_id",
        enums={"relationship": ("key", "general", "organizational")},
        personal=("display_name", "email"),
    ),
    _contract(
        "survey_questions",
        "survey_id survey_kind question_id measure service_dimension? item_id? scale_min? scale_max? "
        "is_reverse_scored weight question_text? is_anonymous updated_at",
        key="survey_id question_id",
        enums={"survey_kind": ("relationship", "transactional"), "measure": MEASURES},
        group="surveys",
    ),
    _contract(
        "survey_invitations",
        "invitation_id survey_id account_id contact_id sent_at channel? bounced_at? updated_at",
        key="invitation_id",
        past_instants=("sent_at",),
        group="surveys",
    ),
    _contract(
        "survey_answers",
        "response_id survey_id question_id account_id contact_id? submitted_at answer_value? answer_text? "
        "is_complete updated_at",
        key="response_id survey_id question_id",
        known_by="submitted_at updated_at",
        past_instants=("submitted_at",),
        personal=("answer_text",),
        group="surveys",
    ),
    _contract(
        "tickets",
        "ticket_id account_id contact_id? opened_at first_response_at? first_response_due_at? resolved_at? "
        "resolution_due_at? closed_at? status priority? category? reopen_count reassignment_count "
        "escalated_at? expert_assigned_at? is_sla_met? csat_score? csat_scale_min? csat_scale_max? "
        "csat_offered_at? subject? updated_at",
        key="ticket_id",
        enums={"status": ("open", "pending", "on_hold", "resolved", "closed", "deleted", "merged")},
        past_instants=("opened_at",),
        personal=("subject",),
        group="tickets",
    ),
    _contract(
        "ticket_events",
        "event_id ticket_id occurred_at event actor_group?",
        key="event_id",
        known_by="occurred_at",
        version=None,
        enums={
            "event": (
                "opened",
                "responded",
                "waiting_on_client",
                "resumed",
                "reassigned",
                "escalated",
                "expert_assigned",
                "resolved",
                "reopened",
                "closed",
            )
        },
        past_instants=("occurred_at",),
        group="tickets",
    ),
    _contract(
        "ticket_slas",
        "ticket_id metric cycle_seq started_at due_at? stopped_at? is_met? paused_minutes? updated_at",
        key="ticket_id metric cycle_seq",
        enums={"metric": ("first_response", "resolution")},
        past_instants=("started_at",),
        group="tickets",
    ),
    _contract(
        "deliveries",
        "delivery_id account_id contact_id? project? kind ordered_at? delivered_at? accepted_at? "
        "acceptance_result? rework_count cancelled_at? cancelled_by? updated_at",
        key="delivery_id",
        enums={
            "kind": ("milestone", "order_line", "deliverable"),
            "acceptance_result": ("accepted", "rejected", "conditional"),
            "cancelled_by": ("client", "us"),
        },
        past_instants=("ordered_at",),
        group="deliveries",
    ),
    _contract(
        "delivery_promises",
        "delivery_id promise_seq promised_at due_on? due_at? requested_by? promised_by_role? "
        "reason? updated_at",
        key="delivery_id promise_seq",
        known_by="promised_at updated_at",
        enums={"requested_by": ("us", "client")},
        past_instants=("promised_at",),
        group="deliveries",
    ),
    _contract(
        "interactions",
        "interaction_id account_id contact_id? occurred_at kind by_role? updated_at",
        key="interaction_id",
        known_by="occurred_at updated_at",
        enums={"kind": ("visit", "call", "review", "workshop", "executive_meeting", "exchange")},
        past_instants=("occurred_at",),
    ),
    _contract(
        "identities",
        "source kind external_id internal_id updated_at",
        key="source kind external_id",
        enums={"kind": ("account", "contact")},
    ),
)

CONTRACTS: dict[str, Contract] = {contract.name: contract for contract in _ALL}

#: Columns that the pipeline itself adds to each raw row, in table order. ``known_at`` says when the
#: row's content became known; ``is_deleted`` marks a key that a full delivery no longer held;
#: ``_row`` counts the file's records from 1; ``_column`` is the wide survey column a row came from.
RAW_COLUMNS: dict[str, str] = {
    "known_at": "TIMESTAMP",
    "is_deleted": "BOOLEAN",
    "_source": "VARCHAR",
    "_batch_id": "VARCHAR",
    "_file": "VARCHAR",
    "_row": "BIGINT",
    "_column": "VARCHAR",
    "_tie_break": "VARCHAR",
    "_row_hash": "UBIGINT",
    "_loaded_at": "TIMESTAMP",
}


def raw_columns(contract: Contract) -> dict[str, str]:
    """Column name -> DuckDB type of ``raw.<contract>``."""
    return {**contract.types, **RAW_COLUMNS}


def groups() -> Iterator[str]:
    """The ingest groups (one Airflow DAG each), in the order a fresh workspace needs them."""
    yield from dict.fromkeys(contract.group for contract in _ALL)
