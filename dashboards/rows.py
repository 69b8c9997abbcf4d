"""What the queries return: one frozen row type per question, named like the mart columns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from gapwatch.access.viewers import Viewer


@dataclass(frozen=True)
class Snapshot:
    """The published snapshot a page shows, as far as its viewer may see it.

    Part of the key of every cached answer: there is no query without it, and so none without a viewer.
    """

    folder: str
    snapshot_id: str
    viewer: Viewer


@dataclass(frozen=True)
class Filters:
    """Which clients: None is all of them."""

    tier: str | None = None
    region: str | None = None
    owner: str | None = None

    def chosen(self) -> list[tuple[str, str]]:
        """(cut of the portfolio mart, value) of each filter that is set."""
        cuts = (("tier", self.tier), ("region", self.region), ("account_manager", self.owner))
        return [(cut, value) for cut, value in cuts if value is not None]


@dataclass(frozen=True)
class Setting:
    """A threshold the numbers were made with, and why; ``is_own`` where the workspace set it."""

    name: str
    value: float
    unit: str
    reason: str
    is_own: bool


@dataclass(frozen=True)
class Published:
    """When the snapshot was made, and what its numbers stand for; instants are naive UTC."""

    snapshot_id: str
    created_at: datetime
    as_of: datetime | None
    is_as_of_fixed: bool
    workspace_name: str | None
    window_weeks: int
    wide_gap_points: float


@dataclass(frozen=True)
class SourceAge:
    """How new one source's newest fact is, and how its last batch fared."""

    source: str
    system: str | None
    contract: str
    newest_known_at: datetime | None
    last_outcome: str | None
    is_late: bool | None
    last_message: str | None
    last_landed_at: datetime | None


@dataclass(frozen=True)
class Dimension:
    """A service dimension; labels and definition in both languages, in display order."""

    service_dimension: str
    label_en: str
    label_zh: str
    definition_en: str | None
    definition_zh: str | None
    owner_role: str | None


@dataclass(frozen=True)
class Week:
    """A stored week; the running one is provisional."""

    week_id: int
    week_start_on: date
    is_provisional: bool


@dataclass(frozen=True)
class Choices:
    """Values the filters offer, each in order."""

    tiers: list[str]
    regions: list[str]
    owners: list[str]


@dataclass(frozen=True)
class Headline:
    """Counts for the title: clients in view, with a gap, with a wide one."""

    n_clients: int
    n_with_gap: int
    n_wide: int
    n_heard: int


@dataclass(frozen=True)
class WideDimension:
    """In how many of the clients with a wide gap this service dimension is the widest."""

    service_dimension: str
    n_clients: int


@dataclass(frozen=True)
class Standing:
    """One client on one service dimension in one week, changes against ``window_weeks`` before."""

    account_id: str
    service_dimension: str
    perception_score: float | None
    paired_perception_score: float | None
    expectation_score: float | None
    minimum_score: float | None
    satisfaction_gap: float | None
    gap_shrunk: float | None
    gap_low: float | None
    gap_high: float | None
    perception_shrunk_score: float | None
    perception_low_score: float | None
    perception_high_score: float | None
    perception_trend: str | None
    gap_trend: str | None
    gap_change_13: float | None
    perception_change_13: float | None
    expectation_change_13: float | None
    moved: str | None
    is_wide: bool | None
    is_below_minimum: bool | None
    wide_since_on: date | None
    wide_weeks: int | None
    n_contacts: int
    n_paired: int
    n_eligible: int
    last_answered_on: date | None
    null_reason: str | None
    widest_rank: int | None
    account_n_contacts: int | None
    account_n_eligible: int | None
    account_last_answered_on: date | None
    promises_overdue: int | None


@dataclass(frozen=True)
class WorkRow:
    """A standing in the worklist, with who the client is; ``widest`` names all tied dimensions."""

    standing: Standing
    account_name: str | None
    tier: str | None
    region: str | None
    account_manager: str | None
    contract_ends_on: date | None
    widest: list[str]


@dataclass(frozen=True)
class PortfolioRow:
    """A cut of the portfolio on one service dimension (or ``overall``) in one week."""

    service_dimension: str
    perception_score: float | None
    paired_perception_score: float | None
    expectation_score: float | None
    satisfaction_gap: float | None
    gap_change_13: float | None
    perception_change_13: float | None
    expectation_change_13: float | None
    n_accounts: int
    n_accounts_heard: int
    n_accounts_paired: int
    n_accounts_silent: int
    n_contacts: int
    n_eligible: int
    coverage_share: float | None
    n_below_minimum: int | None
    n_with_minimum: int | None
    n_joined: int | None
    n_left: int | None
    n_rated: int | None
    ewma_mean_score: float | None
    ewma_score: float | None
    ewma_low_score: float | None
    ewma_high_score: float | None
    is_out_of_control: bool | None
    ewma_null_reason: str | None


@dataclass(frozen=True)
class GapPoint:
    """A week of a gap chart; ``lower`` and ``lower_minimum`` are where the shading starts.

    The interval is that of the perception of one client; a portfolio has none.
    """

    service_dimension: str
    week_start_on: date
    perception_score: float | None
    expectation_score: float | None
    minimum_score: float | None
    satisfaction_gap: float | None
    lower: float | None
    lower_minimum: float | None
    n: int
    perception_low_score: float | None
    perception_high_score: float | None


@dataclass(frozen=True)
class FeltFactual:
    """A week of the felt gap beside the factual one."""

    week_start_on: date
    satisfaction_gap: float | None
    promise_gap: float | None
    n_paired: int | None
    n_promises: int | None


@dataclass(frozen=True)
class Client:
    """Who a client is."""

    account_id: str
    account_name: str | None
    tier: str | None
    region: str | None
    industry: str | None
    contract_ends_on: date | None
    churned_on: date | None
    account_manager: str | None
    solution_manager: str | None
    delivery_manager: str | None
    channel_manager: str | None


@dataclass(frozen=True)
class Promise:
    """The newest version of a promise; ``overdue_days`` while it is open past its due instant."""

    promise_id: str
    subject_id: str | None
    subject_kind: str | None
    signal: str
    kind: str
    label_en: str | None
    label_zh: str | None
    service_dimension: str
    falls_due_at: datetime | None
    state: str
    actual_count: int | None
    allowed_count: int | None
    overdue_days: int | None
    days_late: int | None
    is_old_commitment: bool | None
    notice_days: float | None


@dataclass(frozen=True)
class Rating:
    """One contact's answers on one service dimension in one response."""

    response_id: str
    service_dimension: str
    submitted_at: datetime
    survey_kind: str | None
    relationship: str | None
    job_title: str | None
    perception_score: float | None
    expectation_score: float | None
    satisfaction_gap: float | None


@dataclass(frozen=True)
class Contact:
    """A contact of a client without a name, whether the window heard from them, and whether to ask next."""

    contact_id: str
    job_title: str | None
    relationship: str | None
    is_decision_maker: bool | None
    last_answered_on: date | None
    is_heard: bool
    action: str | None
    reason: str | None
    ask_not_before_on: date | None
