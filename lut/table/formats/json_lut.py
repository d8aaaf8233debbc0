"""The published table's format: JSON Lines, one record a line, ten keys, plain or zipped.

    {"op_type": …, "op_args": […], "input_shapes": […], "input_dtypes": […], "runtime_us_p0": 271.0,
     "runtime_us_p10": …, "runtime_us_p50": …, "runtime_us_p90": …, "runtime_us_p100": …, "device": …}

The original lookup refuses records with any other key, so this reader does too. `ws_nbytes_limit`,
which some records of the published table carry in op_args, is dropped as the original drops it.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import IO, TypeVar

from lut.errors import FileError
from lut.files import open_atomically
from lut.records import LutRecord
from lut.table.formats.json_record import RUNTIME_FIELDS, KeyDigest, ParsedLine, read_record, scan_record
from lut.table.formats.lines import LineSpan, open_member, read_lines

__all__ = [
    "RUNTIME_FIELDS",
    "format_record",
    "open_plain",
    "open_zip",
    "read",
    "read_zip",
    "scan",
    "scan_zip",
    "write",
    "write_zip",
]

Parsed = TypeVar("Parsed")


def read(path: Path) -> Iterator[LutRecord]:
    """Read a table's records in order.

    Raises:
        FileError: the file can't be read, or a line is not a record; the message names the line.
    """
    with open_plain(path) as stream:
        for _, record in _parse_lines(path, stream, read_record):
            yield record


def read_zip(path: Path) -> Iterator[LutRecord]:
    """Read a table from a zip archive that holds it as its only .json file.

    Raises:
        FileError: as `read`, or the archive is none, is damaged, holds another number of tables, or expands
            beyond `lut.table.formats.lines.MAX_UNZIPPED_BYTES`.
    """
    with open_zip(path) as stream:
        for _, record in _parse_lines(path, stream, read_record):
            yield record


def scan(
    path: Path, digest: KeyDigest | None = None, span: LineSpan | None = None
) -> Iterator[tuple[int, ParsedLine]]:
    """Read of each record what an index needs, with its line number; all of it is checked, as by `read`."""
    with open_plain(path) as stream:
        yield from _parse_lines(path, stream, partial(scan_record, digest=digest), span)


def scan_zip(
    path: Path,
    digest: KeyDigest | None = None,
    span: LineSpan | None = None,  # noqa: ARG001 - archives are never split
) -> Iterator[tuple[int, ParsedLine]]:
    """As `scan`, from a zip archive; see `read_zip`."""
    with open_zip(path) as stream:
        yield from _parse_lines(path, stream, partial(scan_record, digest=digest))


@contextmanager
def open_plain(path: Path) -> Iterator[IO[bytes]]:
    """Open a table's text.

    Raises:
        FileError: the file can't be read.
    """
    try:
        with path.open("rb") as stream:
            yield stream
    except OSError as refusal:
        raise FileError(f"{path} can't be read: {refusal.strerror or refusal}.") from refusal


def open_zip(path: Path) -> AbstractContextManager[IO[bytes]]:
    """Open the text of a zipped table; see `read_zip`."""
    return open_member(path, ".json")


def _parse_lines(
    path: Path, stream: IO[bytes], parse: Callable[[bytes], Parsed], span: LineSpan | None = None
) -> Iterator[tuple[int, Parsed]]:
    for number, line in enumerate(read_lines(path, stream, span), span.first_line if span else 1):
        if not line or line.isspace():
            continue
        try:
            parsed = parse(line)
        except ValueError as error:  # JSON and text errors are ValueErrors too
            raise FileError(
                f"{path}:{number} is not a table record: {error}. Expected exactly the ten keys of the "
                f"published format."
            ) from error
        yield number, parsed


def format_record(record: LutRecord) -> str:
    """Write a record as one line of JSON, without the line's end."""
    runtimes = dict(zip(RUNTIME_FIELDS, record.runtime_us, strict=True))
    return json.dumps({**record.key.to_json(), **runtimes, "device": record.device})


def write(records: Iterable[LutRecord], path: Path) -> None:
    """Write a table, all or nothing, in the order given."""
    with open_atomically(path) as stream:
        _write_lines(records, stream)


def write_zip(records: Iterable[LutRecord], path: Path) -> None:
    """Write a zipped table, all or nothing; equal records give equal bytes."""
    member = zipfile.ZipInfo(path.name.removesuffix(".zip"))
    member.compress_type = zipfile.ZIP_DEFLATED
    with (
        open_atomically(path) as stream,
        zipfile.ZipFile(stream, "w") as archive,
        archive.open(member, "w", force_zip64=True) as table,
    ):
        _write_lines(records, table)


def _write_lines(records: Iterable[LutRecord], stream: IO[bytes]) -> None:
    for record in records:
        stream.write(format_record(record).encode() + b"\n")
