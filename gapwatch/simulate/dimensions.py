"""Service dimensions and signals, as rows of the default seeds, and the survey items made from them.

A fifth service dimension in the seed is asked about, felt and recorded in the truth without a change
here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from gapwatch.simulate import words

SEEDS = Path(__file__).resolve().parents[2] / "dbt_project" / "seeds"
MEASURES = ("perception", "expectation", "minimum")
_LETTERS = {"perception": "P", "expectation": "E", "minimum": "M"}
_LEAD_INS = {
    "perception": "What you experience: {}",
    "expectation": "What you expect of an excellent provider: {}",
    "minimum": "The least you would accept: {}",
}


@dataclass(frozen=True)
class Item:
    """One survey item of a service dimension; ``position`` counts within it, ``dimension`` is its index."""

    item_id: str
    number: int
    dimension: int
    position: int
    text: str
    is_reversed: bool

    def column(self, measure: str) -> str:
        """The survey tool's column, like ``Q3_P``."""
        return f"Q{self.number}_{_LETTERS[measure]}"

    def question(self, measure: str) -> str:
        """The question id, like ``q3_perception``."""
        return f"q{self.number}_{measure}"

    def wording(self, measure: str) -> str:
        """The question's text."""
        return _LEAD_INS[measure].format(self.text)


@dataclass(frozen=True)
class ServiceDimensions:
    """Names in the seed's order, the dimension of each signal, and the items asked."""

    names: tuple[str, ...]
    signals: dict[str, str]
    items: tuple[Item, ...]

    def importance_column(self, dimension: int) -> str:
        """The survey tool's column for the points given to a dimension, like ``W1``."""
        return f"W{dimension + 1}"

    def index(self, signal: str) -> int:
        """Index of the dimension that a signal speaks of."""
        return self.names.index(self.signals[signal])


def service_dimensions(seeds: Path = SEEDS) -> ServiceDimensions:
    """Read the default seeds ``service_dimensions.csv`` and ``signals.csv``."""
    rows = pl.read_csv(seeds / "service_dimensions.csv", infer_schema=False)
    rows = rows.unique("service_dimension", keep="last", maintain_order=True)
    signals = pl.read_csv(seeds / "signals.csv", infer_schema=False)
    names = tuple(rows["service_dimension"].to_list())
    items: list[Item] = []
    for index, (name, label) in enumerate(zip(names, rows["label_en"].to_list(), strict=True)):
        texts = words.ITEM_TEXTS.get(name, (f"{label}.", f"{label}, all in all."))
        for position, text in enumerate(texts):
            reverse = (name, position) in words.REVERSED_ITEMS
            items.append(Item(f"{name}_{position + 1}", len(items) + 1, index, position, text, reverse))
    by_signal = dict(zip(signals["signal"].to_list(), signals["service_dimension"].to_list(), strict=True))
    return ServiceDimensions(names, by_signal, tuple(items))
