"""The CRM's exports: accounts as changes, contacts and identities in full, interactions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import polars as pl

from gapwatch.simulate import words
from gapwatch.simulate.clock import DAY, HOUR, NEVER, Clock
from gapwatch.simulate.fates import OUTSIDE, Episode, Fates
from gapwatch.simulate.people import (
    TIERS,
    People,
    account_ids,
    contact_ids,
    desk_account_ids,
    desk_contact_ids,
    manager_name,
    survey_account_ids,
    survey_contact_ids,
)

_VISITS = (
    "On-site visit",
    "Call",
    "Call",
    "Call",
    "Service review",
    "Workshop",
    "Executive meeting",
    "Exchange",
)
_ROLES = ("account manager", "solution manager", "delivery manager")
_RELATIONSHIPS = ("Key contact", "Contact", "Organization")
_TALKS_PER_WEEK = np.array([0.9, 0.6, 0.35, 0.2])  # by tier
_KEPT_AFTER_LEAVING = 200 * DAY


def account_versions(rng: np.random.Generator, clock: Clock, people: People, fates: Fates) -> pl.DataFrame:
    """One row per account and change: first entry, yearly value, tier, managers, notice, end."""
    accounts = people.accounts
    lost = {episode.account: episode for episode in fates.episodes if episode.outcome == "lost"}
    entries: list[_Entry] = []
    for account in range(len(accounts)):
        entries.extend(_account_history(rng, clock, people, account, lost.get(account)))
    parents = pl.Series([None, *accounts.ids.to_list()], dtype=pl.String)
    index = np.array([entry.account for entry in entries], dtype=np.int64)
    managers = np.array([entry.managers for entry in entries], dtype=np.int64)
    at = np.array([entry.at for entry in entries], dtype=np.int64)

    def day(name: str) -> pl.Series:
        return clock.days(np.array([getattr(entry, name) for entry in entries], dtype=np.int64))

    return pl.DataFrame(
        {
            "Account ID": accounts.ids.gather(index),
            "Account name": pl.Series(accounts.name).gather(index),
            "Parent ID": parents.gather(accounts.parent[index] + 1),
            "Tier": pl.Series([entry.tier for entry in entries]),
            "Industry": pl.Series(words.INDUSTRIES).gather(accounts.industry[index]),
            "Region": pl.Series(words.REGIONS).gather(accounts.region[index]),
            "Annual value": pl.Series([entry.annual_value for entry in entries]),
            "Currency": pl.Series(words.CURRENCIES).gather(accounts.region[index]),
            "Client since": clock.days(accounts.started[index]),
            "Contract ends": day("contract_ends"),
            "Notice given": day("notice"),
            "Ended": day("ended"),
            "Reason": pl.Series([entry.reason for entry in entries], dtype=pl.String),
            "Account manager": manager_name(managers[:, 0]),
            "Solution manager": manager_name(managers[:, 1]),
            "Delivery manager": manager_name(managers[:, 2]),
            "Changed": clock.local(at),
            "_account": pl.Series(index),
            "_file_at": pl.Series(at),
        }
    ).sort("_file_at", "Account ID")


@dataclass(frozen=True)
class _Entry:
    """What the CRM says about one account from one change on; instants are minutes or NEVER."""

    account: int
    at: int
    tier: str
    annual_value: float
    contract_ends: int
    managers: tuple[int, int, int]
    notice: int = NEVER
    ended: int = NEVER
    reason: str | None = None


def contact_versions(clock: Clock, people: People) -> pl.DataFrame:
    """One row per contact and change: entry, promotion, move to another client, leaving."""
    contacts, accounts = people.contacts, people.accounts
    started = accounts.started[contacts.account]
    entered = np.where(contacts.valid_from == NEVER, started, contacts.valid_from) + 9 * HOUR
    entered = np.maximum(entered, clock.start - 900 * DAY)
    # Leaving is announced two weeks ahead.
    leaves = np.where(contacts.valid_to == NEVER, NEVER, contacts.valid_to - 14 * DAY + 10 * HOUR)
    leaves = np.where((leaves != NEVER) & (leaves <= entered), entered + HOUR, leaves)
    moves = np.where(contacts.moved_at == NEVER, NEVER, contacts.moved_at + 8 * HOUR)
    promoted = np.where(contacts.promoted_at == NEVER, NEVER, contacts.promoted_at + 8 * HOUR)
    changes = np.stack([entered, promoted, moves, leaves], axis=1)
    index, kind = np.nonzero((changes != NEVER) & (changes < clock.end))
    at = changes[index, kind]
    has_moved = (contacts.moved_at[index] != NEVER) & (contacts.moved_at[index] <= at)
    is_promoted = (contacts.promoted_at[index] != NEVER) & (contacts.promoted_at[index] <= at)
    knows_leaving = (leaves[index] != NEVER) & (leaves[index] <= at)
    account = np.where(has_moved, contacts.moved_to[index], contacts.account[index])
    relationship = np.where(is_promoted, 0, contacts.relationship[index])
    title = np.where(is_promoted, len(words.JOB_TITLES) + 1, contacts.title[index])
    decides = contacts.decides[index] | is_promoted
    valid_from = np.where(has_moved, contacts.moved_at[index], contacts.valid_from[index])
    domain = pl.Series(words.COUNTRY_DOMAINS).gather(accounts.region[account])
    ids = contacts.ids.gather(index)
    email = ids.str.to_lowercase() + pl.Series(["@client-"]) + accounts.ids.gather(account).str.to_lowercase()
    return pl.DataFrame(
        {
            "Contact ID": ids,
            "Account ID": accounts.ids.gather(account),
            "Name": pl.Series(contacts.name).gather(index),
            "E-mail": email + pl.Series([".example."]) + domain,
            "Title": pl.Series([*words.JOB_TITLES, *words.KEY_TITLES]).gather(title),
            "Department": pl.Series(words.DEPARTMENTS).gather(contacts.department[index]),
            "Role": pl.Series(_RELATIONSHIPS).gather(relationship),
            "Decides": pl.Series(("Nein", "Ja")).gather(decides.astype(np.int64)),
            "From": clock.days(valid_from),
            "To": clock.days(np.where(knows_leaving, contacts.valid_to[index], NEVER)),
            "Changed": clock.local(at),
            "_file_at": pl.Series(at),
            "_leaves": pl.Series(np.where(knows_leaving, contacts.valid_to[index], NEVER)),
        }
    ).sort("Contact ID", "_file_at")


def contacts_on(clock: Clock, versions: pl.DataFrame, day: date) -> pl.DataFrame:
    """The CRM's list of contacts at the end of a day; who left long ago is no longer in it."""
    ends = clock.minute(day) + DAY
    newest = versions.filter(pl.col("_file_at") < ends).unique("Contact ID", keep="last", maintain_order=True)
    gone = (pl.col("_leaves") != NEVER) & (pl.col("_leaves") < ends - _KEPT_AFTER_LEAVING)
    return newest.filter(~gone)


