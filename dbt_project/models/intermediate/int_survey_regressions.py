"""Does the difference of perception and expectation say as much as the two of them? Edwards' (2002) test.

Overall satisfaction is regressed on P - E, and on P, E, P^2, PE and E^2. The first equation is the second
one under four constraints (slopes of P and E equal and opposite, no curvature), tested together by F.
"""

KEYS = {
    "source": "varchar",
    "survey_id": "varchar",
    "wave": "integer",
    "is_whole": "boolean",
    "service_dimension": "varchar",
}
#: Powers of P and E of the regressors, the intercept first.
TERMS = ((0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2))
CONSTRAINTS = 4


def model(dbt, session):
    """One row per survey, wave and service dimension with overall satisfaction: both R^2 (0..1), F, its
    degrees of freedom and p (0..1). Null where P, E or their products do not vary freely.
    """
    import numpy as np

    dbt.config(materialized="table")
    sums = (
        dbt.ref("int_survey_sums")
        .filter("n_overall > 0 and n_expectation_items > 0")
        .order(", ".join(KEYS))
        .fetchnumpy()
    )
    columns = {
        name: np.ma.filled(column.astype(float), np.nan)
        for name, column in sums.items()
        if name.startswith("s_") or name == "n_overall"
    }
    numbers = fitted(columns, columns["n_overall"])
    table = {key: sums[key] for key in KEYS}
    for name, values in numbers.items():
        table[name] = np.where(np.isfinite(values), values, np.nan)
    # the arrays as they are, nan as null: a table of Arrow loads pandas with it
    session.register("surveys_regressed", table)
    types = KEYS | dict.fromkeys(numbers, "double")
    typed = ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in types.items())
    return session.sql(f"select {typed} from surveys_regressed")


def fitted(sums, n):
    """R^2 of both equations, F, degrees of freedom and p, arrays of shape (groups,); nan where undefined."""
    import numpy as np
    from scipy.special import fdtrc

    size = len(TERMS)
    gram = np.empty((len(n), size, size))
    moments = np.empty((len(n), size))
    for i, (p, e) in enumerate(TERMS):
        moments[:, i] = sums["s_z" + "p" * p + "e" * e]
        for j, (p_too, e_too) in enumerate(TERMS):
            name = "s_o" + "p" * (p + p_too) + "e" * (e + e_too)
            gram[:, i, j] = n if i == j == 0 else sums[name]
    constrain = np.zeros((2, size))
    constrain[0, 0], constrain[1, 1], constrain[1, 2] = 1, 1, -1
    with np.errstate(divide="ignore", invalid="ignore"):
        total = sums["s_zz"] - sums["s_z"] ** 2 / n
        free = explained(gram, moments, n)
        held = explained(constrain @ gram @ constrain.T, moments @ constrain.T, n)
        varies = total > 1e-9
        free = np.where(varies, np.clip(free / total, 0, 1), np.nan)
        held = np.where(varies, np.clip(held / total, 0, 1), np.nan)
        freedom = n - size
        left = 1 - free
        statistic = np.where(
            (freedom > 0) & (left > 1e-9),
            np.maximum(free - held, 0) / CONSTRAINTS / (left / freedom),
            np.nan,
        )
    known = np.isfinite(statistic)
    return {
        "constrained_r_squared": np.where(known, held, np.nan),
        "polynomial_r_squared": np.where(known, free, np.nan),
        "polynomial_f": statistic,
        "polynomial_df_1": np.where(known, CONSTRAINTS, np.nan),
        "polynomial_df_2": np.where(known, freedom, np.nan),
        "polynomial_p_value": np.where(known, fdtrc(CONSTRAINTS, freedom, statistic), np.nan),
    }


def explained(gram, moments, n):
    """Sum of squares explained beside the mean, shape (groups,); nan where the regressors hang together."""
    import numpy as np

    inner = gram[:, 1:, 1:] - gram[:, 1:, :1] * gram[:, :1, 1:] / n[:, None, None]
    outer = moments[:, 1:] - gram[:, 0, 1:] * (moments[:, 0] / n)[:, None]
    scale = np.sqrt(np.einsum("gii->gi", inner).clip(min=0))
    degenerate = (scale <= 1e-6).any(axis=1)
    scale = np.where(scale <= 1e-6, 1.0, scale)
    inner = inner / scale[:, :, None] / scale[:, None, :]
    outer = outer / scale
    degenerate |= ~np.isfinite(inner).all(axis=(1, 2)) | ~np.isfinite(outer).all(axis=1)
    inner = np.where(degenerate[:, None, None], np.eye(inner.shape[1]), inner)
    degenerate |= np.linalg.eigvalsh(inner)[:, 0] < 1e-6
    inner = np.where(degenerate[:, None, None], np.eye(inner.shape[1]), inner)
    slopes = np.linalg.solve(inner, outer[:, :, None])[:, :, 0]
    return np.where(degenerate, np.nan, (slopes * outer).sum(axis=1))
