"""Appending to a journal, alone and in whole lines."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from lut.errors import ConflictError, FileError
from lut.files import lock_descriptor
from lut.journal.lines import HEAD, Entry, format_entry

__all__ = ["JournalWriter", "open_journal"]


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
        stream = path.open("a+b", buffering=0)
    with stream:
        descriptor = stream.fileno()
        if not lock_descriptor(descriptor, wait=False):
            raise ConflictError(
                f"{path} is being written by another run. Wait for it, or choose another file."
            )
        if file_bytes not in (None, os.fstat(descriptor).st_size):
            raise ConflictError(f"{path} was written to by another run just now. Give the command again.")
        with _refusals_named(path):
            _cut_torn_tail(path, descriptor)
        writer = JournalWriter(path, descriptor)
        yield writer
        writer.sync()


def _cut_torn_tail(path: Path, descriptor: int) -> None:
    end = os.fstat(descriptor).st_size
    position, step = end, 4096
    while position:
        start = max(0, position - step)
        newline = _read_at(descriptor, start, position - start).rfind(b"\n")
        if newline >= 0:
            position = start + newline + 1
            break
        position = start
    if position == end:
        return
    tail = _read_at(descriptor, position, len(HEAD))
    if not HEAD.startswith(tail):  # whoever mistook another file for a journal keeps it
        raise FileError(
            f"{path} ends in a line that is not a journal entry. Choose another file for this run."
        )
    os.ftruncate(descriptor, position)


def _read_at(descriptor: int, start: int, size: int) -> bytes:
    os.lseek(descriptor, start, os.SEEK_SET)
    return os.read(descriptor, size)
