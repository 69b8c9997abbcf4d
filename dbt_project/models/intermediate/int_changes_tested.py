"""Is a change between two windows news, or chance? Perception and gap, each a family of its own.

Per account and service dimension: a paired t test over the contacts heard in both windows when there
are at least five of them, else Welch's t test between all who were heard. The week's whole family is
controlled by the false discovery rate of Benjamini and Hochberg (1995), whoever looks at how much of it.
"""

MIN_STAYERS = 5
KEYS = {"week_id": "integer", "account_key": "ubigint", "service_dimension": "varchar"}


def model(dbt, session):
    """One row per tested account, service dimension and week: change and its 95 % interval in points,
    p and q (0..1), and the word for it.
    """
    import numpy as np

    dbt.config(materialized="table")
    steady = float(dbt.config.meta_get("steady_margin"))
    rate = float(dbt.config.meta_get("false_discovery_rate"))
    columns = dbt.ref("int_changes_compared").order(", ".join(KEYS)).fetchnumpy()
    table = {key: columns[key] for key in KEYS}
    types = dict(KEYS)
    week = columns["week_id"]
    for measure in ("perception", "gap"):
        values = {
            name: np.ma.filled(column.astype(float), np.nan)
            for name, column in columns.items()
            if measure in name
        }
        change, error, freedom = compared(values, measure)
        low, high, p_value = tested(change, error, freedom)
        q_value = controlled(week, p_value)
        rejected = q_value <= rate
        word = np.where(
            np.isnan(p_value),
            "too_few_answers",
            np.where(
                rejected,
                np.where(change > 0, "improving", "declining"),
                np.where((low > -steady) & (high < steady), "steady", "not_clear"),
            ),
        )
        for name, numbers in (
            ("change", np.where(np.isnan(p_value), np.nan, change)),
            ("change_low", low),
            ("change_high", high),
            ("p_value", p_value),
            ("q_value", q_value),
        ):
            table[f"{measure}_{name}"], types[f"{measure}_{name}"] = numbers, "double"
        table[f"{measure}_trend"], types[f"{measure}_trend"] = word.astype(object), "varchar"
    # the arrays as they are, nan as null: a table of Arrow loads pandas with it
    session.register("changes_tested", table)
    typed = ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in types.items())
    return session.sql(f"select {typed} from changes_tested")


def compared(values, measure):
    """Change, its standard error and degrees of freedom; the error is nan where nothing can be tested."""
    import numpy as np

    n, before = values[f"n_{measure}"], values[f"n_{measure}_before"]
    stayers = values[f"n_{measure}_stayers"]
    with np.errstate(divide="ignore", invalid="ignore"):
        here = values[f"{measure}_squares"] / (n - 1) / n
        there = values[f"{measure}_squares_before"] / (before - 1) / before
        welch = values[f"{measure}_plain_mean"] - values[f"{measure}_plain_mean_before"]
        welch_freedom = (here + there) ** 2 / (here**2 / (n - 1) + there**2 / (before - 1))
        paired_error = np.sqrt(values[f"{measure}_stayer_variance"] / stayers)
        welch_error = np.sqrt(here + there)
    paired = stayers >= MIN_STAYERS
    enough = paired | ((n > 1) & (before > 1))
    error = np.where(paired, paired_error, welch_error)
    # equal answers all over: sums of doubles leave a trace that is no variance
    error = np.where(enough & (error > 1e-9), error, np.nan)
    change = np.where(paired, values[f"{measure}_stayer_change"], welch)
    return change, error, np.where(paired, stayers - 1, welch_freedom)


def tested(change, error, freedom):
    """The 95 % interval of the change and its two-sided p."""
    import numpy as np
    from scipy.special import stdtr, stdtrit

    p_value = 2 * stdtr(freedom, -np.abs(change / error))
    reach = stdtrit(freedom, 0.975) * error
    return change - reach, change + reach, p_value


def controlled(week, p_value):
    """The q of Benjamini and Hochberg within each week: the smallest rate at which a test is rejected."""
    import numpy as np

    q_value = np.full(len(p_value), np.nan)
    for family in np.unique(week):
        members = np.flatnonzero((week == family) & ~np.isnan(p_value))
        order = members[np.argsort(p_value[members], kind="stable")]
        size = len(order)
        ranked = p_value[order] * size / np.arange(1, size + 1)
        q_value[order] = np.minimum(1.0, np.minimum.accumulate(ranked[::-1])[::-1])
    return q_value
