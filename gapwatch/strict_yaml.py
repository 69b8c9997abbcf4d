"""YAML without surprises: no last-of-two-keys, no ``no`` that is False, no ``0123`` that is 83.

Only ``true``/``false``, ``null``/``~``, plain decimal integers and plain decimal numbers are anything
but text. Dates, octal, hexadecimal and base-60 numbers and numbers with underscores stay the text that was
written. Merge keys are not interpreted, aliases are allowed but what they expand to is capped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from gapwatch.errors import UserError

MAX_CHARACTERS = 4_000_000
MAX_DEPTH = 40
MAX_NODES = 200_000

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?\Z")
_CONSTANTS: dict[str, Any] = {"true": True, "false": False, "null": None, "~": None, "": None}

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """A loaded document: plain Python data, and the line (from 1) on which each key path stands."""

    data: Any
    lines: dict[KeyPath, int] = field(default_factory=dict)

    def line_of(self, path: KeyPath) -> int | None:
        """Line of a key path, or of its nearest ancestor that was written."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None


def load(text: str, name: str) -> Document:
    """Read one YAML document. ``name`` is the file's name for messages. Raises `UserError`."""
    if len(text) > MAX_CHARACTERS:
        raise _refused(name, None, f"The file is longer than {MAX_CHARACTERS} characters", "yaml_size")
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = " ".join(part for part in (error.context, error.problem) if part)
        raise _refused(name, mark.line + 1 if mark else None, f"Not valid YAML: {problem}", "yaml") from None
    except yaml.YAMLError as error:
        raise _refused(name, None, f"Not valid YAML: {error}", "yaml") from None
    except RecursionError:
        raise _refused(name, None, "The file is nested too deeply", "yaml_depth") from None
    if root is None:
        return Document(data=None)
    builder = _Builder(name)
    return Document(data=builder.build(root, (), 0), lines=builder.lines)


class _Builder:
    """Turns composed nodes into data, one walk, counting what aliases expand to."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: dict[KeyPath, int] = {}
        self.nodes = 0

    def build(self, node: Node, path: KeyPath, depth: int) -> Any:
        line = node.start_mark.line + 1
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise _refused(self.name, line, f"Aliases expand to more than {MAX_NODES} values", "yaml_aliases")
        if depth > MAX_DEPTH:
            raise _refused(self.name, line, f"Nested deeper than {MAX_DEPTH} levels", "yaml_depth")
        if node.tag.startswith("!") or "python" in node.tag:
            raise _refused(self.name, line, f"The tag {node.tag} is not allowed", "yaml_tag")
        self.lines.setdefault(path, line)
        if isinstance(node, MappingNode):
            return self._mapping(node, path, depth)
        if isinstance(node, SequenceNode):
            return [self.build(child, (*path, index), depth + 1) for index, child in enumerate(node.value)]
        assert isinstance(node, ScalarNode)
        return self._scalar(node)

    def _mapping(self, node: MappingNode, path: KeyPath, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, ScalarNode):
                raise _refused(self.name, line, "A key must be text", "yaml_key")
            key = str(key_node.value)
            if key in result:
                raise _refused(self.name, line, f"The key {key!r} is written twice", "duplicate_key")
            self.lines[(*path, key)] = line
            result[key] = self.build(value_node, (*path, key), depth + 1)
        return result

    def _scalar(self, node: ScalarNode) -> Any:
        text = str(node.value)
        if node.style is not None:
            return text
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if _INTEGER.match(text):
            return int(text) if len(text) < 20 else text
        if _NUMBER.match(text):
            return float(text)
        return text


def _refused(name: str, line: int | None, what: str, rule: str) -> UserError:
    where = f"{name}, line {line}" if line else name
    return UserError(what, where=where, rule=rule, next_step=f"correct {name}, then run `gapwatch doctor`")
