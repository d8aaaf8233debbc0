"""Reading lines within stated bounds: nothing a file holds makes a reader take memory without end."""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from lut.errors import FileError

__all__ = ["MAX_LINE_BYTES", "MAX_UNZIPPED_BYTES", "LineSpan", "open_member", "read_lines", "split_lines"]

MAX_LINE_BYTES = 1 << 20
"""The longest line that is read; a record of the released nets has 400 bytes."""

MAX_UNZIPPED_BYTES = 2 << 30
"""What an archive may expand to: five million records."""

SPLIT_BYTES = 16 << 20
"""A file of this size is worth two readers."""

_CHUNK_BYTES = 1 << 20


class LineSpan(NamedTuple):
    """Whole lines of a file: the first byte, the one after the last, the number of the first line."""

    start: int
    end: int
    first_line: int


def split_lines(path: Path) -> tuple[LineSpan, LineSpan] | None:
    """Cut a large file in two between lines; None if it is too small to be worth it, or has no line there."""
    size = path.stat().st_size
    if size < SPLIT_BYTES:
        return None
    with path.open("rb") as stream:
        lines = sum(stream.read(_CHUNK_BYTES).count(b"\n") for _ in range(size // 2 // _CHUNK_BYTES))
        if not stream.readline(MAX_LINE_BYTES).endswith(b"\n"):
            return None
        middle = stream.tell()
    return LineSpan(0, middle, 1), LineSpan(middle, size, lines + 2)


def read_lines(path: Path, stream: IO[bytes], span: LineSpan | None = None) -> Iterator[bytes]:
    """Give the lines of a stream, or of a span of it, without their ends.

    Raises:
        FileError: a line is longer than `MAX_LINE_BYTES`; the message names it.
    """
    count, rest, left = 0, b"", math.inf
    if span is not None:
        stream.seek(span.start)
        count, left = span.first_line - 1, span.end - span.start
    while chunk := stream.read(int(min(_CHUNK_BYTES, left))):
        left -= len(chunk)
        lines = chunk.split(b"\n")
        lines[0] = rest + lines[0]
        rest = lines.pop()
        yield from lines
        count += len(lines)
        if len(rest) > MAX_LINE_BYTES:
            raise FileError(
                f"{path}:{count + 1} is longer than {MAX_LINE_BYTES >> 20} MiB, the longest line that is "
                f"read. Is the file a table?"
            )
    if rest:
        yield rest


@contextmanager
def open_member(path: Path, ending: str) -> Iterator[IO[bytes]]:
    """Open an archive's only file with that ending, within `MAX_UNZIPPED_BYTES`.

    Raises:
        FileError: it can't be read, is no whole archive, holds another number of such files, or would
            expand beyond the bound.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [
                member
                for member in archive.infolist()
                if member.filename.endswith(ending) and not member.filename.startswith("__MACOSX/")
            ]
            if len(members) != 1:
                raise FileError(f"{path} holds {len(members)} {ending} files; expected one table.")
            # Python's reader stops at the size that the archive declares, so the declaration is a bound.
            if members[0].file_size > MAX_UNZIPPED_BYTES:
                raise FileError(
                    f"{path} expands to {members[0].file_size} bytes, the bound is {MAX_UNZIPPED_BYTES}. "
                    f"Unzip it yourself if it is to be trusted, and give the {ending} file."
                )
            with archive.open(members[0]) as stream:
                yield stream
    except OSError as refusal:
        raise FileError(f"{path} can't be read: {refusal.strerror or refusal}.") from refusal
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError) as damage:
        raise FileError(f"{path} is not a zip archive, or a damaged one: {damage}.") from damage
    except RuntimeError as refusal:  # encrypted, or NotImplementedError: packed in an unknown way
        raise FileError(f"{path} can't be unpacked: {refusal}. Zip it again without options.") from refusal
