"""Appending to a journal, alone and in whole lines."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from lut.entries import Entry
from lut.errors import ConflictError, FileError
from lut.files import LONGEST_LINE_BYTES, lock_descriptor
from lut.journal.lines import HEAD, begins_journal, format_entry

__all__ = ["JournalWriter", "open_journal"]

_STEP_BYTES = 1 << 20


class JournalWriter:
    """Appends entries to an open journal; see `open_journal`.

    After a failure to write, nothing more is appended: what came behind a torn line would be lost with it.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor
        self._end = os.fstat(descriptor).st_size
        """Where the last whole line ends."""
        self._refusal: FileError | None = None

    def append(self, entry: Entry) -> None:
        """Hand an entry to the system: from here on it survives the death of this process.

        Raises:
            FileError: the system takes no more, as when the disk is full, now or at an earlier call; or the
                entry is longer than what is read back, or no reader takes it. Nothing is left of it in the
                file.
        """
        try:
            line = format_entry(entry)
        except ValueError as fault:
            raise FileError(f"{self._path} can't take a {type(entry).__name__}: {fault}.") from fault
        if len(line) > LONGEST_LINE_BYTES:
            raise FileError(
                f"{self._path} can't take an entry of {len(line)} bytes; the longest line that is read has "
                f"{LONGEST_LINE_BYTES >> 20} MiB. Time an operator fewer times in a visit."
            )
        with self._closed_by_failure():
            try:
                rest = line
                while rest:
                    rest = rest[os.write(self._descriptor, rest) :]
                self._end += len(line)
            except BaseException:  # an interruption tears a line too
                # A disk that refuses this as well leaves a torn line, which readers leave out.
                with contextlib.suppress(OSError):
                    os.ftruncate(self._descriptor, self._end)
                raise

    def sync(self) -> None:
        """Wait until all entries are on the disk: from here on they survive a power cut.

        Raises:
            FileError: the disk failed, now or at an earlier call.
        """
        with self._closed_by_failure():
            os.fsync(self._descriptor)

    @contextlib.contextmanager
    def _closed_by_failure(self) -> Iterator[None]:
        if self._refusal is not None:
            raise FileError(str(self._refusal)) from self._refusal
        try:
            with _refusals_named(self._path):
                yield
        except FileError as refusal:
            self._refusal = refusal
            raise


@contextlib.contextmanager
def _refusals_named(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as refusal:
        raise FileError(f"{path} can't be written: {refusal.strerror or refusal}.") from refusal


@contextlib.contextmanager
def open_journal(path: Path, file_bytes: int | None = None) -> Iterator[JournalWriter]:
    """Open a journal for appending, alone, with what is no whole line at its end cut off.

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
        with _refusals_named(path):
            locked = lock_descriptor(descriptor, wait=False)
        if not locked:
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
    size = os.fstat(descriptor).st_size
    end = _find_last_line_end(descriptor, size)
    if end == size:
        return
    if not begins_journal(_read_at(descriptor, 0, len(HEAD))) and (end or not _holds_zeros(descriptor, size)):
        # Whoever mistook another file for a journal keeps it.
        raise FileError(
            f"{path} ends in a line that is not a journal entry. Choose another file for this run."
        )
    os.ftruncate(descriptor, end)


def _find_last_line_end(descriptor: int, size: int) -> int:
    for start in range((size - 1) // _STEP_BYTES * _STEP_BYTES, -1, -_STEP_BYTES):
        newline = _read_at(descriptor, start, _STEP_BYTES).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
    return 0


def _holds_zeros(descriptor: int, size: int) -> bool:
    """Tell whether nothing else is there, as when the power failed before the first line was on the disk."""
    return not any(
        _read_at(descriptor, start, _STEP_BYTES).strip(b"\0") for start in range(0, size, _STEP_BYTES)
    )


def _read_at(descriptor: int, start: int, size: int) -> bytes:
    os.lseek(descriptor, start, os.SEEK_SET)
    return os.read(descriptor, size)
