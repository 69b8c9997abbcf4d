"""Simulate the whole company, block by block, into a workspace folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from gapwatch.errors import UserError
from gapwatch.simulate import crm, desk, projects, questionnaires, surveys
from gapwatch.simulate.clock import DAY, Clock, Ints, end_of_day
from gapwatch.simulate.deliveries import deliver
from gapwatch.simulate.dimensions import MEASURES, ServiceDimensions, service_dimensions
from gapwatch.simulate.dirt import Dirt
from gapwatch.simulate.fates import decide
from gapwatch.simulate.files import EXPORTS, Inbox
from gapwatch.simulate.mapping import workspace_yaml
from gapwatch.simulate.minds import Grievances, act, feel
from gapwatch.simulate.people import People, meet
from gapwatch.simulate.surveys import Wave
from gapwatch.simulate.tickets import raise_tickets
from gapwatch.simulate.truth import SETTINGS, Truth

DEFAULT_END_ON = date(2026, 11, 15)
FEWEST_ACCOUNTS, FEWEST_MONTHS, MOST_MONTHS = 8, 3, 240
#: Accounts simulated at once; part of what a seed means, since each block has random numbers of its own.
_BLOCK = 250

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class SimulationReport:
    """What was written: ``rows`` per source (duplicates included), ``files`` and ``bytes`` of the inbox."""

    workspace: str
    accounts: int
    contacts: int
    months: int
    seed: int
    start_on: str
    end_on: str
    rows: dict[str, int]
    files: int
    bytes: int
    outcomes: dict[str, int]
    stories: dict[str, str]

    def as_dict(self) -> dict[str, object]:
        """For ``--json``."""
        return asdict(self)


def simulate(
    workspace: Path,
    *,
    accounts: int = 120,
    months: int = 18,
    seed: int = 7,
    end_on: date | None = None,
    mood_dependent_response: bool = True,
    progress: Progress | None = None,
) -> SimulationReport:
    """Write the sample company into ``workspace``; equal arguments give equal bytes.

    ``end_on`` is the last simulated day. With ``mood_dependent_response`` unhappy contacts answer
    surveys less often; without it, answering does not depend on how anybody feels. ``progress`` is
    called with a stage, the accounts done and their total. A workspace simulated before is replaced.

    Raises :class:`UserError` for impossible sizes and for a workspace that was not simulated.
    """
    _check(accounts, months)
    clock = Clock.of(months, end_on or DEFAULT_END_ON)
    dimensions = service_dimensions()
    _clear(workspace)
    inbox = Inbox(workspace / "inbox")
    n_contacts = 0
    with Truth(workspace / "truth", clock, dimensions.names) as truth:
        for block, first in enumerate(range(0, accounts, _BLOCK)):
            if progress is not None:
                progress("simulate", first, accounts)
            size = min(_BLOCK, accounts - first)
            rngs = _Chance(seed, block)
            people = meet(rngs.next(), clock, first + 1, size, n_contacts + 1, accounts)
            n_contacts += len(people.contacts)
            _simulate_block(
                clock, dimensions, people, inbox, truth, rngs, block, mood_dependent=mood_dependent_response
            )
        if progress is not None:
            progress("simulate", accounts, accounts)
        _write_codebooks(clock, dimensions, inbox)
        middle = np.array([(clock.start + clock.end) // 2])
        month, quarter = clock.month_labels(middle)[0], clock.quarter_labels(middle)[0]
        inbox.repeat("desk_tickets", month, f"{month}-again")
        inbox.repeat("project_deliveries", quarter, f"{quarter}[1]")
        files = inbox.close()
        (workspace / "gapwatch.yml").write_text(workspace_yaml(dimensions), "utf-8")
        outcomes = [row[3] for row in truth.episodes]
        report = SimulationReport(
            workspace=str(workspace),
            accounts=accounts,
            contacts=n_contacts,
            months=months,
            seed=seed,
            start_on=clock.start_on.isoformat(),
            end_on=clock.end_on.isoformat(),
            rows=inbox.rows,
            files=len(files),
            bytes=sum(path.stat().st_size for path in files),
            outcomes={outcome: outcomes.count(outcome) for outcome in sorted(set(outcomes))},
            stories={row[0]: row[1] for row in truth.stories},
        )
        settings: dict[str, object] = {
            **report.as_dict(),
            "mood_dependent_response": mood_dependent_response,
            "service_dimensions": list(dimensions.names),
            "overall_weights": list(surveys.OVERALL_WEIGHTS),
        }
        del settings["workspace"]
        truth.finish(settings)
    return report


class _Chance:
    """Independent streams of random numbers of one block, in the order they are asked for."""

    def __init__(self, seed: int, block: int) -> None:
        self._sequence = np.random.SeedSequence([seed, block])

    def next(self) -> np.random.Generator:
        return np.random.default_rng(self._sequence.spawn(1)[0])


def _simulate_block(
    clock: Clock,
    dimensions: ServiceDimensions,
    people: People,
    inbox: Inbox,
    truth: Truth,
    rngs: _Chance,
    block: int,
    *,
    mood_dependent: bool,
) -> None:
    fates = decide(rngs.next(), clock, people, dimensions.names, tells_stories=block == 0)
    deeds = act(rngs.next(), clock, people, fates)
    grievances = Grievances(people, len(dimensions.names), clock.weeks)
    tickets = raise_tickets(rngs.next(), clock, people, fates, dimensions, deeds, grievances)
    deliveries = deliver(rngs.next(), clock, people, fates, dimensions, deeds, grievances)
    minds = feel(rngs.next(), clock, people, fates, deeds, grievances)
    truth.add_minds(people, minds)
    truth.add_fates(people, fates)
    dirt = Dirt(rngs.next(), clock, is_first_block=block == 0)

    frame = dirt.tickets(desk.ticket_versions(rngs.next(), clock, people, tickets, block))
    _by_month(clock, inbox, "desk_tickets", frame)
    _by_month(clock, inbox, "desk_events", dirt.events(desk.ticket_events(clock, tickets, block)))
    frame = dirt.deliveries(projects.delivery_versions(clock, people, deliveries, block))
    _by_quarter(clock, inbox, "project_deliveries", frame)
    frame = dirt.promises(projects.promise_rows(rngs.next(), clock, deliveries, block))
    _by_quarter(clock, inbox, "project_promises", frame)

    items = [item.column(measure) for measure in MEASURES[:1] for item in dimensions.items]
    revised: pl.DataFrame | None = None
    for number, wave in enumerate(surveys.waves(clock)):
        asked = surveys.ask(
            rngs.next(), clock, people, fates, minds, wave, number, mood_dependent=mood_dependent
        )
        answers = surveys.answer(rngs.next(), clock, minds, dimensions, wave, asked)
        truth.add_wave(people, minds, wave, asked)
        frame = questionnaires.wide_responses(rngs.next(), clock, people, dimensions, wave, answers, block)
        _write_wave(inbox, dirt, wave, frame, items, revised)
        revised = dirt.revisions(frame)
        _by_quarter(
            clock, inbox, "survey_invitations", questionnaires.invitations(clock, people, wave, asked, block)
        )
    ratings = surveys.rate_tickets(
        rngs.next(), clock, people, fates, minds, tickets, mood_dependent=mood_dependent
    )
    frame = questionnaires.rating_invitations(clock, people, ratings, block)
    _by_quarter(clock, inbox, "survey_invitations", frame)
    frame = questionnaires.rating_rows(rngs.next(), clock, people, ratings, block)
    _by_quarter(clock, inbox, "survey_ratings", dirt.ratings(frame))
    _write_crm(clock, people, inbox, dirt, crm.account_versions(rngs.next(), clock, people, fates))
    _by_quarter(clock, inbox, "crm_activities", crm.interactions(rngs.next(), clock, people, fates, block))
    truth.dirt.extend(dirt.log)


def _write_wave(
    inbox: Inbox, dirt: Dirt, wave: Wave, frame: pl.DataFrame, items: list[str], revised: pl.DataFrame | None
) -> None:
    """A wave's file, with the responses of the wave before that were changed in the meantime."""
    soiled = dirt.responses(frame, items)
    if revised is not None:
        soiled = pl.concat([soiled, revised])
    inbox.add("survey_relationship", soiled, wave.label)


