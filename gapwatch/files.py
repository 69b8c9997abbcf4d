"""The one module that opens source files.

It finds them under the declared roots, refuses what is not a plain file there, leaves a file that is
still growing alone, and makes of everything else a readable file: plain UTF-8 for text, uncompressed.
A plain UTF-8 file is read where it is; all others are decoded to a temporary file that goes away.
"""

from __future__ import annotations

import errno
import glob
import os
import stat
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gapwatch.decoding import TextStats, decode, too_large
from gapwatch.errors import HeldError, held
from gapwatch.faults import fault_point
from gapwatch.sources import Source
from gapwatch.workspace import Limits, Workspace

#: The longest a run waits for fresh files to fall quiet, in seconds; beyond it they are left for the next.
LONGEST_WAIT = 5.0
TEMPORARY_PREFIX = "read-"
OUT_OF_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})


class GrowingError(Exception):
    """A file changes while it is looked at; it is not taken and tried again by the next run."""


@dataclass(frozen=True)
class Stamp:
    """What tells whether a file has changed: size in bytes, times in nanoseconds, and which file it is."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    device: int


@dataclass(frozen=True)
class FoundFile:
    """A file that a source's path matched. ``name`` is for messages and manifests; ``path`` has no links."""

    name: str
    path: Path
    stamp: Stamp


@dataclass(frozen=True)
class RefusedFile:
    """Something a source's path matched that is not read at all, and why."""

    name: str
    error: HeldError


@dataclass(frozen=True)
class ReadyFile:
    """A file that can be handed to a reader.

    ``path`` is plain (UTF-8 without a mark at its start, where it is text); ``sha256`` is that of the
    original bytes; ``text`` counts what is in it and is None for binary files.
    """

    name: str
    path: Path
    stamp: Stamp
    sha256: str
    text: TextStats | None


def find(ws: Workspace, source: Source) -> list[FoundFile | RefusedFile]:
    """All files of a source, by name. Folders are passed over; nothing is opened."""
    paths: set[Path] = set()
    for pattern in source.path:
        whole = ws.folder / pattern
        # A file whose name holds glob characters is meant as it is written, where it exists.
        if os.path.lexists(whole):
            paths.add(whole)
        else:
            anchored = str(Path(glob.escape(str(ws.folder))) / pattern)
            # Path.glob takes no absolute pattern, and a source may name one.
            paths.update(Path(match) for match in glob.glob(anchored, recursive=True))  # noqa: PTH207 - see above
    found = [_classify(ws, path) for path in sorted(paths)]
    return [one for one in found if one is not None]


@contextmanager
def opened(ws: Workspace, source: Source, found: FoundFile, count: bytes = b"") -> Iterator[ReadyFile]:
    """Make a found file readable; its temporary copy, if there is one, lives as long as the context.

    ``count`` are ASCII characters whose occurrences `TextStats` shall count. Raises `GrowingError`, or
    `HeldError` with the rules file_kind, not_readable, empty_file, too_large, truncated, not_decodable,
    nul_byte.
    """
    _wait_until_quiet(found, ws.limits)
    if found.stamp.size == 0:
        raise held(found.name, "empty_file", "The file is empty (zero bytes)", "export the file again")
    if found.stamp.size > ws.limits.max_file_bytes:
        raise too_large(found.name, ws.limits)
    ws.tmp_path.mkdir(parents=True, exist_ok=True)
    copy = ws.tmp_path / f"{TEMPORARY_PREFIX}{uuid.uuid4().hex}"
    encoding = None if source.reader == "parquet" else source.encoding
    fault_point("files.before_decoded")
    try:
        try:
            decoded = decode(found.path, found.name, copy, encoding, ws.limits, count)
        except HeldError:
            check_unchanged(found)
            raise
        except FileNotFoundError:
            raise GrowingError("the file has gone") from None
        except OSError as error:
            if error.errno in OUT_OF_SPACE:
                raise
            what = f"The file cannot be read ({error.strerror})"
            raise held(found.name, "not_readable", what, "give this user leave to read the file") from None
        fault_point("files.after_decoded")
        check_unchanged(found)
        yield ReadyFile(
            name=found.name,
            path=copy if decoded.is_copy else found.path,
            stamp=found.stamp,
            sha256=decoded.sha256,
            text=decoded.text,
        )
    finally:
        copy.unlink(missing_ok=True)


def check_unchanged(found: FoundFile) -> None:
    """Raises `GrowingError` where the file is not what it was when it was found."""
    try:
        now = stamp_of(found.path.lstat())
    except FileNotFoundError:
        raise GrowingError("the file has gone") from None
    if now != found.stamp:
        raise GrowingError("the file changed while it was read")


def remove_temporaries(ws: Workspace) -> None:
    """Remove what killed runs left in the temporary folder. Only for the holder of the landing lock."""
    if ws.tmp_path.is_dir():
        for path in ws.tmp_path.glob(f"{TEMPORARY_PREFIX}*"):
            path.unlink(missing_ok=True)


def sql_path(path: Path) -> str:
    """A path as an SQL string for DuckDB's readers, which would take ``a[1].csv`` for a pattern."""
    escaped = "".join(f"[{character}]" if character in "*?[" else character for character in str(path))
    return "'" + escaped.replace("'", "''") + "'"


def stamp_of(status: os.stat_result) -> Stamp:
    """The part of a file's status that tells changes."""
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev)


def _classify(ws: Workspace, path: Path) -> FoundFile | RefusedFile | None:
    name = display_name(ws, path)
    try:
        real = path.resolve(strict=True)
        status = real.lstat()
    except (OSError, RuntimeError):
        return RefusedFile(name, _kind(name, "The link leads nowhere"))
    if stat.S_ISDIR(status.st_mode):
        return None
    if not any(real.is_relative_to(root) for root in ws.root_paths):
        what = "The link leads to a file outside" if path.is_symlink() else "The file is outside"
        return RefusedFile(name, _kind(name, f"{what} the workspace's declared roots"))
    if not stat.S_ISREG(status.st_mode):
        return RefusedFile(name, _kind(name, "This is a pipe, socket or device, not a regular file"))
    return FoundFile(name, real, stamp_of(status))


def display_name(ws: Workspace, path: Path) -> str:
    """A file's name relative to the workspace, or to its root: no machine's folders in any table."""
    for base, prefix in [(ws.folder, ""), *((root, f"{root.name}/") for root in ws.root_paths)]:
        if path.is_relative_to(base):
            return prefix + path.relative_to(base).as_posix()
    return path.name


def _kind(name: str, what: str) -> HeldError:
    return held(name, "file_kind", what, "put a regular file under one of the `roots` of gapwatch.yml")


def _wait_until_quiet(found: FoundFile, limits: Limits) -> None:
    """Wait for a fresh file to fall quiet, where that is soon. A clock that jumped cannot wait for ever."""
    if limits.quiet_seconds <= 0:
        return
    left = limits.quiet_seconds - (time.time() - found.stamp.mtime_ns / 1e9)
    if left <= 0:
        return
    if left > limits.quiet_seconds:  # changed in the future: only whether it changes now can tell
        left = min(limits.quiet_seconds, LONGEST_WAIT)
    if left > LONGEST_WAIT:
        raise GrowingError(f"the file changed within the last {limits.quiet_seconds:g} seconds")
    time.sleep(left)
    check_unchanged(found)
