"""From a file's bytes to plain ones: compression, encoding, and what can be counted on the way."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import zstandard

from gapwatch.errors import HeldError, held
from gapwatch.workspace import Limits

CHUNK = 1 << 20
#: Smaller ones are hashed sooner than they are handed over.
LARGE_PIECE = 1 << 17
#: A zstd block of four bytes may become 128 KiB: small bites keep a bomb's step below 64 MiB.
ZSTD_BITE = 2048
ZSTD_WINDOW = 1 << 27
#: Below this size a high ratio of compression is nobody's harm.
FREE_EXPANSION = 64 << 20

BYTE_ORDER_MARK = "\ufeff"


@dataclass
class TextStats:
    """What is in a text, counted in one pass: line feeds, carriage returns, and the asked characters."""

    size: int = 0
    newlines: int = 0
    returns: int = 0
    ends_with_newline: bool = False
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def lines(self) -> int:
        """Physical lines, the last one with or without its line feed."""
        return self.newlines + (0 if self.ends_with_newline or self.size == 0 else 1)

    @property
    def has_plain_line_ends(self) -> bool:
        """True where each line ends in LF, or each in CR LF, as far as counting can tell."""
        return self.returns in {0, self.newlines}


@dataclass(frozen=True)
class Decoded:
    """``is_copy`` where the plain content was written to the copy, not read where it is."""

    sha256: str
    text: TextStats | None
    is_copy: bool


def decode(
    path: Path, name: str, copy: Path, encoding: str | None, limits: Limits, count: bytes = b""
) -> Decoded:
    """Read a file to its end, checking all of it; write ``copy`` where the file is not plain already.

    ``encoding`` None: binary. Raises `HeldError` (too_large, truncated, not_decodable, nul_byte, empty_file)
    and OSError.
    """
    with path.open("rb") as raw, ThreadPoolExecutor(1) as beside:
        opened = _Hashing(raw, beside)
        compressed = path.suffix.lower() in _DECOMPRESSORS
        chunks = _DECOMPRESSORS[path.suffix.lower()](opened, name) if compressed else _plain(opened)
        chunks = _bounded(chunks, opened, name, limits, compressed)
        stats = None if encoding is None else TextStats(counts={chr(c): 0 for c in count})
        if stats is None or encoding is None:
            is_copy = compressed
            pieces = chunks
        else:
            chunks, is_utf8 = _peek(chunks, encoding)
            is_copy = compressed or not is_utf8
            if is_utf8:
                chunks = _checked_utf8(chunks, name, stats)
            else:
                chunks = _recoded(chunks, name, encoding, stats)
            pieces = _counted(chunks, name, stats)
        _drain(pieces, copy if is_copy else None)
        if compressed and stats is not None and stats.size == 0:
            raise held(name, "empty_file", "The compressed file holds nothing", "export the file again")
        return Decoded(opened.sha256(), stats, is_copy)


def too_large(name: str, limits: Limits) -> HeldError:
    """The file is beyond ``limits.max_file_bytes``."""
    return held(
        name,
        "too_large",
        f"The file is larger than limits.max_file_bytes ({limits.max_file_bytes} bytes)",
        "split the file, or raise the limit in gapwatch.yml",
    )


class _Hashing(io.RawIOBase):
    """A file that hashes what is read of it and knows how much that was.

    Large pieces are hashed ``beside`` what is done with them, one at a time: both read, neither writes.
    """

    def __init__(self, raw: BinaryIO, beside: Executor) -> None:
        self.raw, self.beside, self.consumed = raw, beside, 0
        self.digest = hashlib.sha256()
        self.under_way: Future[None] | None = None

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        data = self.raw.read(size)
        self._settle()
        if len(data) < LARGE_PIECE:
            self.digest.update(data)
        else:
            self.under_way = self.beside.submit(self.digest.update, data)
        self.consumed += len(data)
        return data

    def sha256(self) -> str:
        """Hash of all that was read, in hexadecimal digits."""
        self._settle()
        return self.digest.hexdigest()

    def _settle(self) -> None:
        if self.under_way is not None:
            self.under_way.result()
            self.under_way = None


def _plain(raw: _Hashing) -> Iterator[bytes]:
    while chunk := raw.read(CHUNK):
        yield chunk


def _gunzipped(raw: _Hashing, name: str) -> Iterator[bytes]:
    try:
        with gzip.GzipFile(fileobj=raw, mode="rb") as unzipped:
            while chunk := unzipped.read(CHUNK):
                yield chunk
    except EOFError:
        raise _truncated(name) from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise _corrupt(name, "gzip", error) from None


def _unzstded(raw: _Hashing, name: str) -> Iterator[bytes]:
    try:
        stream = None
        while piece := raw.read(ZSTD_BITE):
            while piece:
                stream = stream or zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW).decompressobj()
                plain = stream.decompress(piece)
                if plain:
                    yield plain
                piece = stream.unused_data if stream.eof else b""
                stream = None if stream.eof else stream
        if stream is not None:
            raise _truncated(name)
    except zstandard.ZstdError as error:
        raise _corrupt(name, "zstd", error) from None


_DECOMPRESSORS = {".gz": _gunzipped, ".zst": _unzstded}


def _bounded(
    chunks: Iterator[bytes], raw: _Hashing, name: str, limits: Limits, compressed: bool
) -> Iterator[bytes]:
    produced = 0
    for chunk in chunks:
        produced += len(chunk)
        if produced > limits.max_file_bytes:
            raise too_large(name, limits)
        if compressed and produced > max(FREE_EXPANSION, raw.consumed * limits.max_expansion):
            raise held(
                name,
                "too_large",
                f"The compressed file grows to more than {limits.max_expansion} times its size",
                "check where the file comes from, or raise limits.max_expansion in gapwatch.yml",
            )
        yield chunk


def _peek(chunks: Iterator[bytes], encoding: str) -> tuple[Iterator[bytes], bool]:
    """Whether the content is UTF-8 without a mark, so that nothing need be written again."""
    first = next(chunks, b"")
    while 0 < len(first) < len(codecs.BOM_UTF8) and (more := next(chunks, b"")):
        first += more
    plain = codecs.lookup(encoding).name == "utf-8" and not first.startswith(codecs.BOM_UTF8)
    return _rejoined(first, chunks), plain or not first


def _rejoined(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _checked_utf8(chunks: Iterator[bytes], name: str, stats: TextStats) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for chunk in chunks:
            if not (chunk.isascii() and decoder.getstate()[0] == b""):
                decoder.decode(chunk)
            yield chunk
        decoder.decode(b"", True)
    except UnicodeDecodeError as error:
        raise _undecodable(name, "utf-8", error, stats, error.object[: error.start].count(b"\n")) from None


def _recoded(chunks: Iterator[bytes], name: str, encoding: str, stats: TextStats) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    at_start = True
    try:
        for chunk in chunks:
            text = decoder.decode(chunk)
            if at_start and text:
                text, at_start = text.removeprefix(BYTE_ORDER_MARK), False
            # A lone half of a pair of UTF-16 units decodes in some codecs, and is no text.
            yield text.encode("utf-8")
        yield decoder.decode(b"", True).encode("utf-8")
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode(encoding, "ignore").count("\n")
        raise _undecodable(name, encoding, error, stats, before) from None
    except UnicodeEncodeError as error:
        before = error.object[: error.start].count("\n")
        raise _undecodable(name, encoding, error, stats, before) from None


def _counted(chunks: Iterator[bytes], name: str, stats: TextStats) -> Iterator[bytes]:
    for chunk in chunks:
        if not chunk:
            continue
        place = chunk.find(b"\0")
        if place >= 0:
            line = stats.newlines + chunk.count(b"\n", 0, place) + 1
            raise held(
                f"{name}, line {line}",
                "nul_byte",
                "There is a NUL byte in the text",
                "export the file again as text, and declare its `encoding`",
            )
        stats.size += len(chunk)
        array = np.frombuffer(chunk, np.uint8)
        stats.newlines += _occurrences(array, "\n")
        stats.returns += _occurrences(array, "\r")
        for character in stats.counts:
            stats.counts[character] += _occurrences(array, character)
        stats.ends_with_newline = chunk.endswith(b"\n")
        yield chunk


def _occurrences(array: np.ndarray[tuple[int], np.dtype[np.uint8]], character: str) -> int:
    return int(np.count_nonzero(array == ord(character)))


def _drain(pieces: Iterator[bytes], copy: Path | None) -> None:
    if copy is None:
        for _ in pieces:
            pass
        return
    with copy.open("wb") as out:
        for piece in pieces:
            out.write(piece)


def _truncated(name: str) -> HeldError:
    return held(
        name, "truncated", "The compressed file ends before its content does", "copy or export the file again"
    )


def _corrupt(name: str, kind: str, error: Exception) -> HeldError:
    return held(
        name, "not_decodable", f"The file cannot be decompressed as {kind} ({error})", "copy the file again"
    )


def _undecodable(
    name: str, encoding: str, error: UnicodeError, stats: TextStats, newlines_before: int
) -> HeldError:
    found = ""
    if isinstance(error, UnicodeDecodeError):
        found = f" (byte 0x{error.object[error.start]:02x})"
    return held(
        f"{name}, line {stats.newlines + newlines_before + 1}",
        "not_decodable",
        f"The text is not {encoding}{found}",
        "declare the file's own `encoding` in gapwatch.yml (cp1252, for example), or export it as UTF-8",
    )