def _write_crm(clock: Clock, people: People, inbox: Inbox, dirt: Dirt, accounts: pl.DataFrame) -> None:
    """Accounts as changes by quarter; contacts and identities in full on each export day."""
    late = _late_clients(clock, people) if dirt.is_first_block else []
    frame = dirt.late_clients(accounts, late, "Account ID", "crm_accounts")
    _by_quarter(clock, inbox, "crm_accounts", dirt.accounts(frame))
    contacts = dirt.late_clients(crm.contact_versions(clock, people), late, "Account ID", "crm_contacts")
    identities = dirt.identities(crm.identity_versions(clock, people))
    own = [*late, *contacts.filter(pl.col("Account ID").is_in(late))["Contact ID"].to_list()]
    identities = dirt.late_clients(identities, own, "CRM ID", "crm_identities").sort(
        "System", "Kind", "Foreign ID", "_file_at"
    )
    contacts = contacts.sort("Contact ID", "_file_at")
    for day in clock.export_days():
        label = day.isoformat()
        inbox.add("crm_contacts", crm.contacts_on(clock, contacts, day), label)
        known = identities.filter(pl.col("_file_at") < clock.minute(day) + DAY)
        known = known.unique(["System", "Kind", "Foreign ID"], keep="last", maintain_order=True)
        exported = pl.lit(end_of_day(day)).alias("Exported")
        inbox.add("crm_identities", known.with_columns(exported), label)


