"""What we accept: Great Expectations suites at the two borders of the warehouse.

One module a contract for the way in (:data:`SUITES`), :mod:`expectations.marts` for the way out. The
modules are imported when they are asked for: Great Expectations takes seconds to load.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from gapwatch.contracts import CONTRACTS

if TYPE_CHECKING:
    import great_expectations.expectations as gxe

#: Contract -> module that holds its suite.
SUITES = {name: f"expectations.{name}" for name in CONTRACTS}


def suite_of(contract: str, history: str, rows: int) -> list[gxe.Expectation]:
    """The expectations of a contract for a frame of so many rows; ``history`` is the source's."""
    from expectations import rules

    expectations: list[gxe.Expectation] = import_module(SUITES[contract]).suite(history)
    return [rules.whole(rows), *expectations]
