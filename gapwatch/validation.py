"""Great Expectations, run on data frames and not taken at its word.

It calls an empty suite, an empty frame and a crashed check things that read like good or bad data. Here
a verdict counts only when every expectation was evaluated on every row; anything else is a crash.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_RESULT_FORMAT = {"result_format": "COMPLETE", "return_unexpected_index_query": False}


@dataclass(frozen=True)
class Broken:
    """A row expectation that a row did not meet; ``column`` is None where the casts name it."""

    rule: str
    column: str | None


@dataclass(frozen=True)
class Verdict:
    """What a suite said of one frame.

    ``broken`` maps positions (from 0) in the frame to the first expectation, in the order of the suite,
    that the row does not meet. ``crash`` says why the verdict is none; then ``broken`` is empty.
    """

    declared: int
    evaluated: int
    broken: dict[int, Broken] = field(default_factory=dict)
    crash: str | None = None


class Checker:
    """One ephemeral Great Expectations context: no files, no progress bars, nothing sent anywhere.

    Making one imports Great Expectations, which takes seconds: make it when there is something to check.
    """

    def __init__(self) -> None:
        os.environ["GX_ANALYTICS_ENABLED"] = "false"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import great_expectations as gx
            from great_expectations.data_context.types.base import ProgressBarsConfig

            self._gx: Any = gx
            context = gx.get_context(mode="ephemeral")
            context.variables.progress_bars = ProgressBarsConfig(globally=False)
            source = context.data_sources.add_pandas("rows")
            asset = source.add_dataframe_asset("rows")
            self._rows: Any = asset.add_batch_definition_whole_dataframe("rows")

    def check(self, expectations: Sequence[Any], frame: pd.DataFrame) -> Verdict:
        """Evaluate expectations (from the modules under ``expectations``) on a frame with a plain index."""
        declared = len(expectations)
        if not declared or frame.empty:
            nothing = "no expectation" if not declared else "no row"
            return Verdict(declared, 0, crash=f"there was {nothing} to check")
        for order, expectation in enumerate(expectations):
            expectation.meta["order"] = order
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                batch = self._rows.get_batch(batch_parameters={"dataframe": frame})
                suite = self._gx.ExpectationSuite(name="rows", expectations=list(expectations))
                result = batch.validate(suite, result_format=_RESULT_FORMAT)
            except Exception as error:
                return Verdict(declared, 0, crash=f"{type(error).__name__}: {error}")
        return _read(result, declared, len(frame))


def _read(result: Any, declared: int, rows: int) -> Verdict:
    evaluated = len(result.results)
    if evaluated != declared:
        return Verdict(declared, evaluated, crash=f"{evaluated} of {declared} expectations were evaluated")
    broken: dict[int, Broken] = {}
    # Great Expectations groups its results by kind; the order that was declared decides which rule is named.
    for outcome in sorted(result.results, key=lambda r: int(r.expectation_config.meta["order"])):
        meta = outcome.expectation_config.meta
        crash = _crash_of(outcome, meta, rows)
        if crash:
            return Verdict(declared, evaluated, crash=crash)
        for position in outcome.result.get("unexpected_index_list") or ():
            broken.setdefault(int(position), Broken(meta["rule"], meta["column"]))
    return Verdict(declared, evaluated, broken)


def _crash_of(outcome: Any, meta: dict[str, Any], rows: int) -> str | None:
    name = f"{meta['rule']}{' of ' + meta['column'] if meta['column'] else ''}"
    exceptions = outcome.exception_info or {}
    # Either one entry, or one per metric.
    entries = [exceptions] if "raised_exception" in exceptions else list(exceptions.values())
    for entry in entries:
        if entry.get("raised_exception"):
            return f"the check {name} failed itself: {entry.get('exception_message')}"
    seen = outcome.result.get("element_count", outcome.result.get("observed_value"))
    if seen != rows:
        return f"the check {name} looked at {seen} of {rows} rows"
    if meta["severity"] != "row":
        return None if outcome.success else f"the check {name} was not met"
    listed = outcome.result.get("unexpected_index_list")
    if listed is None or bool(listed) == bool(outcome.success):
        return f"the check {name} does not say which rows fail"
    return None
