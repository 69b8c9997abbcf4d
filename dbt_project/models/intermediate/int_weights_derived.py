"""Which service dimension drives overall satisfaction: relative importance derived from the answers.

Per week, over the responses of the whole portfolio in the last four windows: the average increase of
R^2 when a dimension's perception joins the others, over all orders in which they can join (Lindeman,
Merenda and Gold 1980), as a share of the whole R^2.
"""


def model(dbt, session):
    """One row per week and service dimension: derived_weight (0..1, null with a reason), n_responses."""
    import os
    from datetime import timedelta

    import numpy as np

    dbt.config(materialized="table")
    days = 4 * 7 * int(dbt.config.meta_get("window_weeks"))
    enough = int(dbt.config.meta_get("min_derived_responses"))
    first_week = int(os.environ["GAPWATCH_STALE_FROM_WEEK"])
    dimensions = (
        dbt.ref("service_dimensions")
        .aggregate("service_dimension, min(valid_from_on) as valid_from_on")
        .order("service_dimension")
        .fetchall()
    )
    weeks = (
        dbt.ref("dim_weeks")
        .filter(f"week_id >= {first_week}")
        .project("week_id, week_start_on, last_day")
        .order("week_id")
        .fetchall()
    )
    ratings = dbt.ref("int_overall_ratings_scored").order("response_key, known_from_week").fetchnumpy()
    spans, values = pivoted(ratings, [dimension for dimension, _ in dimensions])
    rows = []
    for week, start_on, last_day in weeks:
        sunday = start_on + timedelta(days=6)
        valid = [i for i, (_, valid_from_on) in enumerate(dimensions) if valid_from_on <= sunday]
        known = (
            (spans["known_from_week"] <= week)
            & (spans["known_to_week"] > week)
            & (spans["submitted_day"] <= last_day)
            & (spans["submitted_day"] > last_day - days)
        )
        answers = values[known][:, [*valid, len(dimensions)]]
        answers = answers[~np.isnan(answers).any(axis=1)]
        weights, reason = None, "too_few_responses"
        if len(answers) >= enough:
            weights = relative_importance(np.cov(answers, rowvar=False))
            reason = "no_variance" if weights is None else None
        for place, i in enumerate(valid):
            weight = None if weights is None else float(weights[place])
            rows.append((week, dimensions[i][0], weight, len(answers), reason))
    types = {
        "week_id": "integer",
        "service_dimension": "varchar",
        "derived_weight": "double",
        "n_responses": "integer",
        "null_reason": "varchar",
    }
    columns = zip(*rows, strict=True) if rows else ([] for _ in types)
    table = {
        # nan is null; a table of Arrow would load pandas with it
        name: np.array(column, dtype=float if kind == "double" else object)
        for (name, kind), column in zip(types.items(), columns, strict=True)
    }
    session.register("weights_derived", table)
    typed = ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in types.items())
    return session.sql(f"select {typed} from weights_derived")


def pivoted(ratings, dimensions):
    """One row per response and span of weeks: its weeks and day, and its perceptions in the order of
    the dimensions with the overall score last (nan where not heard). All of a response's dimensions
    share its spans, and come one after the other.
    """
    import numpy as np

    columns = {
        name: np.ma.filled(column.astype(float), np.nan) if name.endswith("_score") else column
        for name, column in ratings.items()
    }
    place = {dimension: i for i, dimension in enumerate(dimensions)}
    column = np.array([place.get(name, -1) for name in columns.pop("service_dimension")], dtype=int)
    columns = {name: value[column >= 0] for name, value in columns.items()}
    column = column[column >= 0]
    starts = np.ones(len(column), dtype=bool)
    for key in ("response_key", "known_from_week"):
        starts[1:] &= columns[key][1:] == columns[key][:-1]
    starts[1:] = ~starts[1:]
    row = np.cumsum(starts) - 1
    values = np.full((int(starts.sum()), len(dimensions) + 1), np.nan)
    values[row, column] = columns["perception_score"]
    values[row, -1] = columns["overall_score"]
    return {name: value[starts] for name, value in columns.items()}, values


def relative_importance(covariance):
    """Shares of R^2, of shape (dimensions,), from the covariance of the perceptions and, last, the
    overall score. None where nothing varies or nothing is explained.
    """
    from itertools import combinations
    from math import factorial

    import numpy as np

    size = len(covariance) - 1
    if covariance[size, size] <= 1e-12 or (np.diag(covariance)[:size] <= 1e-12).any():
        return None

    def explained(chosen):
        if not chosen:
            return 0.0
        inner = covariance[np.ix_(chosen, chosen)]
        outer = covariance[list(chosen), size]
        return float(outer @ np.linalg.pinv(inner, hermitian=True) @ outer) / covariance[size, size]

    subsets = {c: explained(c) for k in range(size + 1) for c in combinations(range(size), k)}
    shares = np.zeros(size)
    for i in range(size):
        for chosen, r_squared in subsets.items():
            if i in chosen:
                continue
            orders = factorial(len(chosen)) * factorial(size - len(chosen) - 1) / factorial(size)
            shares[i] += orders * (subsets[tuple(sorted((*chosen, i)))] - r_squared)
    total = shares.sum()
    return shares / total if total > 1e-12 else None