def _late_clients(clock: Clock, people: People) -> list[str]:
    """Two clients who joined in between and whose CRM entries come weeks after their first tickets."""
    accounts = people.accounts
    joined = np.flatnonzero((accounts.started > clock.start) & (accounts.started < clock.end - 60 * DAY))
    return [str(name) for name in accounts.ids.gather(joined[:2])]


def _write_codebooks(clock: Clock, dimensions: ServiceDimensions, inbox: Inbox) -> None:
    inbox.add(
        "survey_codebook", questionnaires.codebook(clock, dimensions, None), questionnaires.RATING_SURVEY
    )
    for wave in surveys.waves(clock):
        inbox.add("survey_codebook", questionnaires.codebook(clock, dimensions, wave), wave.label)


def _by_month(clock: Clock, inbox: Inbox, source: str, frame: pl.DataFrame) -> None:
    inbox.add_by_label(source, frame, clock.month_labels(_file_at(frame)))


def _by_quarter(clock: Clock, inbox: Inbox, source: str, frame: pl.DataFrame) -> None:
    inbox.add_by_label(source, frame, clock.quarter_labels(_file_at(frame)))


def _file_at(frame: pl.DataFrame) -> Ints:
    return frame["_file_at"].to_numpy()


def _check(accounts: int, months: int) -> None:
    if accounts < FEWEST_ACCOUNTS:
        raise UserError(
            f"A sample company of {accounts} accounts cannot tell its stories",
            rule=f"at least {FEWEST_ACCOUNTS} accounts",
            next_step=f"gapwatch simulate --accounts {FEWEST_ACCOUNTS}",
        )
    if not FEWEST_MONTHS <= months <= MOST_MONTHS:
        raise UserError(
            f"A sample company over {months} months cannot be made",
            rule=f"{FEWEST_MONTHS} to {MOST_MONTHS} months",
            next_step="gapwatch simulate --months 18",
        )


def _clear(workspace: Path) -> None:
    """Remove the files of an earlier simulation; refuse a workspace that was not simulated."""
    settings = workspace / "gapwatch.yml"
    marker = workspace / "truth" / SETTINGS
    if settings.exists() and not marker.exists():
        raise UserError(
            "This workspace was not simulated, so its settings are not overwritten",
            where=str(settings),
            rule="simulate_into_own_folder",
            next_step="gapwatch simulate --workspace another-folder",
        )
    for export in EXPORTS.values():
        for path in (workspace / "inbox").glob(export.glob()):
            path.unlink()
    marker.parent.mkdir(parents=True, exist_ok=True)
    if not marker.exists():
        # From here on the folder is known as simulated, whenever this process may end.
        marker.write_text("{}\n", "utf-8")
