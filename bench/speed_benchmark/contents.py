"""What a folder holds, told by the SHA-256 of each file: what is run is compared with what was made."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Mapping
from pathlib import Path

from lut.cache import default_cache
from lut.errors import FileError
from lut.files import hash_stream, write_atomically
from lut.schema import decode, encode_line

__all__ = ["find_difference", "hash_file", "hash_files", "list_folder"]

_SETTLED_NS = 2_000_000_000
"""The coarsest clock of a file system in use, FAT's: a file changed later may change unseen."""

_LARGE_BYTES = 1 << 20
"""What is smaller is read in no time."""

_MOST_REMEMBERED = 1000


def hash_file(path: Path) -> str:
    """Return a file's SHA-256, reading a large one once for as long as the system says that it is the same.

    The same are device, inode, size and both times of change, to the nanosecond; `hashes.json` in the user's
    cache folder remembers them, since the engine's 346 MB take half a second. So what a program writes into
    the file is seen, and what the disk itself loses later is not.

    Raises OSError: it can't be read.
    """
    before = path.stat()
    times = before.st_mtime_ns, before.st_ctime_ns
    state = ":".join(map(str, (before.st_dev, before.st_ino, before.st_size, *times)))
    if before.st_size > _LARGE_BYTES and (known := _read_remembered().get(state)):
        return known
    with path.open("rb") as content:
        sha256 = hash_stream(content)
    if before.st_size > _LARGE_BYTES and time.time_ns() - max(times) > _SETTLED_NS:
        _remember(state, sha256)
    return sha256


def _memory() -> Path:
    return default_cache() / "hashes.json"


def _read_remembered() -> dict[str, str]:
    try:
        return decode(_memory().read_bytes(), dict[str, str])
    except (FileError, OSError, ValueError):  # all is read then
        return {}


def _remember(state: str, sha256: str) -> None:
    kept = [*_read_remembered().items()][1 - _MOST_REMEMBERED :]
    with contextlib.suppress(FileError):  # where nothing can be kept, all is read each time
        write_atomically(_memory(), encode_line({**dict(kept), state: sha256}))


def list_folder(folder: Path) -> dict[str, str]:
    """Give the SHA-256 of every file in a folder and below it, by its path there; none without the folder.

    Raises OSError: one of them can't be read.
    """
    return {
        path.relative_to(folder).as_posix(): hash_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def hash_files(files: Mapping[str, str]) -> str:
    """Give the SHA-256 of a list of files as sha256sum prints it, in the order of their names."""
    lines = "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def find_difference(made: Mapping[str, str], found: Mapping[str, str]) -> str | None:
    """Name a file that was changed, removed or added; None where both are the same."""
    return next((name for name in sorted({*made, *found}) if made.get(name) != found.get(name)), None)
