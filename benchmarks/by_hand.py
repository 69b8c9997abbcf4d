"""The marts by hand: SQL files in order, and between them what SQL lacks, from the definitions too."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).parent
Numbers = NDArray[np.float64]

#: A paired test needs so many who were heard in both windows.
STAYERS = 5


def run(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, float]]:
    """Make all marts. Returns the seconds of every statement and step, in order."""
    seconds: list[tuple[str, float]] = []
    for step in STEPS:
        if isinstance(step, str):
            for statement in connection.extract_statements((FOLDER / step).read_text(encoding="utf-8")):
                began = time.perf_counter()
                connection.execute(statement)
                seconds.append((_title(statement.query), time.perf_counter() - began))
        else:
            began = time.perf_counter()
            step(connection)
            seconds.append((f"Python: {step.__name__}", time.perf_counter() - began))
    return seconds


def news(connection: duckdb.DuckDBPyConnection) -> None:
    """Test every change between windows; the table ``news`` says for each what it is worth."""
    from scipy.special import betainc, betaincinv

    rate, margin = _settings(connection, "false_discovery_rate", "steady_margin")
    found: dict[str, Any] = connection.execute("select * from to_test").fetchnumpy()
    keys = found.pop("account_key")
    columns = {name: np.ma.filled(values.astype(float), np.nan) for name, values in found.items()}
    table: dict[str, Any] = {
        "account_key": keys,
        "dimension_id": columns["dimension_id"].astype(np.int8),
        "week_id": columns["week_id"].astype(np.int32),
    }
    for measure, letter in (("perception", "p"), ("gap", "g")):
        part = {name[:-2]: values for name, values in columns.items() if name.endswith(f"_{letter}")}
        change, error, freedom = _change(part)
        with np.errstate(divide="ignore", invalid="ignore"):
            # Two-sided p of t by the incomplete beta function, and the t whose p is .05 by its inverse.
            p_value = betainc(freedom / 2, 0.5, freedom / (freedom + (change / error) ** 2))
            x = betaincinv(freedom / 2, 0.5, 0.05)
            reach = np.sqrt(freedom * (1 - x) / x) * error
        q_value = np.full(len(p_value), np.nan)
        known = np.flatnonzero(~np.isnan(p_value))
        for members in _by_week(table["week_id"], known):
            q_value[members] = _false_discovery(p_value[members])
        trend = np.full(len(p_value), "too_few_answers", dtype=object)
        trend[known] = "not_clear"
        trend[(change - reach > -margin) & (change + reach < margin)] = "steady"
        trend[(q_value <= rate) & (change > 0)] = "improving"
        trend[(q_value <= rate) & (change <= 0)] = "declining"
        for name, values in (
            ("change", change),
            ("change_low", change - reach),
            ("change_high", change + reach),
            ("p_value", p_value),
            ("q_value", q_value),
        ):
            table[f"{measure}_{name}"] = np.where(np.isnan(p_value), np.nan, values)
        table[f"{measure}_trend"] = trend
    _store(connection, "news", table)


def _change(part: dict[str, Numbers]) -> tuple[Numbers, Numbers, Numbers]:
    """Change, standard error (nan: nothing to be tested) and degrees of freedom: paired t, else Welch's."""
    with np.errstate(divide="ignore", invalid="ignore"):
        now, before = (part[f"q{i}"] / ((part[f"n{i}"] - 1) * part[f"n{i}"]) for i in (1, 0))
        freedom = (now + before) ** 2 / (now**2 / (part["n1"] - 1) + before**2 / (part["n0"] - 1))
        is_paired = part["k"] >= STAYERS
        error = np.sqrt(np.where(is_paired, part["v"] / part["k"], now + before))
    is_testable = (is_paired | ((part["n1"] > 1) & (part["n0"] > 1))) & (error > 1e-9)
    error = np.where(is_testable, error, np.nan)
    change = np.where(is_paired, part["d"], part["m1"] - part["m0"])
    return change, error, np.where(is_paired, part["k"] - 1, freedom)


def _false_discovery(p_value: Numbers) -> Numbers:
    """Benjamini and Hochberg's q: of all that are as small, the share that chance alone would bring."""
    size = len(p_value)
    order = np.argsort(p_value)
    q_value = np.empty(size)
    q_value[order] = np.minimum.accumulate((p_value[order] * size / np.arange(1, size + 1))[::-1])[::-1]
    return np.minimum(q_value, 1.0)


