"""Reads the pages' code blocks and does what they say: writes the files, runs the commands, compares."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True)
class Command:
    """A line after a ``$``, and the output that the page claims; ``...`` stands for anything."""

    text: str
    expected: tuple[str, ...]
    page: str
    line: int

    @property
    def place(self) -> str:
        return f"{self.page}, line {self.line}: $ {self.text}"


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, its attributes (``title`` and ``append`` name a file), its text."""

    language: str
    attributes: dict[str, str]
    text: str
    page: str
    line: int

    def commands(self) -> list[Command]:
        if self.language not in {"console", "bash"}:
            return []
        found: list[Command] = []
        for number, line in enumerate(self.text.splitlines(), start=self.line + 1):
            if line.startswith("$ "):
                found.append(Command(line[2:], (), self.page, number))
            else:
                assert found, f"{self.page}, line {number}: output before the first command"
                last = found[-1]
                found[-1] = Command(last.text, (*last.expected, line), last.page, last.line)
        return found


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found = []
    for fence in _FENCE.finditer(text):
        info = fence["info"].strip()
        language = info.split(" ")[0]
        line = text.count("\n", 0, fence.start()) + 1
        found.append(
            Block(
                language,
                dict(_ATTRIBUTE.findall(info)),
                fence["text"],
                page.relative_to(REPOSITORY).as_posix(),
                line,
            )
        )
    return found


@dataclass
class Shell:
    """Commands one after another, as in one terminal: the folder and the exit code are kept."""

    folder: Path
    not_run: dict[str, str]
    environment: dict[str, str]
    last_code: int = 0
    untold: Command | None = None
    ran: set[str] = field(default_factory=set)

    def follow(self, page: Path) -> None:
        """Do what a page says, from its first block to its last."""
        for block in blocks(page):
            name = block.attributes.get("title") or block.attributes.get("append")
            if name:
                self._write(self.folder / name, block)
            for command in block.commands():
                if command.text not in self.not_run:
                    self._run(command)
        assert self.untold is None, (
            f"{self.untold.place}: ended with {self.last_code}, and the page is silent"
        )

    def _write(self, target: Path, block: Block) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("a" if "append" in block.attributes else "w", encoding="utf-8") as file:
            file.write(block.text)

    def _run(self, command: Command) -> None:
        if self.untold is not None:
            assert command.text == "echo $?", f"{self.untold.place}: ended with {self.last_code}, untold"
        note = self.folder / ".folder"
        script = f"(exit {self.last_code})\n{command.text}\ncode=$?\npwd > '{note}'\nexit $code"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=240,
        )
        self.folder = Path(note.read_text(encoding="utf-8").strip())
        note.unlink()
        self.last_code = done.returncode
        self.untold = command if done.returncode else None
        self.ran.add(command.text)
        claimed = "\n".join(command.expected)
        is_as_claimed = _matches(command.expected, done.stdout) if claimed else done.returncode == 0
        assert is_as_claimed, f"{command.place}\n--- the page says\n{claimed}\n--- it printed\n{done.stdout}"


def environment(programs: Path) -> dict[str, str]:
    """What commands see: the programs of a folder first, then those of this Python."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("GAPWATCH_", "PYTEST_"))}
    return {
        **kept,
        "PATH": os.pathsep.join([str(programs), str(Path(sys.executable).parent), kept.get("PATH", "")]),
        "GAPWATCH_HOME": str(REPOSITORY),
        "COLUMNS": "160",
        "NO_COLOR": "1",
    }


def _matches(expected: tuple[str, ...], printed: str) -> bool:
    """Line by line, blanks and empty lines aside; ``...`` is anything within a line, alone any lines."""
    pattern = ""
    for line in expected:
        text = " ".join(line.split())
        if text == "...":
            pattern += "(?:[^\n]*\n)*?"
        elif text:
            pattern += ".*?".join(re.escape(part) for part in text.split("...")) + "\n"
    lines = [" ".join(line.split()) for line in printed.splitlines()]
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in lines if line)) is not None