def identity_versions(clock: Clock, people: People) -> pl.DataFrame:
    """Which ids the survey tool and the desk use; one row each, known when the client was entered."""
    accounts, contacts = people.accounts, people.contacts
    entered = np.maximum(accounts.started, clock.start - 10 * DAY) // DAY * DAY + 12 * HOUR
    begun = np.where(contacts.valid_from == NEVER, accounts.started[contacts.account], contacts.valid_from)
    contact_entered = np.maximum(begun, clock.start - 10 * DAY) // DAY * DAY + 13 * HOUR
    parts = []
    for kind, internal, number, at, by_system in (
        ("account", account_ids, accounts.number, entered,
         (("desk", desk_account_ids), ("survey", survey_account_ids))),
        ("contact", contact_ids, contacts.number, contact_entered,
         (("desk", desk_contact_ids), ("survey", survey_contact_ids))),
    ):  # fmt: skip
        for system, external in by_system:
            parts.append(
                pl.DataFrame(
                    {
                        "System": pl.Series([system]).new_from_index(0, len(number)),
                        "Kind": pl.Series([kind]).new_from_index(0, len(number)),
                        "Foreign ID": external(number),
                        "CRM ID": internal(number),
                        "Changed": clock.local(at),
                        "_file_at": pl.Series(at),
                    }
                )
            )
    return pl.concat(parts)


