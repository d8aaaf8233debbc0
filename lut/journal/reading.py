"""Journals: what a run measured, appended as it comes, never rewritten.

A journal is JSON Lines of six kinds. A segment says who measures, by which program and in which
configuration; every measurement and failure after it names the segment it belongs to, and so
do the device's state at the start of each block and, where a run chooses its operators itself, each round:

    {"kind": "segment", "version": 1, "id": …, "started": …, "device": {…}, "program": {…}, "config": {…}}
    {"kind": "state", "segment": …, "values": {"battery_level": "87", "zone_celsius": "31.0", …}}
    {"kind": "round", "segment": …, "chosen": [<id>, …], "held_out": [<id>, …], "spent_s": 12.5}
    {"kind": "measurement", "segment": …, <operator>, "pass": 0, "samples_ns": […], "warmup_ns": […], …}
    {"kind": "repeated", …}  a visit like the one above that was spoilt, and made again
    {"kind": "failure", "segment": …, <operator>, "stage": "crash", "reason": …}

A run that is killed leaves at most a torn last line: readers stop in front of it with one warning,
writers cut it off and go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from lut.entries import RunConfig, Segment
from lut.errors import FileError
from lut.files import explain_kind
from lut.journal.lines import Entry, parse_line
from lut.journal.visits import MeasurementLine, read_visit

__all__ = ["read_config", "read_journal", "read_visits"]


def ignore(message: str) -> None:
    """Hear a warning and do nothing: for callers that have no place to show it."""


def read_journal(path: Path, warn: Callable[[str], None] = ignore) -> Iterator[Entry]:
    """Read a journal's entries in order, as a stream.

    A torn last line is left out, and `warn` is called once with a sentence about it.

    Raises:
        FileError: the file can't be read, a line before the last is damaged, or the version differs.
    """
    return _read(path, warn, parse_line)


def read_visits(path: Path, warn: Callable[[str], None] = ignore) -> Iterator[Entry | MeasurementLine]:
    """Read a journal as `read_journal` does, with measurements as visits where that is quicker."""

    def parse(path: Path, number: int, line: bytes) -> Entry | MeasurementLine:
        return read_visit(line) or parse_line(path, number, line)

    return _read(path, warn, parse)


Read = TypeVar("Read", bound="Entry | MeasurementLine")


def _read(
    path: Path, warn: Callable[[str], None], parse: Callable[[Path, int, bytes], Read]
) -> Iterator[Read]:
    described: set[str] = set()
    try:
        with path.open("rb") as stream:
            for number, line in enumerate(stream, 1):
                if not line.endswith(b"\n"):
                    if number == 1 and (words := explain_kind(path, "journal")):
                        raise FileError(words)
                    warn(f"{path}:{number} is cut off in mid-line; the entries before it are used.")
                    return
                entry = parse(path, number, line)
                if isinstance(entry, Segment):
                    described.add(entry.id)
                elif entry.segment not in described:
                    raise FileError(
                        f"{path}:{number} belongs to the segment {entry.segment!r}, which no line above it "
                        f"describes. Is the file's beginning missing?"
                    )
                yield entry
    except OSError as refusal:
        raise FileError(f"{path} can't be read: {refusal.strerror or refusal}.") from refusal


def read_config(path: Path) -> RunConfig | None:
    """Read the configuration of a journal's first segment; None where the file is absent or empty.

    Raises:
        FileError: it can't be read.
    """
    if not path.exists():
        return None
    first = next(read_journal(path), None)
    return first.config if isinstance(first, Segment) else None
