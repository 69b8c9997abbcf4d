"""Settings as rows for the reference pages, and validation errors as messages a person can act on."""

from __future__ import annotations

import re
import types
import typing
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticUndefined

from gapwatch.did_you_mean import suggestion
from gapwatch.errors import UserError
from gapwatch.strict_yaml import Document, KeyPath


@dataclass(frozen=True)
class SettingRow:
    """One setting: dotted key (``[]`` marks a list), type in words, default as written in YAML, help."""

    key: str
    type: str
    default: str
    help: str


def rows_of(model: type[BaseModel], prefix: str = "") -> list[SettingRow]:
    """All settings of a model and of the models inside it, in order of declaration."""
    rows: list[SettingRow] = []
    for name, field in model.model_fields.items():
        nested, is_list, is_mapping = _nested_model(field.annotation)
        suffix = "" if nested is None else "[]" if is_list else ".<name>" if is_mapping else ""
        key, kind = f"{prefix}{name}{suffix}", _type_in_words(field.annotation)
        rows.append(SettingRow(key, kind, _default(field), field.description or ""))
        if nested is not None:
            rows.extend(rows_of(nested, f"{key}."))
    return rows


def explain(error: ValidationError, model: type[BaseModel], document: Document, file: str) -> UserError:
    """The first of pydantic's complaints as one paragraph, with line and key path; the others counted."""
    complaints = error.errors(include_url=False)
    first = complaints[0]
    loc: KeyPath = tuple(first["loc"])
    about = re.match(r"Value error, (\w+): ", first["msg"])
    if about and document.line_of((*loc, about[1])) is not None:
        loc = (*loc, about[1])
    more = f" ({len(complaints) - 1} more after this one)" if len(complaints) > 1 else ""
    line = document.line_of(loc)
    where = f"{file}{f', line {line}' if line else ''}{f', key {_dotted(loc)}' if loc else ''}"
    return UserError(
        _sentence(first, loc, model) + more,
        where=where,
        rule=_rule(first),
        next_step=f"correct {file}, then run `gapwatch doctor`",
    )


def _sentence(complaint: ErrorDetails, loc: KeyPath, model: type[BaseModel]) -> str:
    key = str(loc[-1]) if loc else ""
    kind = complaint["type"]
    if kind == "extra_forbidden":
        parent = _model_at(model, loc[:-1])
        return f"There is no setting {key!r}" + (suggestion(key, parent.model_fields) if parent else "")
    if kind == "missing":
        return f"The setting {key!r} is missing"
    message = complaint["msg"].removeprefix("Value error, ")
    if kind == "value_error":
        return message if re.match(r"\w+: ", message) else message[:1].upper() + message[1:]
    return f"{_dotted(loc)}: {message[:1].lower()}{message[1:]} (it is {_shown(complaint.get('input'))})"


def _rule(complaint: ErrorDetails) -> str:
    return {"extra_forbidden": "unknown_setting", "missing": "missing_setting"}.get(
        complaint["type"], "setting_value"
    )


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _dotted(loc: KeyPath) -> str:
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _model_at(model: type[BaseModel], loc: KeyPath) -> type[BaseModel] | None:
    """The model that stands at a key path."""
    current: type[BaseModel] | None = model
    skip = False
    for part in loc:
        if skip:
            skip = False
            continue
        if current is None or part not in current.model_fields:
            return None
        current, is_list, is_mapping = _nested_model(current.model_fields[str(part)].annotation)
        skip = is_list or is_mapping
    return current


def _nested_model(annotation: Any) -> tuple[type[BaseModel] | None, bool, bool]:
    """The model inside an annotation, and whether it is in a list or in a mapping."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False, False
    origin = get_origin(annotation)
    for argument in get_args(annotation):
        nested, is_list, is_mapping = _nested_model(argument)
        if nested is not None:
            return nested, is_list or origin is list, is_mapping or origin is dict
    return None, False, False


_WORDS = {str: "text", int: "whole number", float: "number", bool: "true or false", type(None): "null"}


def _type_in_words(annotation: Any) -> str:
    if annotation in _WORDS:
        return _WORDS[annotation]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(str(a) for a in arguments)
    if origin is typing.Annotated:
        return _type_in_words(arguments[0])
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_type_in_words(a) for a in arguments)
    if origin is list:
        return f"list of {_type_in_words(arguments[0])}"
    if origin is dict:
        return f"mapping of {_type_in_words(arguments[1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "settings"
    return "instant" if getattr(annotation, "__name__", "") == "datetime" else "any value"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True) if field.default_factory is None else _made(field)
    if value is PydanticUndefined or isinstance(value, BaseModel):
        return ""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(repr(v) for v in value) + "]"
    return repr(value) if isinstance(value, str) else str(value)


def _made(field: FieldInfo) -> Any:
    factory = typing.cast(typing.Callable[[], Any], field.default_factory)
    return factory()
