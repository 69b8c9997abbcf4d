"""The portfolio as a whole: key figures, a panel for each service dimension, and what moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from dashboards import charts, sentences, survey_sentences, table
from dashboards.labels import filtered
from dashboards.markup import in_html, in_markdown
from dashboards.parts import believed, control, moved, weekly
from dashboards.parts.common import gap_legend
from dashboards.queries import measured, portfolio, quality
from dashboards.rows import Filters, GapPoint, PortfolioRow, Week
from dashboards.shell import Page

PANEL_HEIGHT = 150


def whole_portfolio(page: Page, week: Week, dim: str | None, chosen: Filters) -> None:
    """Draw the key figures and panels of a cut; combined filters are not kept and said so."""
    words = page.words
    chosen = chosen if chosen.chosen() else _own_cut(page)
    cuts = chosen.chosen()
    if len(cuts) > 1:
        st.html(
            table.box(
                words.say("The portfolio is shown for one filter at a time"),
                words.say("Scores of combined filters are not kept. Clear all filters but one."),
                60,
            )
        )
        return
    cut, value = cuts[0] if cuts else ("all", "all")
    rows = portfolio.portfolio(page.snapshot, week.week_id, cut, value)
    if not rows and not page.person.viewer.scope.is_everything:
        st.html(
            table.box(
                words.say("No mean is shown here"),
                words.say("It would count clients that your role does not see. Filter by what is all yours."),
                60,
            )
        )
        return
    summary = rows.get(dim or "overall")
    if summary is not None:
        st.html(key_figures(page, summary, dim))
    asked = survey_sentences.scores(quality.scores(page.snapshot, cut, value, week.week_id), words)
    if asked:
        st.html(f'<p class="gw-line" style="margin:0">{in_html(asked)}</p>')
    st.subheader(
        words.say("Where the whole portfolio stands")
        if not cuts
        else words.say("Where {filters} stands", filters=in_markdown(filtered(chosen, words))),
        anchor=False,
    )
    shown = [code for code in page.labels.codes if code in rows]
    if any(rows[code].perception_score is not None for code in shown):
        _panels(page, week, [rows[code] for code in shown], cut, value)
    else:
        st.html(nobody_heard(page))
    with st.expander(words.say("Why the mean gap moved"), icon=":material/waterfall_chart:"):
        moved.portfolio_moved(page, measured.portfolio_changes(page.snapshot, week.week_id, cut, value), dim)
    if not cuts:
        control.charted(page, [rows[code] for code in shown], week)
    believed.measured_how(page, week)
    control.anonymous(page, quality.anonymous(page.snapshot, cut, value, week.week_id))


def _panels(page: Page, week: Week, rows: Sequence[PortfolioRow], cut: str, value: str) -> None:
    reliability = quality.unreliable(page.snapshot, week.week_id)
    gap_legend(page, reliability, with_minimum=False)
    history = portfolio.portfolio_history(page.snapshot, week.week_id, cut, value)
    domain = charts.shared_domain(list(history.values()))
    grid = st.grid(min(4, len(rows)), min_column_width=215)
    for row in rows:
        with grid.container():
            st.html(panel(page, row, history.get(row.service_dimension, []), domain, reliability))
    weekly.gaps(page, history)


def _own_cut(page: Page) -> Filters:
    """The part of the portfolio that is the viewer's whole world, where that is one part; else all."""
    scope = page.person.viewer.scope
    limits = [limit for limit in (scope.tiers, scope.regions, scope.owners) if limit is not None]
    if len(limits) != 1 or len(limits[0]) != 1:
        return Filters()
    (value,) = limits[0]
    return Filters(
        tier=value if scope.tiers else None,
        region=value if scope.regions else None,
        owner=value if scope.owners else None,
    )


