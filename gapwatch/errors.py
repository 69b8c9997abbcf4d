"""Errors that a person can act on: what happened, where, the rule, and the next command to type."""

from __future__ import annotations

from typing import ClassVar


class GapwatchError(Exception):
    """Base of all errors that are shown to a user as one paragraph, without a traceback.

    ``what`` is a sentence; ``where`` names the file, line or key; ``rule`` is the rule's short name;
    ``next_step`` is the command (or the edit) that comes next. ``exit_code`` is the process's answer.
    """

    exit_code: ClassVar[int] = 1

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        rule: str | None = None,
        next_step: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.rule = rule
        self.next_step = next_step

    def __str__(self) -> str:
        parts = [
            self.what,
            f"Where: {self.where}" if self.where else "",
            f"Rule: {self.rule}" if self.rule else "",
            f"Next: {self.next_step}" if self.next_step else "",
        ]
        return " ".join(_sentence(part) for part in parts if part)

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions with keyword arguments do not survive pickling between processes by themselves.
        return (_rebuilt, (type(self), self.what, self.where, self.rule, self.next_step))


class UserError(GapwatchError):
    """Settings or usage that only the user can change."""

    exit_code = 2


class InternalError(GapwatchError):
    """A state that the code says cannot be."""

    exit_code = 1


class HeldError(GapwatchError):
    """A file or batch that is not taken; the others go on."""

    exit_code = 11


class LockBusyError(GapwatchError):
    """Another process is writing to the workspace."""

    exit_code = 2


class ResourceError(GapwatchError):
    """Disk or memory ran out; the same command can succeed later."""

    exit_code = 12


def held(name: str, rule: str, what: str, fix: str) -> HeldError:
    """A file that is not taken: the ``rule`` it breaks and the ``fix`` to make."""
    return HeldError(what, where=name, rule=rule, next_step=f"{fix}, then run `gapwatch ingest`")


def _sentence(text: str) -> str:
    stripped = text.rstrip()
    return stripped if stripped.endswith((".", "!", "?")) else stripped + "."


def _rebuilt(
    kind: type[GapwatchError], what: str, where: str | None, rule: str | None, next_step: str | None
) -> GapwatchError:
    return kind(what, where=where, rule=rule, next_step=next_step)
