"""One mapping expression: scalar SQL over the columns of a source's row, parsed by DuckDB and checked.

Nothing is split by hand. What could read elsewhere, depend on other rows or on the clock is refused, so
that a landed batch gives the same rows each time it is read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import duckdb

from gapwatch.errors import UserError

RULE = "mapping"

_CLASSES = frozenset(
    {"BETWEEN", "CASE", "CAST", "COLLATE", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT", "FUNCTION"}
    | {"OPERATOR", "TYPE"}
)
_REFUSED_CLASSES = {
    "SUBQUERY": "a subquery",
    "WINDOW": "a window function",
    "STAR": "a star",
    "PARAMETER": "a parameter",
    "LAMBDA": "a lambda (for JSON, write ->> or json_extract_string)",
    "POSITIONAL_REFERENCE": "a positional reference",
    "DEFAULT": "DEFAULT",
}
_CLAUSES = ("modifiers", "where_clause", "having", "qualify", "group_expressions", "sample")
_MACROS = frozenset({"array_to_string", "days_in_month", "fdiv", "fmod", "if", "nullif", "split_part"})
_OUTSIDE = ("__", "collate_", "current_", "icu_", "json_serialize", "json_deserialize", "pg_")


@dataclass(frozen=True)
class Expression:
    """A checked mapping expression: SQL as DuckDB writes it back, and the columns that it reads."""

    sql: str
    columns: tuple[str, ...]


@lru_cache(maxsize=4096)
def parse(text: str, *, where: str) -> Expression:
    """Parse and check one mapping expression.

    ``where`` names the key in the settings. Raises UserError for whatever is not one scalar expression
    over the same row.
    """
    tree = _tree(text, where)
    node = tree["statements"][0]["node"]
    if (
        len(tree["statements"]) != 1
        or node["type"] != "SELECT_NODE"
        or len(node["select_list"]) != 1
        or node["from_table"]["type"] != "EMPTY"
        or any(node[clause] for clause in _CLAUSES)
        or node["cte_map"]["map"]
    ):
        raise _refused(text, where, "more than one expression")
    node["select_list"][0]["alias"] = ""
    columns: dict[str, None] = {}
    for part in _parts(node["select_list"][0]):
        _check(part, text, where)
        if part["class"] == "COLUMN_REF":
            columns[part["column_names"][0]] = None
    return Expression(_written_back(tree), tuple(columns))


@lru_cache(maxsize=1)
def _parser() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})


@lru_cache(maxsize=1)
def _functions() -> frozenset[str]:
    """Scalar functions whose result depends on nothing but their arguments."""
    rows = (
        _parser()
        .cursor()
        .execute(
            "select function_name from duckdb_functions() where function_type = 'scalar' "
            "group by 1 having bool_and(stability = 'CONSISTENT')"
        )
    )
    scalar = {str(name) for (name,) in rows.fetchall()}
    return frozenset(name for name in scalar if not name.startswith(_OUTSIDE)) | _MACROS


def _tree(text: str, where: str) -> dict[str, Any]:
    answer = _parser().cursor().execute("select json_serialize_sql(?)", ["select " + text]).fetchone()
    tree: dict[str, Any] = json.loads(answer[0]) if answer else {"error": True, "error_message": "no answer"}
    if tree["error"]:
        raise UserError(
            f"The mapping expression {text!r} is no SQL expression ({tree['error_message']})",
            where=where,
            rule=RULE,
            next_step='write one scalar SQL expression, names with blanks or SQL words in "double quotes"; '
            "then run gapwatch doctor",
        )
    return tree


def _written_back(tree: dict[str, Any]) -> str:
    # What runs is what was checked: comments and odd spellings of the settings are gone.
    answer = _parser().cursor().execute("select json_deserialize_sql(?::json)", [json.dumps(tree)]).fetchone()
    return str(answer[0]).removeprefix("SELECT ") if answer else ""


def _parts(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "class" in node:
            yield node
        for child in node.values():
            yield from _parts(child)
    elif isinstance(node, list):
        for child in node:
            yield from _parts(child)


def _check(part: dict[str, Any], text: str, where: str) -> None:
    kind = part["class"]
    if kind not in _CLASSES or part.get("type") == "GROUPING_FUNCTION":
        raise _refused(text, where, _REFUSED_CLASSES.get(kind, kind.lower().replace("_", " ")))
    if kind == "COLUMN_REF" and len(part["column_names"]) != 1:
        dotted = ".".join(part["column_names"])
        raise _refused(text, where, f'a qualified name (quote a column with a dot: "{dotted}")')
    if kind == "FUNCTION":
        name = part["function_name"]
        if (
            len(part["qualified_name"]["path"]) != 1
            or part["filter"]
            or part["distinct"]
            or (part["order_bys"]["orders"] if part["order_bys"].get("orders") else False)
        ):
            raise _refused(text, where, f"the function {name} in that form")
        if name.lower() not in _functions():
            raise _refused(
                text, where, f"the function {name} (only functions of a row's own values may be used)"
            )


def _refused(text: str, where: str, what: str) -> UserError:
    return UserError(
        f"The mapping expression {text!r} uses {what}",
        where=where,
        rule=RULE,
        next_step="write one scalar SQL expression over the source's columns; then run gapwatch doctor",
    )