def key_figures(page: Page, row: PortfolioRow, dim: str | None) -> str:
    """The cards of a cut, over all dimensions or on one."""
    words = page.words
    scope = page.labels.of(dim) if dim else words.say("All dimensions")
    # Without a value of 13 weeks before, which the dashes would not say, there is no line.
    moved_by = (
        [words.say("{change} in {weeks} weeks", change=words.signed(row.gap_change_13, 1))]
        if row.gap_change_13 is not None
        else []
    )
    changes = (
        [
            words.say(
                "P {p}, E {e} in {weeks} weeks",
                p=words.signed(row.perception_change_13, 1),
                e=words.signed(row.expectation_change_13, 1),
            )
        ]
        if row.perception_change_13 is not None or row.expectation_change_13 is not None
        else []
    )
    # Where nobody was asked what they expect, the perception stands alone, and all who were heard behind it.
    is_paired = row.satisfaction_gap is not None
    perception = row.paired_perception_score if is_paired else row.perception_score
    p, e = words.score(perception, 1), words.score(row.expectation_score, 1)
    joined = (
        [words.say("{joined} joined, {left} left in {weeks} weeks", joined=row.n_joined, left=row.n_left)]
        if row.n_joined is not None and row.n_left is not None
        else []
    )
    mean_n = words.count("mean of {n} client", "mean of {n} clients", row.n_accounts_paired)
    mean_heard = words.count("mean of {n} client", "mean of {n} clients", row.n_accounts_heard)
    return table.cards(
        [
            (
                words.say("Satisfaction gap"),
                words.signed(row.satisfaction_gap, 1),
                [*moved_by, words.say("{scope}, {mean_of_n}", scope=scope, mean_of_n=mean_n)],
            ),
            (
                words.say("Perception / expectation"),
                f"{p} / {e}",
                [*changes, mean_n if is_paired else mean_heard],
            ),
            (
                words.say("Heard from"),
                words.share(row.coverage_share),
                [
                    words.say(
                        "{heard} of {all} contacts in {weeks} weeks",
                        heard=words.integer(row.n_contacts),
                        all=words.integer(row.n_eligible),
                    )
                    if row.n_eligible
                    else words.say("no contact is known")
                ],
            ),
            (
                words.say("Silent clients"),
                words.integer(row.n_accounts_silent),
                [
                    words.say("of {n}: no answer in {weeks} weeks", n=words.integer(row.n_accounts)),
                    *joined,
                ],
            ),
        ]
    )


def panel(
    page: Page,
    row: PortfolioRow,
    points: Sequence[GapPoint],
    domain: tuple[float, float],
    reliability: Mapping[str, float | None],
    height: int = PANEL_HEIGHT,
) -> str:
    """Perception against expectation on one service dimension, as HTML."""
    words, code = page.words, row.service_dimension
    label = page.labels.of(code)
    if not points or row.perception_score is None:
        return table.box(label, words.say("Nobody was heard on this in {weeks} weeks."), height)
    heading = table.heading(label, sentences.portfolio_panel(row, reliability.get(code), words))
    return heading + charts.gap_chart(
        points,
        words,
        page.colours,
        height=height,
        domain=domain,
        spelled_out=False,
        alt=_alt(page, row),
        is_reliable=code not in reliability,
    )


def nobody_heard(page: Page) -> str:
    """What stands in place of the panels where no service dimension has an answer, as HTML."""
    words = page.words
    return table.box(
        words.say("Nobody was heard on any service dimension in {weeks} weeks"),
        words.say(
            "There is no perception to show. What was done against what was promised is under Felt and "
            "factual."
        ),
        60,
    )


def _alt(page: Page, row: PortfolioRow) -> str:
    """A panel's chart in words."""
    words = page.words
    if row.satisfaction_gap is None:
        return words.say(
            "{dimension}: perception {p}, no expectation to set it against",
            dimension=page.labels.of(row.service_dimension),
            p=words.score(row.perception_score),
        )
    return words.say(
        "{dimension}: perception {p} against expectation {e}, gap {gap}",
        dimension=page.labels.of(row.service_dimension),
        p=words.score(row.paired_perception_score),
        e=words.score(row.expectation_score),
        gap=words.signed(row.satisfaction_gap, 1),
    )
