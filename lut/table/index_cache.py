"""Where indexes are kept: in the user's cache folder, one file for a table's content.

    tables/<content>.exact….index  see `lut.table.index`; named by a SHA-256 of the table's bytes
    tables/<path>.stamp            what the table's file looked like when its content was last hashed

A file that looks as its stamp says (device, inode, size, times of change) is not read again. A file
whose last change is so recent that another could still fall into the same tick of the clock gets no
stamp, so a change is never missed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

from lut.cache import default_cache
from lut.errors import FileError
from lut.files import write_atomically
from lut.table.index import VERSION, Index, build_index, open_index

__all__ = ["cached_index", "rebuild_index"]

_FOLDER = "tables"
_SMALL_BYTES = 1 << 20
"""A table as small as this is read in the time it takes to find an index; it gets none."""

_SETTLED_NS = 2_000_000_000
"""The coarsest clock of a file system in use: FAT's two seconds."""

_ABANDONED_S = 3600
"""An unfinished file as old as this is of a build that crashed."""

_ATTEMPTS = 3


def cached_index(path: Path, match: str = "exact", progress: Callable[[int], None] = lambda _: None) -> Index:
    """Open a table's index, building it if there is none for the content that the table has now.

    Without a cache folder that can be written, the index is built in memory each time.

    Raises:
        FileError: the table can't be read, is not a table, or changes all the time.
    """
    try:
        folder = default_cache() / _FOLDER
    except FileError:
        return build_index(path, match, progress).index()
    for _ in range(_ATTEMPTS):
        stamp = _look_at(path)
        if stamp[2] <= _SMALL_BYTES:
            return build_index(path, match, progress).index()
        content = _remembered(folder, path, stamp)
        known = content is not None
        if content is None:
            content = _hash_content(path)
        index_file = folder / f"{content}.{match}.v{VERSION}.index"
        index = open_index(index_file)
        if index is not None and known:
            return index
        built = None if index is not None else build_index(path, match, progress)
        if _look_at(path) != stamp:
            continue  # it was replaced while it was read: what was hashed may not be what was parsed
        if built is not None:
            index = built.index()
            try:
                _sweep(folder)
                built.write(index_file)
            except (FileError, OSError):
                return index
            index = open_index(index_file) or index  # the file's rows are shared, those in memory are not
        _remember(folder, path, stamp, content)
        assert index is not None
        return index
    raise FileError(f"{path} changes while it is read. Wait until it is written.")


def rebuild_index(damaged: Index, path: Path, match: str) -> Index:
    """Build a table's index anew in the place of one that was found to be damaged.

    Raises:
        FileError: the table can't be read, or is not the one that the damaged index was made of.
    """
    file = damaged.path
    try:
        if file is not None:
            if not file.name.startswith(f"{_hash_content(path)}."):
                raise FileError(f"{path} was changed since it was opened: open it again.")
            file.unlink(missing_ok=True)
            return cached_index(path, match)
    except OSError:  # it may not be removed, and would be met again
        pass
    return build_index(path, match).index()


def _look_at(path: Path) -> list[int]:
    try:
        status = path.stat()
    except OSError as refusal:
        raise FileError(f"{path} can't be read: {refusal.strerror or refusal}.") from refusal
    return [status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _hash_content(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(1 << 20):
                digest.update(chunk)
    except OSError as refusal:
        raise FileError(f"{path} can't be read: {refusal.strerror or refusal}.") from refusal
    return digest.hexdigest()


def _stamp_file(folder: Path, path: Path) -> Path:
    name = hashlib.sha256(os.fsencode(path.absolute())).hexdigest()[:32]
    return folder / f"{name}.stamp"


def _remembered(folder: Path, path: Path, stamp: list[int]) -> str | None:
    try:
        fields = json.loads(_stamp_file(folder, path).read_bytes())
        return str(fields["content"]) if fields["stamp"] == stamp else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remember(folder: Path, path: Path, stamp: list[int], content: str) -> None:
    if time.time_ns() - max(stamp[-2:]) < _SETTLED_NS:
        return
    file = _stamp_file(folder, path)
    try:
        old = json.loads(file.read_bytes())["content"]
    except (OSError, ValueError, KeyError, TypeError):
        old = content
    try:
        write_atomically(file, json.dumps({"stamp": stamp, "content": content}).encode())
    except FileError:
        return
    if old != content and isinstance(old, str) and old.isalnum():
        # The index of what the table held before. If another table still has that content, its index is
        # built again; who has it open keeps it.
        with contextlib.suppress(OSError):  # what may not be removed takes room, and does no harm
            for index_file in folder.glob(f"{old}.*.index"):
                index_file.unlink(missing_ok=True)


def _sweep(folder: Path) -> None:
    """Remove what builds left that were killed."""
    limit = time.time() - _ABANDONED_S
    for leftover in folder.glob(".*.part"):
        try:
            if leftover.stat().st_mtime < limit:
                leftover.unlink()
        except OSError:
            continue  # another process was faster
