"""Account-weeks written by hand: clients drift, and some of those who are badly off give notice."""

from __future__ import annotations

import numpy as np

from gapwatch.risk.panel import NEVER, Panel
from gapwatch.risk.train import Terms
from gapwatch.weeks import start_of

FIRST_WEEK = 2900
TERMS = Terms(horizon_days=90, test_weeks=26, min_test_losses=30, k=20.0)
SIGNS = {"perception": -1, "silence": 1, "weather": 0, "tickets": 1}


def panel(
    *,
    accounts: int = 400,
    weeks: int = 90,
    seed: int = 1,
    strength: float = 1.6,
    base: float = -7.2,
    scorecard_noise: float = 2.0,
) -> Panel:
    """A company in which low perception and silence lead to losses; the weather and tickets do not.

    ``scorecard_noise`` is how badly the rules see the same: 0 is as well as can be.
    """
    rng = np.random.default_rng(seed)
    mood = np.cumsum(rng.normal(0, 0.25, (accounts, weeks)), axis=1) + rng.normal(0, 1, (accounts, 1))
    silence = np.abs(np.cumsum(rng.normal(0, 0.3, (accounts, weeks)), axis=1))
    pull = strength * (-mood + 0.7 * silence)
    leaves = rng.random((accounts, weeks)) < 1 / (1 + np.exp(-(base + pull)))
    lost_week = np.where(leaves.any(axis=1), leaves.argmax(axis=1), weeks)
    account, week = np.nonzero(np.arange(weeks)[None, :] < lost_week[:, None])
    order = np.lexsort((account, week))
    account, week = account[order], week[order]
    lost_day = np.where(lost_week < weeks, (FIRST_WEEK + lost_week) * 7 + rng.integers(0, 7, accounts), NEVER)
    values = np.stack(
        [
            60 + 10 * mood[account, week],
            rng.normal(0, 1, len(week)),
            10 * silence[account, week],
            rng.normal(0, 1, len(week)),
        ],
        axis=1,
    )
    values[rng.random(len(week)) < 0.2, 0] = np.nan
    noise = np.cumsum(rng.normal(0, 0.25, (accounts, weeks)), axis=1) + rng.normal(0, 1, (accounts, 1))
    return Panel(
        as_of=start_of(FIRST_WEEK + weeks),
        snapshot_id="by-hand",
        accounts=tuple(f"A-{number:05d}" for number in range(accounts)),
        lost_day=lost_day.astype(np.int64),
        account=account.astype(np.int64),
        week=(FIRST_WEEK + week).astype(np.int64),
        owner=(account % 4).astype(np.int64),
        tier=np.where(account % 3 == 0, "A", "B"),
        features=("perception", "weather", "silence", "tickets"),
        values=values,
        scorecard=pull[account, week] + scorecard_noise * noise[account, week],
        nps=np.where(np.isnan(values[:, 0]), np.nan, -np.round(values[:, 0])),
        tickets=values[:, 3],
    )
