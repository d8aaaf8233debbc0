"""What a table's file holds: the SHA-256 of its text, whether that is zipped or not.

By it a table and its sidecar know each other, and an index its table. That of a large file is remembered in
the user's cache folder, together with what the file looked like (device, inode, size, times of change):

    tables/<path>.stamp            what the table's file looked like when its content was last hashed

A file that looks as its stamp says is not read again. One whose last change is so recent that another could
still fall into the same tick of the clock gets no stamp, so a change is never missed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from pathlib import Path

import msgspec

from lut.cache import default_cache
from lut.errors import FileError
from lut.files import hash_stream, write_atomically
from lut.schema import Name, Record, decode
from lut.table.formats import format_of

__all__ = ["hash_content", "look_at", "table_cache"]

_SMALL_BYTES = 1 << 20
"""A table as small as this is read in the time it takes to find out what is known of it."""

_SETTLED_NS = 2_000_000_000
"""The coarsest clock of a file system in use: FAT's two seconds."""

_ATTEMPTS = 3


class _Stamp(Record, frozen=True):
    stamp: tuple[int, int, int, int, int]
    content: Name


def table_cache(size: int) -> Path | None:
    """Return the folder where things about a table of so many bytes are kept; None where nothing is."""
    if size <= _SMALL_BYTES:
        return None
    try:
        return default_cache() / "tables"
    except FileError:  # there can be none: all is found out each time
        return None


def look_at(path: Path) -> tuple[int, int, int, int, int]:
    """Return what a file looks like: device, inode, size, and the times of its last changes.

    Raises:
        FileError: it can't be looked at.
    """
    try:
        status = path.stat()
    except OSError as refusal:
        raise FileError(f"{path} can't be read: {refusal.strerror or refusal}.") from refusal
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def hash_content(path: Path) -> str:
    """Return the SHA-256 of a table's text; that of a zipped table is of what it holds.

    Raises:
        FileError: the file can't be read, or changes all the time.
    """
    for _ in range(_ATTEMPTS):
        stamp = look_at(path)
        folder = table_cache(stamp[2])
        content = None if folder is None else _recall(folder, path, stamp)
        if content is not None:
            return content
        content = _hash_text(path)
        if look_at(path) == stamp:
            if folder is not None:
                _remember(folder, path, _Stamp(stamp, content))
            return content
    raise FileError(f"{path} changes while it is read. Wait until it is written.")


def _hash_text(path: Path) -> str:
    with format_of(path).open(path) as stream:
        return hash_stream(stream)


def _stamp_file(folder: Path, path: Path) -> Path:
    name = hashlib.sha256(os.fsencode(path.absolute())).hexdigest()[:32]
    return folder / f"{name}.stamp"


def _read(file: Path) -> _Stamp | None:
    try:
        return decode(file.read_bytes(), _Stamp)
    except (OSError, ValueError):
        return None


def _recall(folder: Path, path: Path, stamp: tuple[int, ...]) -> str | None:
    found = _read(_stamp_file(folder, path))
    return found.content if found is not None and found.stamp == stamp else None


def _remember(folder: Path, path: Path, stamp: _Stamp) -> None:
    if time.time_ns() - max(stamp.stamp[-2:]) < _SETTLED_NS:
        return
    file = _stamp_file(folder, path)
    old = _read(file)
    try:
        write_atomically(file, msgspec.json.encode(stamp))
    except FileError:
        return
    if old is not None and old.content != stamp.content and old.content.isalnum():
        # The index of what the table held before. If another table still has that content, its index is
        # built again; who has it open keeps it.
        with contextlib.suppress(OSError):  # what may not be removed takes room, and does no harm
            for index_file in folder.glob(f"{old.content}.*.index"):
                index_file.unlink(missing_ok=True)
