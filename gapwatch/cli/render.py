"""Reports as tables for a terminal; the same reports as JSON need nothing from here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from gapwatch.cli.alerts import AlertList
    from gapwatch.cli.output import Report
    from gapwatch.doctor import Examination
    from gapwatch.export import Listing
    from gapwatch.init import Proposal
    from gapwatch.pipeline import RunReport
    from gapwatch.status import Status
    from gapwatch.summary import Summary

ROWS_SHOWN = 20
MINUS = "\u2212"
#: Fields of a record that are sentences, shown as lines below its table.
_LINES = ("message", "notices")
#: Fields that only a program reads.
_JSON_ONLY = ("bytes", "seconds", "expectations", "fingerprint", "sha256")
_COLOURS = {"ok": "green", "warning": "yellow", "error": "red"}


def summary(report: Summary) -> RenderableType:
    """What a run leaves behind."""
    facts = _facts(
        {
            "sources": report.sources,
            "batches": _with(report.batches, report.batches_held, "held"),
            "rows accepted": report.rows_accepted,
            "rows quarantined": report.rows_quarantined,
            "rows waiting": report.rows_waiting,
            "rows held": report.rows_held,
            "clients": report.clients,
            "weeks": report.weeks,
            "service dimensions": f"{len(report.service_dimensions)}: {', '.join(report.service_dimensions)}",
            "as of": report.as_of,
            "snapshot": report.snapshot_id,
            "alerts": alert_counts(report.alerts),
        }
    )
    columns = ("client", "service dimension", "perception", "expectation", "gap", "shrunk", "n")
    gaps = _table("Widest gaps, newest week", *columns)
    for gap in report.widest_gaps:
        gaps.add_row(
            escape(gap.account_name or gap.account_id),
            gap.service_dimension,
            _score(gap.perception_score),
            _score(gap.expectation_score),
            signed(gap.satisfaction_gap),
            signed(gap.gap_shrunk),
            str(gap.n),
        )
    parts: list[RenderableType] = [_title(report.workspace), facts]
    parts += _reasons(report.reasons)
    parts += [Text(f"Held  {message}", style="yellow") for message in report.held]
    if report.widest_gaps:
        parts += [Text(""), gaps]
    if report.seconds:
        parts.append(
            Text(", ".join(f"{step} {taken:.1f} s" for step, taken in report.seconds.items()), style="dim")
        )
    return Group(*parts)


def run(report: RunReport) -> RenderableType:
    """The steps of one run, and the summary where there is something published."""
    if report.summary is not None:
        return summary(report.summary)
    return Group(*(generic(step.as_dict(), name) for name, step in report.steps.items()))


def status(report: Status) -> RenderableType:
    """The state of a workspace."""
    table = _table(None, "source", "batches", "accepted", "quarantined", "waiting", "last", "newest fact")
    for source in report.sources:
        table.add_row(
            source.source,
            _with(source.batches, source.batches_held, "held"),
            _number(source.rows_accepted),
            _number(source.rows_quarantined),
            _number(source.rows_waiting),
            source.last_outcome or "none yet",
            _instant(source.newest_known_at),
        )
    age = f", published {_instant(report.published_at)} UTC ({_age(report.age_hours)} ago)"
    snapshot = f"{report.snapshot_id}{age}" if report.snapshot_id else "none yet; next: gapwatch run"
    parts: list[RenderableType] = [
        _title(report.workspace),
        table,
        _facts({"snapshot": snapshot, "as of": report.as_of, "alerts": alert_counts(report.alerts)}),
    ]
    if report.busy:
        parts.append(Text(f"Being written to by {report.busy}", style="yellow"))
    parts += _reasons(report.reasons)
    for title, rows in (
        ("Batches held", report.held),
        ("Files not taken", report.refused_files),
        ("Failures", report.failures),
    ):
        if rows:
            parts.append(_rows(title, rows))
    return Group(*parts)


def examination(report: Examination) -> RenderableType:
    """The findings of ``gapwatch doctor``."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for finding in report.findings:
        mark = Text(finding.level, style=_COLOURS[finding.level])
        fix = f"\n[bold]Fix:[/] {escape(finding.fix)}" if finding.fix else ""
        table.add_row(mark, escape(finding.subject), escape(finding.what) + fix)
    return table


def proposal(report: Proposal) -> RenderableType:
    """What ``gapwatch init`` wrote, and what to look at."""
    lines = [f"Wrote {name}" for name in ("gapwatch.yml", *report.files)]
    lines += [f"Check {remark}" for remark in report.remarks]
    lines += ["Next: look at the lines marked CHECK in gapwatch.yml, then run: gapwatch doctor"]
    return Text("\n".join(lines))


def listing(report: Listing) -> RenderableType:
    """All tables that can be exported, however many."""
    table = _table(None, "table", "rows", "columns")
    for each in report.tables:
        table.add_row(each["table"], _number(each["rows"]), _number(each["columns"]))
    return Group(_facts({"snapshot": report.snapshot}), table)


