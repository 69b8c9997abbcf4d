"""Answers kept for the next page: for everybody with the same rights, and nobody can change them."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from conftest import Ask

from dashboards.queries import alerts, felt, shared
from dashboards.queries.attached import cached, shared_by_all
from dashboards.rows import Filters, Snapshot
from gapwatch.access.viewers import Scope, Viewer

EVERYTHING = Viewer(Scope(), may_see_names=True)
RIGHTS = [
    EVERYTHING,
    Viewer(Scope(), may_see_names=False),
    Viewer(Scope(tiers=("A",)), may_see_names=True),
    Viewer(Scope(tiers=("A", "B")), may_see_names=True),
    Viewer(Scope(tiers=("A, B",)), may_see_names=True),
    Viewer(Scope(regions=("A",)), may_see_names=True),
    Viewer(Scope(owners=("A",)), may_see_names=True),
    Viewer(Scope(owners=()), may_see_names=True),
]


def test_thousands_of_rows_are_kept_once_for_all_pages_and_cannot_be_changed(company: Path, ask: Ask) -> None:
    snapshot = Snapshot(str(company / "published"), "0f3a", EVERYTHING)
    ((week,),) = ask("select max(week_id) from marts.dim_weeks")
    assert isinstance(week, int)

    points = felt.points(snapshot, week, "trust", Filters())

    assert len(points) > 10
    assert isinstance(points, tuple)
    assert felt.points(snapshot, week, "trust", Filters()) is points
    for clients in (shared.clients, alerts.clients):
        known: Any = clients(snapshot)
        assert clients(snapshot) is known
        with pytest.raises(TypeError):
            known["A-001"] = None


@pytest.mark.parametrize("keep", [cached, shared_by_all])
def test_an_answer_is_kept_for_the_same_rights_only(keep: Any) -> None:
    numbers = itertools.count()

    @keep(max_entries=500)
    def ask(snapshot: Snapshot, filters: Filters) -> int:
        return next(numbers)

    asked = [
        (Snapshot(folder, snapshot_id, viewer), filters)
        for folder in ("one", "other")
        for snapshot_id in ("0f3a", "1b2c")
        for viewer in RIGHTS
        for filters in (Filters(), Filters(tier="A"), Filters(region="A"), Filters(owner="A"))
    ]

    answers = [ask(*each) for each in asked]

    assert answers == list(range(len(asked)))
    assert [ask(*each) for each in asked] == answers