def _by_week(week: NDArray[np.int32], places: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    ordered = places[np.argsort(week[places], kind="stable")]
    return np.split(ordered, np.flatnonzero(np.diff(week[ordered])) + 1) if len(ordered) else []


def derived_weights(connection: duckdb.DuckDBPyConnection) -> None:
    """Relative importance of the dimensions for overall satisfaction, per week: the table ``derived``."""
    (enough,) = _settings(connection, "min_derived_responses")
    first, last, size = connection.execute(
        "select min(week_id), max(week_id), (select count(*) from dimensions) from marts.dim_weeks"
    ).fetchall()[0]
    spans = connection.execute("select * from to_explain where from_week < to_week").fetchnumpy()
    # A response's numbers enter where it begins to count and leave where it ends: the sums run on.
    scores = np.array([list(values) for values in spans["scores"]], dtype=float).reshape(-1, size + 1)
    scores = np.column_stack([scores[:, 1:], scores[:, 0]])
    numbers = np.column_stack(
        [np.ones(len(scores)), scores, np.einsum("ni,nj->nij", scores, scores).reshape(-1, (size + 1) ** 2)]
    )
    sums = np.zeros((last - first + 2, numbers.shape[1]))
    np.add.at(sums, spans["from_week"].astype(int) - first, numbers)
    np.add.at(sums, spans["to_week"].astype(int) - first, -numbers)
    sums = sums.cumsum(axis=0)[:-1]
    n = np.rint(sums[:, 0])
    means = sums[:, 1 : size + 2] / np.maximum(n, 1)[:, None]
    products = sums[:, size + 2 :].reshape(-1, size + 1, size + 1)
    covariance = (products - n[:, None, None] * np.einsum("wi,wj->wij", means, means)) / np.maximum(n - 1, 1)[
        :, None, None
    ]
    weights = np.full((len(n), size), np.nan)
    varies = (n >= enough) & (np.einsum("wii->wi", covariance) * 2500.0 > 1e-12).all(axis=1)
    weights[varies] = _importance(covariance[varies])
    ids = [
        row[0]
        for row in connection.execute(
            "select dimension_id from dimensions order by service_dimension"
        ).fetchall()
    ]
    flat = weights[:, [i - 1 for i in ids]].ravel()
    week = np.repeat(np.arange(first, last + 1), size)
    table = {
        "week_id": week.astype(np.int32),
        "dimension_id": np.tile(np.array(ids, np.int8), len(n)),
        "weight": flat,
        "n_responses": np.repeat(n, size).astype(np.int32),
    }
    _store(connection, "derived", table)


def _importance(covariance: Numbers) -> Numbers:
    """Lindeman, Merenda and Gold, order by order: what each adds to R^2 when it joins, over all orders."""
    size = covariance.shape[1] - 1
    explained: dict[frozenset[int], Numbers] = {frozenset(): np.zeros(len(covariance))}
    shares = np.zeros((len(covariance), size))
    for order in permutations(range(size)):
        for place, joining in enumerate(order):
            chosen = frozenset(order[: place + 1])
            if chosen not in explained:
                members = sorted(chosen)
                inner = covariance[:, members][:, :, members]
                outer = covariance[:, members, size]
                solved = np.linalg.pinv(inner, hermitian=True) @ outer[:, :, None]
                explained[chosen] = (outer * solved[:, :, 0]).sum(axis=1) / covariance[:, size, size]
            shares[:, joining] += explained[chosen] - explained[chosen - {joining}]
    total = shares.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(total > 1e-12, shares / total, np.nan)


def chart(connection: duckdb.DuckDBPyConnection) -> None:
    """The EWMA chart of every service dimension, week after week: the table ``charted``."""
    smoothing, limit, baseline = _settings(connection, "ewma_lambda", "ewma_limit", "ewma_baseline_weeks")
    rows: list[tuple[Any, ...]] = []
    weeks = connection.execute(
        "select d.dimension_id, w.week_id, coalesce(r.n_rated, 0), r.rated_score, r.rated_squares "
        "from marts.dim_weeks as w cross join dimensions as d "
        "left join rated_in_week as r using (week_id, dimension_id) order by all"
    ).fetchall()
    for dimension in sorted({row[0] for row in weeks}):
        rated = [row for row in weeks if row[0] == dimension and row[2] > 0]
        base = rated[: int(baseline)]
        mean, variance = math.nan, None
        if len(base) == baseline:
            ratings = sum(row[2] for row in base)
            mean = sum(row[2] * row[3] for row in base) / ratings
            squares = sum(row[4] for row in base)
            variance = squares / (ratings - len(base)) if round(squares, 9) > 0 else None
        score, spread, n_weeks = mean, 0.0, 0
        for _, week, n_rated, rated_score, _ in (row for row in weeks if row[0] == dimension):
            n_weeks += n_rated > 0
            if n_rated > 0 and n_weeks > baseline:
                score = smoothing * rated_score + (1 - smoothing) * score
                spread = (1 - smoothing) ** 2 * spread + smoothing**2 / n_rated
            is_judged = n_weeks > baseline
            sd = math.sqrt(variance) if is_judged and variance is not None else math.nan
            width = limit * sd * math.sqrt(spread)
            rows.append((dimension, week, n_rated, is_judged, n_weeks <= baseline, mean, sd, score, width))
    names = ("dimension_id", "week_id", "n_rated", "is_judged", "is_baseline", "mean", "sd", "score", "width")
    kinds = (np.int8, np.int32, np.int32, np.bool_, np.bool_, *[np.float64] * 4)
    columns = zip(names, zip(*rows, strict=True), kinds, strict=True)
    _store(connection, "charted", {name: np.array(values, kind) for name, values, kind in columns})


def _settings(connection: duckdb.DuckDBPyConnection, *names: str) -> list[float]:
    found = dict(connection.execute("select name, cast(value as double) from settings").fetchall())
    return [found[name] for name in names]


def _store(connection: duckdb.DuckDBPyConnection, name: str, columns: dict[str, Any]) -> None:
    """A temporary table of the columns; what is no number is null."""
    connection.register("made", columns)
    listed = [
        f"nullif({column}, 'nan'::double) as {column}" if values.dtype == np.float64 else column
        for column, values in columns.items()
    ]
    connection.execute(f"create temp table {name} as select {', '.join(listed)} from made")
    connection.unregister("made")


def _title(statement: str) -> str:
    lines = [line for line in statement.splitlines() if line.strip() and not line.lstrip().startswith("--")]
    return lines[0].strip()[:70] if lines else ""


STEPS: tuple[str | Callable[[duckdb.DuckDBPyConnection], None], ...] = (
    "handwritten.sql",
    "handwritten_voices.sql",
    news,
    derived_weights,
    chart,
    "handwritten_measurement.sql",
    "handwritten_surveys.sql",
)
