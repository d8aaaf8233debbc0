"""Journals: what a run measured, appended as it comes, never rewritten.

A journal is JSON Lines of seven kinds. A segment says who measures, by which program and in which
configuration; every measurement and failure after it names the segment it belongs to, and by that the unit
and its start. So do the device's state at the start of each block and, where a run chooses its operators
itself, each round:

    {"kind": "segment", "version": 2, "id": …, "started": …, "device": {…}, "program": {…}, "config": {…}}
    {"kind": "state", "segment": …, "values": {"battery_level": "87", "zone_celsius": "31.0", …}}
    {"kind": "round", "segment": …, "chosen": [<id>, …], "held_out": [<id>, …], "spent_s": 12.5}
    {"kind": "measurement", "segment": …, <operator>, "pass": 0, "samples_ns": […], "warmup_ns": […], …}
    {"kind": "repeated", …}  a visit like the one above that was spoilt, and made again
    {"kind": "anchor", …}  one that every unit of a run makes, to be told apart by speed
    {"kind": "failure", "segment": …, <operator>, "stage": "crash", "reason": …}

A run that is killed leaves at most a torn last line. A power cut or a full disk may leave more: zeros behind
the last line, or lines that are torn or run together. Readers leave out what is damaged and say so; writers
cut off what is no whole line at the end, and go on. A file that does not begin as a journal is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from lut.entries import BlockState, Entry, RunConfig, Segment
from lut.errors import FileError
from lut.files import explain_kind, read_lines
from lut.journal.lines import HEAD, BrokenLineError, begins_journal, parse_line

__all__ = ["read_config", "read_head", "read_journal"]


def ignore(message: str) -> None:
    """Hear a warning and do nothing: for callers that have no place to show it."""


def read_journal(path: Path, warn: Callable[[str], None] = ignore) -> Iterator[Entry]:
    """Read a journal's entries in order, as a stream.

    Damaged lines are left out, and `warn` is called once at the end with a sentence about them. In their
    place comes a state of which nothing is known, since one of them may have told another.

    Raises:
        FileError: the file can't be read, is no journal, or of another version, or a whole line is no entry.
    """
    described: set[str] = set()
    damaged = first_damaged = 0
    state_known = True
    try:
        with path.open("rb") as stream:
            for number, line in enumerate(read_lines(stream), 1):
                entry = _parse_if_whole(path, number, line)
                if isinstance(entry, Segment):
                    described.add(entry.id)
                elif entry is not None and entry.segment not in described:
                    if not damaged:
                        raise FileError(
                            f"{path}:{number} belongs to the segment {entry.segment!r}, which no line above "
                            f"it describes. Is the file's beginning missing?"
                        )
                    entry = None  # a damaged line described it
                if entry is None:
                    damaged += 1
                    first_damaged = first_damaged or number
                    state_known = False
                    continue
                if not state_known and not isinstance(entry, Segment):
                    yield BlockState(entry.segment, {})
                state_known = True
                yield entry
    except OSError as refusal:
        raise FileError(f"{path} can't be read: {refusal.strerror or refusal}.") from refusal
    if damaged == 1:
        warn(f"{path}:{first_damaged} is damaged and left out.")
    elif damaged:
        warn(f"{path}: {damaged} lines are damaged and left out, the first of them line {first_damaged}.")


def _parse_if_whole(path: Path, number: int, line: bytes) -> Entry | None:
    """Read a line; None where it is damaged."""
    try:
        if line.endswith(b"\n"):
            return parse_line(path, number, line)
    except BrokenLineError as error:
        if number > 1 or line.startswith(HEAD):
            return None
        raise FileError(explain_kind(path, "journal") or str(error)) from error
    if number > 1 or begins_journal(line) or not line.strip(b"\0"):
        return None
    raise FileError(
        explain_kind(path, "journal") or f"{path} does not begin as a journal does. `bench run` writes one."
    )


def read_head(path: Path) -> Segment | None:
    """Return a journal's first segment; None where the file is absent or empty.

    Raises:
        FileError: it can't be read.
    """
    if not path.exists():
        return None
    first = next(read_journal(path), None)
    return first if isinstance(first, Segment) else None


def read_config(path: Path) -> RunConfig | None:
    """Return the configuration of a journal's first segment; see `read_head`."""
    head = read_head(path)
    return None if head is None else head.config
