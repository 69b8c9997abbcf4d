"""A client's charts with what they say in words, for its page and its paper."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from dashboards import charts
from dashboards.rows import Client, FeltFactual, GapPoint, Standing
from dashboards.shell import Page


def gap_panel(
    page: Page,
    found: Client,
    standing: Standing,
    points: Sequence[GapPoint],
    height: int,
    domain: tuple[float, float],
    unreliable: Collection[str],
    *,
    spelled_out: bool = False,
) -> str:
    """Perception against expectation on one service dimension, as HTML."""
    words, code = page.words, standing.service_dimension
    alt = words.say(
        "{dimension} at {client}: perception {p} against expectation {e}, gap {gap}",
        dimension=page.labels.of(code),
        client=found.account_name or found.account_id,
        p=words.score(points[-1].perception_score),
        e=words.score(points[-1].expectation_score),
        gap=words.signed(standing.satisfaction_gap),
    )
    return charts.gap_chart(
        points,
        words,
        page.colours,
        height=height,
        domain=domain,
        spelled_out=spelled_out,
        alt=alt,
        is_reliable=code not in unreliable,
    )


def felt_factual(page: Page, dim: str, points: Sequence[FeltFactual], height: int) -> str:
    """The felt gap beside the factual one on a service dimension, as HTML."""
    words = page.words
    alt = words.say(
        "{dimension}: felt gap {felt}, factual gap {factual}",
        dimension=page.labels.of(dim),
        felt=words.signed(points[-1].satisfaction_gap),
        factual=words.signed(points[-1].promise_gap),
    )
    return charts.felt_factual_chart(points, words, page.colours, height=height, alt=alt)
