"""Where indexes are kept: in the user's cache folder, one file for a table's content.

    tables/<content>.exact….index  see `lut.table.index`; named by the SHA-256 of the table's text

What a table holds now, `lut.table.content` says.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from lut.errors import FileError
from lut.table.content import hash_content, look_at, table_cache
from lut.table.index import VERSION, Index, build_index, open_index

__all__ = ["cached_index", "rebuild_index"]

_ABANDONED_S = 3600
"""An unfinished file as old as this is of a build that crashed."""

_ATTEMPTS = 3


def cached_index(path: Path, match: str = "exact", progress: Callable[[int], None] = lambda _: None) -> Index:
    """Open a table's index, building it if there is none for the content that the table has now.

    Without a cache folder that can be written, the index is built in memory each time.

    Raises:
        FileError: the table can't be read, is not a table, or changes all the time.
    """
    for _ in range(_ATTEMPTS):
        stamp = look_at(path)
        content = hash_content(path)
        index = _find_index(path, stamp[2], content, match, progress)
        if look_at(path) == stamp:
            index.content = content
            return index
        # It was replaced while it was read: what was hashed may not be what was parsed.
    raise FileError(f"{path} changes while it is read. Wait until it is written.")


def _find_index(path: Path, size: int, content: str, match: str, progress: Callable[[int], None]) -> Index:
    folder = table_cache(size)
    if folder is None:
        return build_index(path, match, progress).index()
    file = folder / f"{content}.{match}.v{VERSION}.index"
    index = open_index(file)
    if index is not None:
        return index
    built = build_index(path, match, progress)
    try:
        _sweep(folder)
        built.write(file)
    except (FileError, OSError):
        return built.index()
    return open_index(file) or built.index()  # the file's rows are shared, those in memory are not


def rebuild_index(damaged: Index, path: Path, match: str) -> Index:
    """Build a table's index anew in the place of one that was found to be damaged.

    Raises:
        FileError: the table can't be read, or is not the one that the damaged index was made of.
    """
    file = damaged.path
    try:
        if file is not None:
            if not file.name.startswith(f"{hash_content(path)}."):
                raise FileError(f"{path} was changed since it was opened: open it again.")
            file.unlink(missing_ok=True)
            return cached_index(path, match)
    except OSError:  # it may not be removed, and would be met again
        pass
    return build_index(path, match).index()


def _sweep(folder: Path) -> None:
    """Remove what builds left that were killed."""
    limit = time.time() - _ABANDONED_S
    for leftover in folder.glob(".*.part"):
        try:
            if leftover.stat().st_mtime < limit:
                leftover.unlink()
        except OSError:
            continue  # another process was faster
