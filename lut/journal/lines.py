"""A journal's lines: how entries are written, and read back; see `lut.journal` for what they mean."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

from lut.entries import (
    Anchor,
    BlockState,
    Entry,
    Failure,
    Measurement,
    Repeated,
    Round,
    Segment,
    SegmentFields,
)
from lut.errors import FileError
from lut.files import explain_kind, parse_json
from lut.schema import Name, encode_line, make_decoder, refuse_newer

__all__ = ["HEAD", "VERSION", "BrokenLineError", "begins_journal", "format_entry", "parse_line"]

VERSION = 2
"""The version of the format; a reader refuses newer ones. In version 1 a segment's id told no units apart."""

HEAD = b'{"kind": "'
"""How every line begins that was written here."""


def begins_journal(beginning: bytes) -> bool:
    """Tell whether what a file begins with is, as far as it goes, how a journal begins."""
    return beginning[: len(HEAD)] == HEAD[: len(beginning)]


class BrokenLineError(FileError):
    """A line that is not JSON as a whole: what a power cut or a full disk leaves.

    A part of a line is never whole JSON, nor are two lines run together, nor is anything that holds a NUL. A
    line that is whole and holds what no entry does was written so, by a hand or another program; to pass
    over that would hide a mistake.
    """


class _SegmentLine(SegmentFields, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="segment"):
    id: Name
    version: Annotated[int, msgspec.Meta(ge=0, le=VERSION)] = 1


_decode = make_decoder(_SegmentLine | BlockState | Round | Measurement | Repeated | Anchor | Failure)


def parse_line(path: Path, number: int, line: bytes) -> Entry:
    """Read one whole line.

    Raises:
        BrokenLineError: it is not JSON.
        FileError: it is not an entry, or of a newer version; the message names the line by its number.
    """
    try:
        return _read(line)
    except ValueError as error:
        place = f"{path}:{number}"
        refusal = f"{place} is not a journal entry ({error}). Is it a file written by `bench run`?"
        try:
            parse_json(line)
        except ValueError as fault:
            raise BrokenLineError(refusal) from fault
        refuse_newer(line, VERSION, place)
        raise FileError(explain_kind(path, "journal") or refusal) from error


def _read(line: bytes) -> Entry:
    entry: Entry | _SegmentLine = _decode(line)
    return _take_segment(entry) if isinstance(entry, _SegmentLine) else entry


def _take_segment(line: _SegmentLine) -> Segment:
    segment = line.segment
    if line.id == segment.id:
        return segment
    if line.version > 1 or line.id not in segment.former_ids(line.config):
        raise ValueError(f"its id is {line.id!r}, its contents give {segment.id!r}")
    return segment.named(line.id)


def format_entry(entry: Entry) -> bytes:
    """Write an entry as one line, with the line's end.

    Raises:
        ValueError: it holds what no reader takes; the message says what.
    """
    if isinstance(entry, Segment):
        version = VERSION if entry.id == msgspec.structs.replace(entry).id else 1
        head = {"kind": "segment", "version": version, "id": entry.id, "started": entry.started}
        line = encode_line(head | entry.to_json())
    else:
        line = encode_line(entry)
    _read(line)
    return line