def interactions(
    rng: np.random.Generator, clock: Clock, people: People, fates: Fates, block: int
) -> pl.DataFrame:
    """Visits, calls and meetings; none where nobody talks to us any more."""
    accounts = people.accounts
    rate = _TALKS_PER_WEEK[accounts.tier][:, None] * fates.talk * accounts.active(clock)
    counts = rng.poisson(rate)
    account, week = np.divmod(np.repeat(np.arange(counts.size), counts.ravel()), clock.weeks)
    n = len(account)
    at = (week * 7 + rng.integers(0, 5, n)) * DAY + rng.integers(9 * HOUR, 17 * HOUR, n)
    kind, role = rng.integers(0, len(_VISITS), n), rng.integers(0, len(_ROLES), n)
    drawn = accounts.first_contact[account] + rng.integers(0, accounts.n_contacts[account])
    there = people.contacts.valid(drawn, at) & (at < people.contacts.left[drawn]) & (rng.random(n) < 0.9)
    contact = people.contacts.ids.gather(drawn).zip_with(pl.Series(there), pl.Series([None], dtype=pl.String))
    number = pl.Series(block * 10_000_000 + np.arange(n) + 1).cast(pl.String).str.zfill(9)
    frame = pl.DataFrame(
        {
            "Activity": pl.Series(["V-"]) + number,
            "Account": accounts.ids.gather(account),
            "Contact": contact,
            "When": clock.local(at),
            "What": pl.Series(_VISITS).gather(kind),
            "Who": pl.Series(_ROLES).gather(role),
            "Logged": clock.local(at + 3 * HOUR),
            "_file_at": pl.Series(at + 3 * HOUR),
        }
    )
    inside = pl.Series(
        (at >= np.maximum(clock.start, accounts.started[account])) & (at + 3 * HOUR < clock.end)
    )
    return frame.filter(inside).sort("_file_at", "Activity")


def _account_history(
    rng: np.random.Generator, clock: Clock, people: People, account: int, loss: Episode | None
) -> list[_Entry]:
    accounts = people.accounts
    started, tier = int(accounts.started[account]), int(accounts.tier[account])
    joined = started >= clock.start
    running = 0 if joined else (clock.start - started) % (365 * DAY)
    one, two, three = (int(manager) for manager in accounts.managers[account])
    history = [
        _Entry(
            account,
            at=(started if joined else min(max(started, clock.start - 700 * DAY), clock.start - 3 * DAY))
            // DAY
            * DAY
            + 11 * HOUR,
            tier=TIERS[tier],
            annual_value=float(accounts.annual_value[account]),
            contract_ends=max(started, clock.start) // DAY * DAY + 365 * DAY - running,
            managers=(one, two, three),
        )
    ]
    first = max(started, clock.start) // DAY + 20
    for quarter in range(max(1, -(-(clock.end // DAY - first) // 91))):
        at = (first + quarter * 91 + int(rng.integers(0, 80))) * DAY + int(rng.integers(9 * HOUR, 17 * HOUR))
        if rng.random() > 0.45 or at >= clock.end or (loss and at > loss.notice):
            continue
        history.append(_reviewed(rng, history[-1], at, tier, int(accounts.managers.max()) + 1))
    if loss is not None:
        # The reason on file is what the client said in parting, which is often only polite.
        honest = loss.detail if loss.cause == OUTSIDE else "service"
        reason = honest if loss.cause == OUTSIDE or rng.random() < 0.5 else "price"
        told = replace(
            history[-1],
            at=loss.notice + 10 * HOUR,
            notice=loss.notice,
            contract_ends=loss.churned,
            reason=reason,
        )
        history += [told, replace(told, at=loss.churned + 9 * HOUR, ended=loss.churned)]
    return [entry for entry in history if entry.at < clock.end]


def _reviewed(rng: np.random.Generator, entry: _Entry, at: int, tier: int, n_managers: int) -> _Entry:
    """A routine look at an account: its yearly value, at times its tier, a manager, the contract's end."""
    changed = replace(
        entry, at=at, annual_value=float(round(entry.annual_value * float(rng.uniform(0.93, 1.12)), -2))
    )
    if rng.random() < 0.06:
        changed = replace(changed, tier=TIERS[int(np.clip(tier + rng.choice((-1, 1)), 0, 3))])
    if rng.random() < 0.12:
        managers = list(changed.managers)
        managers[int(rng.integers(0, 3))] = int(rng.integers(0, n_managers))
        changed = replace(changed, managers=(managers[0], managers[1], managers[2]))
    if at > changed.contract_ends - 60 * DAY:
        changed = replace(changed, contract_ends=changed.contract_ends + 365 * DAY)
    return changed
