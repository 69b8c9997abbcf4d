"""What is named and flagged, against causes planted in a made company, which the pipeline never reads."""

from __future__ import annotations

import pytest

from benchmarks import risk

pytestmark = [pytest.mark.xdist_group("risk_truth"), pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> risk.Figures:
    """A company of 120 clients over 18 months, one of those that the lines were set on."""
    folder = risk.make_company(tmp_path_factory.mktemp("risk") / "company", accounts=120, months=18, seed=3)
    return risk.summed("3", risk.judged(folder))


def test_the_named_culprit_is_the_planted_cause(figures: risk.Figures) -> None:
    assert figures.planted >= 12
    assert figures.named / figures.planted >= 0.75


def test_losses_for_outside_reasons_are_not_blamed_on_service(figures: risk.Figures) -> None:
    assert figures.outside == figures.not_blamed > 0


def test_losses_are_seen_earlier_than_by_nps_or_tickets_alone(figures: risk.Figures) -> None:
    seen = {ranking: of_all for ranking, (of_all, _) in figures.seen.items()}
    assert seen["scorecard"] > 2 * max(seen["nps"], seen["tickets"])
