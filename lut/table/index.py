"""An index of a table: a file of fixed rows in the order of their keys' digests, mapped into memory.

It makes the first answer from a table of 100 MB a matter of milliseconds, takes no memory of its own,
and any number of processes share it. One line of JSON, padded with spaces and with its own CRC-32 in front,
says what it is; sorted rows of 64 bytes follow, and then the CRC-32 of each row:

    16 bytes  digest of the key (see `OpKey.digest`)
     4 bytes  line of the record in the table, counted from 1, big-endian
     4 bytes  which of the header's devices, big-endian; above it, from bit 24 on, a bit for each of the
              five times that is written without a decimal point, so that it can be printed so again
    40 bytes  the five times in microseconds, as big-endian doubles

Files are made under another name and then take their place, so that one that is there was written whole.
What a disk or a memory changed since is seen when it is read: an answer is given only if the rows found, and
those before and behind them, have their checksums. In sorted rows these prove that there are no others.
Building reads, and checks, every line of the table.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import msgspec

from lut.errors import FileError
from lut.files import open_atomically
from lut.schema import Record, Whole, decode
from lut.table.index_scan import ROW, WHOLE, scan_table

__all__ = [
    "VERSION",
    "BuiltIndex",
    "DamagedIndexError",
    "Index",
    "IndexRow",
    "IndexSummary",
    "build_index",
    "open_index",
]

VERSION = 4
"""Of the layout, of digests, and of what readers accept: an index of another version is rebuilt."""

_HEADER_BYTES = 4096
_ROW_BYTES = ROW.size
_CHECK = struct.Struct(">I")
_MARK_BYTES = 9
"""A line's CRC-32 in front of it: eight hexadecimal digits and a space."""


@dataclass(frozen=True, slots=True)
class IndexRow:
    """A record without its key: line in the table, number of its device, times in microseconds."""

    line: int
    device: int
    runtime_us: tuple[float, ...]


class IndexSummary(Record, frozen=True):
    """What an index says of its table as a whole.

    `devices` are in the order of their first lines, which `first_lines` gives. `repeated` counts the
    records whose key and device are on an earlier line too; `first_repeated` is the first such line and
    that earlier one.
    """

    records: int
    devices: tuple[str, ...]
    first_lines: tuple[int, ...]
    repeated: int
    first_repeated: tuple[int, int] | None


class _Header(Record, frozen=True):
    version: Whole
    summary: IndexSummary


class DamagedIndexError(FileError):
    """A row of an index is not what was written; its table has to be read again."""


class Index:
    """A table's index; reading it is safe from many threads."""

    def __init__(
        self, summary: IndexSummary, rows: mmap.mmap | bytes, start: int, path: Path | None = None
    ) -> None:
        """Take sorted rows, and behind them their checksums, that fill a buffer from `start` to its end."""
        self.summary = summary
        self.path = path
        self.content = ""
        """The SHA-256 of the table's text that it is of; empty where nobody said."""
        self._buffer = rows
        self._start = start
        self._count = summary.records
        self._checks = start + summary.records * _ROW_BYTES

    def __len__(self) -> int:
        return self._count

    def find(self, digest: bytes) -> list[IndexRow]:
        """Give the rows of a key in the order of the table; none if it has none.

        Raises:
            DamagedIndexError: a row that the answer rests on is not what was written.
        """
        buffer, start = self._buffer, self._start
        low, high = 0, self._count
        while low < high:
            middle = (low + high) // 2
            place = start + middle * _ROW_BYTES
            if buffer[place : place + 16] < digest:
                low = middle + 1
            else:
                high = middle
        found = []
        before = max(0, low - 1)
        while low < self._count and self._digest(low) == digest:
            found.append(self._row(low))
            low += 1
        for number in range(before, min(low + 1, self._count)):
            place = start + number * _ROW_BYTES
            (written,) = _CHECK.unpack_from(buffer, self._checks + number * _CHECK.size)
            if crc32(buffer[place : place + _ROW_BYTES]) != written:
                raise DamagedIndexError(f"{self.path} is damaged. Remove it; it is made again.")
        return found

    def _digest(self, number: int) -> bytes:
        place = self._start + number * _ROW_BYTES
        return self._buffer[place : place + 16]

    def _row(self, number: int) -> IndexRow:
        place = self._start + number * _ROW_BYTES
        _, line, device, *numbers = ROW.unpack_from(self._buffer, place)
        times = tuple(numbers)
        if device >= WHOLE:
            times = tuple(int(time) if device & WHOLE << n else time for n, time in enumerate(times))
        return IndexRow(line, device & (WHOLE - 1), times)


@dataclass(frozen=True)
class BuiltIndex:
    """An index's summary, and the bytes of its rows and their checksums, before they are in a file."""

    summary: IndexSummary
    rows: bytes

    def index(self) -> Index:
        """Use it from memory."""
        return Index(self.summary, self.rows, 0)

    def write(self, path: Path) -> None:
        """Write it, all or nothing.

        Raises:
            FileError: it can't be written.
        """
        text = msgspec.json.encode(_Header(VERSION, self.summary))
        size = -(-(len(text) + _MARK_BYTES + 1) // _HEADER_BYTES) * _HEADER_BYTES
        said = text.ljust(size - _MARK_BYTES - 1) + b"\n"
        with open_atomically(path) as stream:
            stream.write(_mark(said) + said)
            stream.write(self.rows)


def build_index(
    path: Path, match: str = "exact", progress: Callable[[int], None] = lambda _: None
) -> BuiltIndex:
    """Read a table, checking every line, and make its index.

    Args:
        path: a table in any format.
        match: one of `lut.ops.MATCHES`, which says by what keys the records are found.
        progress: hears the number of lines read, now and then.

    Raises:
        FileError: the table can't be read, holds no record, or a line of it is not a record.
    """
    part = scan_table(path, match, progress)
    rows = part.rows
    if not rows:
        raise FileError(f"{path} holds no record.")
    rows.sort()
    summary = IndexSummary(len(rows), tuple(part.devices), tuple(part.first_lines), *_find_repeated(rows))
    checks = struct.pack(f">{len(rows)}I", *map(crc32, rows))
    return BuiltIndex(summary, b"".join([*rows, checks]))


def _find_repeated(rows: Sequence[bytes]) -> tuple[int, tuple[int, int] | None]:
    """Count the rows whose key and device an earlier line has; give the first such line and that one."""
    if len({row[:16] for row in rows}) == len(rows):
        return 0, None
    count, first = 0, None
    seen: dict[tuple[bytes, int], int] = {}
    for row in rows:
        digest, line, device, *_ = ROW.unpack(row)
        earlier = seen.setdefault((digest, device & (WHOLE - 1)), line)
        if earlier != line:
            count += 1
            first = min(first or (line, earlier), (line, earlier))
    return count, first


def open_index(path: Path) -> Index | None:
    """Map an index file into memory; None if it is absent, damaged, or of another version."""
    try:
        with path.open("rb") as stream:
            header = stream.readline(1 << 20)
            said = header[_MARK_BYTES:]
            if _mark(said) != header[:_MARK_BYTES]:
                return None
            head = decode(said, _Header)
            if head.version != VERSION:
                return None
            summary = head.summary
            buffer = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
            whole = len(buffer) == len(header) + summary.records * (_ROW_BYTES + _CHECK.size)
            return Index(summary, buffer, len(header), path) if whole else None
    except (OSError, ValueError):
        return None


def _mark(said: bytes) -> bytes:
    return b"%08x " % crc32(said)
