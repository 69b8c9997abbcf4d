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
    day = results["incremental"]
    # Each was run before and after the day was added (a thousandth of the rows): the quicker run of each is
    # less disturbed by whatever else the machine does.
    full = min(results["full"], results["full_again"], key=_seconds_models)
    script = min(results["script"], results["script_at_the_end"], key=_seconds)
    rows = sum(results["generate"]["rows"].values())
    per_million = script["seconds"] / rows * 1e6
    builds = [results[name]["seconds_models"] for name in ("full", "full_again")]
    scripts = [results[name]["seconds"] for name in ("script", "script_at_the_end")]
    lines = [
        "",
        *_size(results),
        "",
        *_build("full build", full),
        _line(
            "",
            full["seconds_apart"],
            "of the models' SQL has no counterpart by hand, and is not in the ratio",
        ),
        _line(
            "script by hand", script["seconds"], f"{per_million:.2f} s per million raw rows, {_peak(script)}"
        ),
        _ratio(
            "build / script, by SQL",
            (full["seconds_models"] - full["seconds_apart"]) / script["seconds"],
            GOAL_BUILD,
        ),
        _beside("build / script", _nodes_compared(full) / script["seconds"]),
        f"the quicker of two runs each; builds {_listed(builds)}, scripts {_listed(scripts)}",
        "",
        f"one more day: {sum(results['day']['rows'].values()):,} rows",
        *_build("incremental build", day),
        _ratio("day / full build, by SQL", day["seconds_models"] / full["seconds_models"], GOAL_DAY),
        _beside("day / full build", _nodes(day) / _nodes(full)),
        "",
        *_reading(results),
        *_slowest("models", full["slowest"]),
        *_slowest("statements by hand", script["slowest"]),
        *_slowest("models of the day", day["slowest"]),
        *(differences(results) or _equal(results)),
    ]
    return "\n".join(lines) + "\n"


def _seconds(phase: dict[str, Any]) -> float:
    return float(phase["seconds"])


def _seconds_models(build: dict[str, Any]) -> float:
    return float(build["seconds_models"])


def _nodes(build: dict[str, Any]) -> float:
    return float(build["seconds_models"] + build["seconds_between"])


def _nodes_compared(build: dict[str, Any]) -> float:
    return _nodes(build) - float(build["seconds_apart"] + build["seconds_between_apart"])


def _listed(seconds: list[float]) -> str:
    return " and ".join(f"{value:.2f} s" for value in seconds)


def _size(results: dict[str, Any]) -> list[str]:
    size, machine, rows = results["size"], results["machine"], results["generate"]["rows"]
    versions, answers = rows.get("tickets", 0), rows.get("survey_answers", 0)
    made = (
        f"{size['tickets']:,} tickets in {versions:,} versions, {answers:,} answers, "
        f"{size['accounts']:,} accounts, {size['weeks']} weeks; {sum(rows.values()):,} raw rows"
    )
    on = (
        f"{machine['processor']}, {machine['cpus']} CPUs, {machine['memory_gb']} GB, {machine['system']}; "
        f"load before the run {machine['load_before']}"
    )
    return [made, on]


def _build(name: str, build: dict[str, Any]) -> list[str]:
    told = f"SQL of models and seeds ({build['mode']}: {build['reason']}), {_peak(build)}"
    return [
        _line(name, build["seconds_models"], told),
        _line("", build["seconds_between"], "dbt itself between these statements"),
        _line("", build["seconds_tests"], "its tests"),
        _line(
            "", build["seconds"] - _nodes(build) - build["seconds_tests"], "dbt's start-up and book-keeping"
        ),
    ]


def _reading(results: dict[str, Any]) -> list[str]:
    if "reading_plain" not in results:
        return []
    plain, own = results["reading_plain"], results["reading_pipeline"]
    taken = own["seconds_ingest"] + own["seconds_loading"]
    return [
        _line(
            "reading a CSV", plain["seconds"], f"DuckDB alone, {plain['rows']:,} rows typed, {_peak(plain)}"
        ),
        _line("landing", own["seconds_ingest"], ""),
        _line("typing, loading", own["seconds_loading"], f"{_peak(own)}, the checks included"),
        _line("the gate's checks", own["seconds_gate"], f"and {own['seconds_starting']:.2f} s to start them"),
        # Landing reads the file; typing and loading are the gate's step, and told with it and without.
        _ratio("landing / plain", own["seconds_ingest"] / plain["seconds"], GOAL_READING),
        _ratio("landing + typing + loading / plain", taken / plain["seconds"], GOAL_READING),
        "",
    ]


def _equal(results: dict[str, Any]) -> list[str]:
    build, day = results["compare"]["rows"], results["compare_incremental"]["rows"]
    told = (
        f"outputs equal: build and script in {sum(build.values()):,} rows of {len(build)} marts, "
        f"incremental and full build in {sum(day.values()):,}"
    )
    return [told]


def _line(name: str, seconds: float, told: str) -> str:
    return f"{name:18} {seconds:8.2f} s   {told}".rstrip()


def _peak(phase: dict[str, Any]) -> str:
    return f"peak {phase['peak_mb']:,} MB"


def _ratio(name: str, value: float, goal: float) -> str:
    return f"{name}: {value:.2f} (goal: at most {goal}; {'met' if value <= goal else 'missed'})"


def _beside(name: str, value: float) -> str:
    return f"{name}, with dbt's own time between the statements: {value:.2f}"


def _slowest(name: str, entries: list[list[Any]]) -> list[str]:
    return [f"slowest {name}:", *(f"    {seconds:7.2f} s  {title}" for title, seconds in entries), ""]