def generic(report: Mapping[str, Any], title: str | None = None) -> RenderableType:
    """Any report: its plain values as facts, its lists of records as tables."""
    facts: dict[str, Any] = {}
    tables: list[RenderableType] = []
    for key, value in report.items():
        name = key.replace("_", " ")
        if isinstance(value, Mapping):
            if value:
                tables.append(_rows(name, [{"": k, " ": v} for k, v in value.items()]))
        elif _is_records(value):
            if value:
                tables.append(_rows(name, value))
        elif key != "exit_code" and value not in (None, "", [], ()):
            facts[name] = value
    parts: list[RenderableType] = [_title(title)] if title else []
    return Group(*parts, _facts(facts), *tables)


def shares(report: Report) -> RenderableType:
    """A report of the risk code: probabilities and shares with three decimals."""
    return generic(_thousandths(report.as_dict()))


def alert_list(report: AlertList) -> RenderableType:
    """Alerts in rows that keep whole words on a narrow terminal."""
    table = Table(box=None, padding=(0, 1, 0, 0))
    for column in ("alert", "state", "kind", "about", "risk", "since", "owner", "due"):
        fixed = column in {"alert", "since", "due"}
        table.add_column(column, header_style="dim", no_wrap=fixed, overflow="fold")
    for alert in report.alerts:
        about = " ".join((alert["subject_id"], alert["service_dimension"])).strip()
        table.add_row(
            alert["alert_id"][:8],
            alert["suppression_reason"] or alert["state"],
            alert["kind"],
            escape(about),
            "" if alert["risk_score"] is None else f"{alert['risk_score']:.0f}",
            str(alert["since_on"] or ""),
            escape(alert["owner"] or "nobody"),
            str(alert["due_on"] or ""),
        )
    return Group(table, Text(f"{len(report.alerts)} of {report.total}", style="dim"))


def alert_counts(counts: Mapping[str, Any]) -> str | None:
    """Open alerts in a line, None where there are none."""
    if not counts.get("open"):
        return None
    kinds = ", ".join(f"{kind} {n}" for kind, n in sorted(counts["by_kind"].items()))
    late = f"; {counts['overdue']} past their day" if counts["overdue"] else ""
    return f"{_number(counts['open'])} open{f' ({kinds})' if kinds else ''}{late}"


def signed(value: float | None) -> str:
    """A gap: signed, one decimal, with a true minus."""
    if value is None:
        return ""
    text = f"{abs(value):.1f}"
    if text == "0.0":
        return text
    return f"{MINUS if value < 0 else '+'}{text}"


def _thousandths(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:,.3f}"
    if isinstance(value, Mapping):
        return {key: _thousandths(each) for key, each in value.items()}
    return [_thousandths(each) for each in value] if isinstance(value, list | tuple) else value


def _title(text: str | None) -> Text:
    return Text(text or "", style="bold")


def _facts(facts: Mapping[str, Any]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, value in facts.items():
        if value is not None:
            table.add_row(Text(name, style="dim"), Text(_shown(value)))
    return table


def _reasons(reasons: Mapping[str, int]) -> Iterator[RenderableType]:
    if reasons:
        yield Text("")
        table = _table("Rows kept out, by rule", "rule", "rows")
        for rule, count in reasons.items():
            table.add_row(rule, _number(count))
        yield table


def _rows(title: str | None, rows: Sequence[Mapping[str, Any]]) -> RenderableType:
    columns = list(
        dict.fromkeys(
            key
            for row in rows
            for key in row
            if not isinstance(row[key], list | dict) and key not in _LINES and not key.startswith(_JSON_ONLY)
        )
    )
    table = _table(title, *(column.replace("_", " ") for column in columns))
    shown = rows[:ROWS_SHOWN]
    for row in shown:
        table.add_row(*(escape(_shown(row.get(column))) for column in columns))
    # A message is what a person needs: whole lines below, not one word a line in a narrow column.
    messages = [
        Text(_shown(row[key]), style="yellow" if key == "message" else "dim")
        for row in shown
        for key in _LINES
        if row.get(key)
    ]
    more = len(rows) - ROWS_SHOWN
    rest = [Text(f"and {more} more; --json lists all", style="dim")] if more > 0 else []
    return Group(table, *messages, *rest)


def _table(title: str | None, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    for column in columns:
        numeric = column in {
            "rows",
            "batches",
            "accepted",
            "quarantined",
            "waiting",
            "n",
            "gap",
            "perception",
            "expectation",
        }
        table.add_column(
            column, justify="right" if numeric else "left", header_style="dim", no_wrap=column == "source"
        )
    return table


def _is_records(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(item, Mapping) for item in value)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return _number(value)
    if isinstance(value, float):
        return f"{value:,.2f}"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return _instant(value) if hasattr(value, "isoformat") else " ".join(str(value).split())


def _number(value: int) -> str:
    return f"{value:,}"


def _score(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _instant(value: Any) -> str:
    return "" if value is None else f"{value:%Y-%m-%d %H:%M}"


def _age(hours: float | None) -> str:
    if hours is None:
        return ""
    return f"{hours * 60:.0f} min" if hours < 2 else f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} d"


def _with(count: int, part: int, word: str) -> str:
    return f"{_number(count)} ({part} {word})" if part else _number(count)
