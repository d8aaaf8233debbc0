"""Journals: what a run measured, appended as it comes, never rewritten.

A journal is JSON Lines of five kinds. A segment says who measures, by which program and in which
configuration; every measurement and failure behind it names the segment it belongs to, and so
does the device's state at the start of each block:

    {"kind": "segment", "version": 1, "id": …, "started": …, "device": {…}, "program": {…}, "config": {…}}
    {"kind": "state", "segment": …, "values": {"battery_level": "87", "zone_celsius": "31.0", …}}
    {"kind": "measurement", "segment": …, <operator>, "pass": 0, "samples_ns": […], "warmup_ns": […], …}
    {"kind": "repeated", …}  a visit like the one above that was spoilt, and made again
    {"kind": "failure", "segment": …, <operator>, "stage": "crash", "reason": …}

A run that is killed leaves at most a torn last line: readers stop in front of it with one warning,
writers cut it off and go on.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from lut.errors import ConflictError, FileError
from lut.journal_lines import HEAD, VERSION, Entry, format_entry, parse_line
from lut.records import BlockState, Failure, Measurement, OpKey, ProgramInfo, Repeated, RunConfig, Segment
from lut.resumed_times import ResumedTimes
from lut.visits import Visit, VisitReader

__all__ = [
    "VERSION",
    "Entry",
    "JournalWriter",
    "Progress",
    "open_journal",
    "read_config",
    "read_journal",
    "read_progress",
    "read_visits",
]


def _ignore(message: str) -> None:
    """Hear a warning and do nothing: for callers that have no place to show it."""


def read_journal(path: Path, warn: Callable[[str], None] = _ignore) -> Iterator[Entry]:
    """Read a journal's entries in order, as a stream.

    A torn last line is left out, and `warn` is called once with a sentence about it.

    Raises:
        FileError: the file can't be read, a line before the last is damaged, or the version differs.
    """
    return _read(path, warn, parse_line)


def read_visits(path: Path, warn: Callable[[str], None] = _ignore) -> Iterator[Entry | Visit]:
    """Read a journal as `read_journal` does, with measurements as visits where that is quicker."""
    reader = VisitReader()

    def parse(path: Path, number: int, line: bytes) -> Entry | Visit:
        return reader.read(line) or parse_line(path, number, line)

    return _read(path, warn, parse)


Read = TypeVar("Read", bound="Entry | Visit")


def _read(
    path: Path, warn: Callable[[str], None], parse: Callable[[Path, int, bytes], Read]
) -> Iterator[Read]:
    described: set[str] = set()
    try:
        with path.open("rb") as stream:
            for number, line in enumerate(stream, 1):
                if not line.endswith(b"\n"):
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


@dataclass
class Progress:
    """What a journal already holds of one segment's identity: the visits made and the failures."""

    passes: dict[OpKey, set[int]] = field(default_factory=dict)
    failed: set[OpKey] = field(default_factory=set)
    file_bytes: int = 0
    """The journal's size when it was read."""
    times: ResumedTimes = field(default_factory=ResumedTimes)
    """What the visits tell of the device, for a run that goes on."""

    def add(self, entry: Measurement | Failure, passes: int) -> None:
        """Count an entry of a run that makes so many passes."""
        if isinstance(entry, Failure):
            self.failed.add(entry.op.key)
            self.times.forget(entry.op.key)
        else:
            made = self.passes.setdefault(entry.op.key, set())
            made.add(entry.pass_index)
            self.times.add_earlier(entry, is_last=len(made) >= passes)


def read_progress(path: Path, segment: Segment, warn: Callable[[str], None] = _ignore) -> Progress:
    """Read what is done already of a run; an absent file means nothing is.

    Raises:
        ConflictError: the journal belongs to another device, program or configuration.
        FileError: it can't be read.
    """
    progress = Progress()
    if not path.exists():
        return progress
    progress.file_bytes = path.stat().st_size
    for entry in read_journal(path, warn):
        if isinstance(entry, Segment):
            _check_same(path, entry, segment)
        elif not isinstance(entry, BlockState | Repeated):
            progress.add(entry, segment.config.passes)
    return progress


def read_config(path: Path) -> RunConfig | None:
    """Read the configuration of a journal's first segment; None where the file is absent or empty.

    Raises:
        FileError: it can't be read.
    """
    if not path.exists():
        return None
    first = next(read_journal(path), None)
    return first.config if isinstance(first, Segment) else None


def _check_same(path: Path, present: Segment, wanted: Segment) -> None:
    if present.may_pool_with(wanted):
        return
    differing = [
        (part, name, getattr(getattr(present, part), name), getattr(getattr(wanted, part), name))
        for part, names in _IDENTITY.items()
        for name in names
    ]
    part, name, there, here = next(each for each in differing if each[2] != each[3])
    raise ConflictError(
        f"{path} was measured with another {part}: {name} there is {there!r}, in this run {here!r}. "
        f"Choose another file for this run."
    )


_IDENTITY = {
    "device": ("name",),
    "program": tuple(ProgramInfo.__dataclass_fields__),
    "config": tuple(RunConfig.__dataclass_fields__),
}
"""What a segment's id is made of."""


class JournalWriter:
    """Appends entries to an open journal; see `open_journal`."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    def append(self, entry: Entry) -> None:
        """Hand an entry to the system: from here on it survives the death of this process.

        Raises:
            FileError: the system takes no more, as when the disk is full. What it took of the entry is a
                torn last line.
        """
        rest = format_entry(entry)
        with _refusals_named(self._path):
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]

    def sync(self) -> None:
        """Wait until all entries are on the disk: from here on they survive a power cut."""
        with _refusals_named(self._path):
            os.fsync(self._descriptor)


@contextlib.contextmanager
def _refusals_named(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as refusal:
        raise FileError(f"{path} can't be written: {refusal.strerror or refusal}.") from refusal


@contextlib.contextmanager
def open_journal(path: Path, file_bytes: int | None = None) -> Iterator[JournalWriter]:
    """Open a journal for appending, alone, with a torn last line cut off.

    `file_bytes` is the size it had when its progress was read.

    Raises:
        ConflictError: another process is writing it, or wrote to it since it was read.
        FileError: it can't be opened.
    """
    with _refusals_named(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            raise ConflictError(
                f"{path} is being written by another run. Wait for it, or choose another file."
            ) from taken
        if file_bytes not in (None, os.fstat(descriptor).st_size):
            raise ConflictError(f"{path} was written to by another run just now. Give the command again.")
        with _refusals_named(path):
            _cut_torn_tail(path, descriptor)
        writer = JournalWriter(path, descriptor)
        yield writer
        writer.sync()
    finally:
        os.close(descriptor)


def _cut_torn_tail(path: Path, descriptor: int) -> None:
    end = os.fstat(descriptor).st_size
    position, step = end, 4096
    while position:
        start = max(0, position - step)
        newline = os.pread(descriptor, position - start, start).rfind(b"\n")
        if newline >= 0:
            position = start + newline + 1
            break
        position = start
    if position == end:
        return
    tail = os.pread(descriptor, len(HEAD), position)
    if not HEAD.startswith(tail):  # whoever mistook another file for a journal keeps it
        raise FileError(f"{path} ends in a line that is no journal entry. Choose another file for this run.")
    os.ftruncate(descriptor, position)
