"""What a run of the benchmark prints."""

from __future__ import annotations

from typing import Any

GOAL_BUILD, GOAL_DAY, GOAL_READING = 1.5, 0.15, 1.5


def differences(results: dict[str, Any]) -> list[str]:
    """Rows that differ: build against script, incremental against full."""
    found = [f"build / script: {told}" for told in results["compare"]["differences"]]
    found += [f"incremental / full: {told}" for told in results["compare_incremental"]["differences"]]
    return found


def text(results: dict[str, Any]) -> str:
    """The report, for people."""
    full, script, day = results["full"], results["script"], results["incremental"]
    rows = sum(results["generate"]["rows"].values())
    size, machine = results["size"], results["machine"]
    lines = [
        "",
        f"{size['tickets']:,} tickets ({results['generate']['rows'].get('tickets', 0):,} versions), "
        f"{results['generate']['rows'].get('survey_answers', 0):,} answers, {size['accounts']:,} accounts, "
        f"{size['weeks']} weeks; {rows:,} raw rows",
        f"{machine['processor']}, {machine['cpus']} CPUs, {machine['memory_gb']} GB, {machine['system']}; "
        f"load before {machine['load_before']}",
        "",
        *_build("full build", full),
        f"script by hand     {script['seconds']:8.2f} s   {script['seconds'] / rows * 1e6:.2f} s per million "
        f"raw rows, peak {script['peak_mb']:,} MB",
        _ratio("build / script", full["seconds_models"] / script["seconds"], GOAL_BUILD),
        "",
        f"one more day: {sum(results['day']['rows'].values()):,} rows",
        *_build("incremental build", day),
        _ratio("day / full build", day["seconds_models"] / full["seconds_models"], GOAL_DAY),
        *_build("full build again", results["full_again"]),
        "",
        *_reading(results),
        *_slowest("models", full["slowest"]),
        *_slowest("statements by hand", script["slowest"]),
        *_slowest("models of the day", day["slowest"]),
    ]
    told = differences(results)
    compared = sum(results["compare"]["rows"].values())
    lines += told or [
        f"outputs equal: build and script in {compared:,} rows of {len(results['compare']['rows'])} marts, "
        f"incremental and full build in {sum(results['compare_incremental']['rows'].values()):,}"
    ]
    return "\n".join(lines) + "\n"


def _build(name: str, build: dict[str, Any]) -> list[str]:
    tests = build["seconds_sql"] - build["seconds_models"]
    start = build["seconds"] - build["seconds_sql"]
    return [
        f"{name:18} {build['seconds_models']:8.2f} s   SQL of models and seeds ({build['mode']}), "
        f"peak {build['peak_mb']:,} MB",
        f"                   {tests:8.2f} s   its tests",
        f"                   {start:8.2f} s   dbt's start-up and book-keeping",
    ]


def _reading(results: dict[str, Any]) -> list[str]:
    if "reading_plain" not in results:
        return []
    plain, own = results["reading_plain"], results["reading_pipeline"]
    taken = own["seconds_ingest"] + own["seconds_loading"]
    return [
        f"reading a CSV      {plain['seconds']:8.2f} s   DuckDB alone, {plain['rows']:,} rows typed, "
        f"peak {plain['peak_mb']:,} MB",
        f"landing            {own['seconds_ingest']:8.2f} s   peak {own['peak_mb']:,} MB (all of the gate included)",
        f"typing, loading    {own['seconds_loading']:8.2f} s",
        f"the gate's checks  {own['seconds_gate']:8.2f} s   and {own['seconds_starting']:.2f} s to start its library",
        _ratio("landing + loading / plain", taken / plain["seconds"], GOAL_READING),
        "",
    ]


def _ratio(name: str, value: float, goal: float) -> str:
    return f"{name}: {value:.2f} (goal: at most {goal}; {'met' if value <= goal else 'missed'})"


def _slowest(name: str, entries: list[list[Any]]) -> list[str]:
    return [f"slowest {name}:", *(f"    {seconds:7.2f} s  {title}" for title, seconds in entries), ""]
