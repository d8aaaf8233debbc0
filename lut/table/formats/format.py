"""What a table format can do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lut.records import LutRecord
from lut.table.formats.json_record import KeyDigest, ParsedLine
from lut.table.formats.lines import LineSpan

__all__ = ["TableFormat"]


@dataclass(frozen=True)
class TableFormat:
    """How tables of one kind of file are read and written, all as streams.

    `open` opens the table's text, which is the same zipped or not. `scan` reads of each record only what an
    index needs, with its line number, checking it like `read`; `split`, where there is one, cuts a large file
    into two spans that `scan` takes.
    """

    open: Callable[[Path], AbstractContextManager[IO[bytes]]]
    read: Callable[[Path], Iterator[LutRecord]]
    write: Callable[[Iterable[LutRecord], Path], None]
    scan: Callable[[Path, KeyDigest | None, LineSpan | None], Iterator[tuple[int, ParsedLine]]]
    split: Callable[[Path], tuple[LineSpan, LineSpan] | None] | None = None
