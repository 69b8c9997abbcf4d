"""The generated parts of ``docs/``: ``python -m gapwatch.reference`` (``make docs``) writes them again.

A page marks where a part goes with ``<!-- generated: NAME ARGUMENT -->`` and ``<!-- end -->``; what stands
between the two is replaced, everything else is left as it was written. The parts come from the lists that
the program itself works with: settings, contracts, suites, models' YAML and seeds.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml

from gapwatch.contracts import CONTRACTS, Contract
from gapwatch.seeds import DBT_PROJECT, DEFAULT_SEEDS
from gapwatch.sources import COLUMN_DEFAULTS
from gapwatch.workspace import settings_rows

DOCS = DBT_PROJECT.parent / "docs"
MARTS = DBT_PROJECT / "models" / "marts"
_PART = re.compile(r"(<!-- generated: (\w+) ?([^>]*?) -->\n).*?(<!-- end -->)", re.DOTALL)


def main() -> int:
    """Write every page's generated parts again; with ``--check`` only say which pages are out of date."""
    parser = argparse.ArgumentParser(prog="python -m gapwatch.reference", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; 1 where a page is out of date")
    is_check = parser.parse_args().check
    changed = stale_pages()
    for path, text in changed.items():
        if not is_check:
            path.write_text(text, encoding="utf-8")
        print(f"{'out of date' if is_check else 'wrote'}: {path.relative_to(DOCS.parent)}")
    return 1 if is_check and changed else 0


def stale_pages() -> dict[Path, str]:
    """Pages whose generated parts differ from what they should be, with the text that they should have."""
    pages = {path: path.read_text(encoding="utf-8") for path in sorted(DOCS.rglob("*.md"))}
    fresh = {path: refreshed(text) for path, text in pages.items()}
    return {path: text for path, text in fresh.items() if text != pages[path]}


def refreshed(text: str) -> str:
    """A page's text with its generated parts made anew. Raises KeyError for a part that nothing makes."""
    return _PART.sub(lambda part: f"{part[1]}\n{_PARTS[part[2]](part[3])}\n\n{part[4]}", text)


def mart_names() -> list[str]:
    """Names of the marts, in the order of their YAML."""
    return [model["name"] for model in _models()]


def _settings(_: str) -> str:
    rows = [(f"`{row.key}`", row.type, _code(row.default), row.help) for row in settings_rows()]
    return _table(("setting", "type", "default", "what it is"), rows)


def _column_defaults(_: str) -> str:
    rows = [(f"`{column}`", f"`{str(value).lower()}`") for column, value in COLUMN_DEFAULTS.items()]
    return _table(("contract column", "value where it is not mapped"), rows)


def _contract(name: str) -> str:
    contract = CONTRACTS[name]
    rows = [
        (
            f"`{column}`",
            sql_type.lower(),
            _role(contract, column),
            ", ".join(f"`{value}`" for value in contract.enums.get(column, ())),
        )
        for column, sql_type in contract.types.items()
    ]
    return _table(("column", "type", "", "allowed values"), rows) + "\n\n" + _checks(name)


def _role(contract: Contract, column: str) -> str:
    said = []
    if column in contract.key:
        said.append("key")
    if column == contract.version:
        said.append("version; may be empty with `history: none`")
    elif column in COLUMN_DEFAULTS:
        said.append(f"default `{str(COLUMN_DEFAULTS[column]).lower()}`")
    elif column in contract.nullable:
        said.append("optional")
    elif column not in contract.key:
        said.append("required")
    if column in contract.personal:
        said.append("private snapshot only")
    return ", ".join(said)


def _checks(name: str) -> str:
    from expectations import suite_of

    # The first expectation counts rows, and casts and keys are the same everywhere: the page says so once.
    common = {"row_count", "key_present", "key_characters", "value_type", "naive_instant", "instant_window"}
    notes: dict[str, list[str]] = {}
    for expectation in suite_of(name, "versions", 0):
        rule = expectation.meta["rule"]
        if rule not in common:
            notes.setdefault(rule, []).append(str(expectation.notes))
    return "\n".join(f"- `{rule}`: {' '.join(said)}" for rule, said in notes.items())


def _mart(name: str) -> str:
    model = next(m for m in _models() if m["name"] == name)
    rows = [
        (f"`{column['name']}`", str(column.get("data_type", "")), column.get("description", ""))
        for column in model["columns"]
    ]
    return f"{' '.join(model['description'].split())}\n\n" + _table(("column", "type", "meaning"), rows)


def _seed(argument: str) -> str:
    """A seed as a table: its file's name, and the columns to show (all by default)."""
    name, *wanted = argument.split()
    with (DEFAULT_SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = wanted or list(rows[0])
    first, *others = columns
    cells = [(f"`{row[first]}`", *(row[column] for column in others)) for row in rows]
    return _table([column.replace("_", " ") for column in columns], cells)


def _definitions(_: str) -> str:
    """The words of the screens with their meaning, thresholds at their defaults, part by part."""
    with (DEFAULT_SEEDS / "settings.csv").open(encoding="utf-8", newline="") as file:
        known = {row["name"]: row["value"].replace("-", "\u2212") for row in csv.DictReader(file)}
    known["weeks"] = known["window_weeks"]
    told = []
    for part in yaml.safe_load((DOCS / "definitions.yml").read_text(encoding="utf-8"))["parts"]:
        rows = [
            (
                each["name"]["en"],
                each["name"]["zh"],
                each["text"]["en"].format(**known),
                f"`{each['column']}`",
            )
            for each in part["terms"]
        ]
        told.append(f"## {part['title']['en']}\n\n" + _table(("term", "中文", "meaning", "column"), rows))
    return "\n\n".join(told)


_PARTS: dict[str, Callable[[str], str]] = {
    "settings": _settings,
    "column_defaults": _column_defaults,
    "contract": _contract,
    "mart": _mart,
    "seed": _seed,
    "definitions": _definitions,
}


def _models() -> list[dict[str, Any]]:
    files = sorted(MARTS.rglob("_*__models.yml"))
    return [model for file in files for model in yaml.safe_load(file.read_text(encoding="utf-8"))["models"]]


def _code(text: str) -> str:
    return text if text in {"", "required"} else f"`{text}`"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
