"""How well the surveys measure, whom they reached, and whom to ask next."""

from __future__ import annotations

from dashboards.queries.attached import cached, fetch, select
from dashboards.rows import Snapshot
from dashboards.surveyed import Anonymous, Coverage, Quality, Restated, SurveyScore

# A survey speaks for a dimension until a newer one has asked both sides of it.
_ASKED = """
    with asked as (
        select source, survey_id, service_dimension, max(wave_started_on) as asked_on
        from marts.fct_measurement_quality
        where wave_started_on <= (select week_start_on from marts.dim_weeks where week_id = $week)
        group by source, survey_id, service_dimension
    ),
    spoken as (
        select q.*, d.sort_order,
               row_number() over (
                   partition by service_dimension
                   order by q.n_expectation_items = 0, asked_on desc, q.n_complete desc, source, survey_id
               ) as place
        from marts.fct_measurement_quality as q
        join asked using (source, survey_id, service_dimension)
        join marts.dim_service_dimensions as d using (service_dimension)
        where q.is_whole and q.survey_kind = 'relationship'
    )
"""


@cached(max_entries=500)
def unreliable(snapshot: Snapshot, week_id: int) -> dict[str, float | None]:
    """Reliability of the gap by service dimension, of those only whose gap is not to be relied on."""
    rows = fetch(
        snapshot,
        "marts.fct_measurement_quality",
        f"""{_ASKED} select service_dimension, gap_reliability from spoken
            where place = 1 and not is_gap_reliable order by sort_order""",
        week=week_id,
    )
    return dict(rows)


@cached(max_entries=500)
def qualities(snapshot: Snapshot, week_id: int) -> list[Quality]:
    """How well the newest relationship survey measures each service dimension, in display order."""
    return select(
        Quality,
        snapshot,
        "marts.fct_measurement_quality",
        "from spoken where place = 1 order by sort_order, service_dimension",
        before=_ASKED,
        week=week_id,
    )


@cached(max_entries=500)
def scores(snapshot: Snapshot, cut: str, value: str, week_id: int) -> list[SurveyScore]:
    """NPS, CSAT and CES of a client or a cut in a week, those of interviews before those of tickets."""
    return select(
        SurveyScore,
        snapshot,
        "marts.fct_survey_scores",
        """from marts.fct_survey_scores
           where cut = $cut and cut_value = $value and week_id = $week
           order by survey_kind, case measure when 'nps' then 1 when 'csat' then 2 else 3 end""",
        cut=cut,
        value=value,
        week=week_id,
    )


@cached(max_entries=500)
def coverage(snapshot: Snapshot, account_id: str, week_id: int) -> list[Coverage]:
    """Who of a client has been heard in a week: by relationship, then those who decide."""
    return select(
        Coverage,
        snapshot,
        "marts.fct_survey_coverage",
        """from marts.fct_survey_coverage
           where account_id = $account and week_id = $week
             and (cut = 'relationship' or cut_value = 'decision_maker')
           order by cut, case cut_value when 'key' then 1 when 'general' then 2 when 'organizational' then 3
                                        else 4 end""",
        account=account_id,
        week=week_id,
    )


@cached(max_entries=500)
def restated(snapshot: Snapshot, account_id: str, limit: int) -> list[Restated]:
    """What facts that arrived late changed in closed weeks, newest first; without reworked definitions."""
    return select(
        Restated,
        snapshot,
        "marts.fct_restatements",
        """from marts.fct_restatements
           where account_id = $account and change = 'restated' and cause = 'late_fact'
             and satisfaction_gap_before is distinct from satisfaction_gap_after
           order by restated_as_of desc, week_id desc, service_dimension limit $limit""",
        account=account_id,
        limit=limit,
    )


@cached(max_entries=500)
def anonymous(snapshot: Snapshot, cut: str, value: str, week_id: int) -> list[Anonymous]:
    """What anonymous surveys say in the block of weeks that is shown in a week."""
    return select(
        Anonymous,
        snapshot,
        "marts.rpt_anonymous_portfolio",
        """from marts.rpt_anonymous_portfolio
           join marts.dim_service_dimensions as d using (service_dimension)
           where cut = $cut and cut_value = $value
             and (select week_start_on from marts.dim_weeks where week_id = $week) >= block_end_on
             and (select week_start_on from marts.dim_weeks where week_id = $week) < shown_until_on
           order by d.sort_order""",
        cut=cut,
        value=value,
        week=week_id,
    )
