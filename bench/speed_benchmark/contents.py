"""What a folder holds, told by the SHA-256 of each file: what is run is compared with what was made."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from pathlib import Path

__all__ = ["find_difference", "hash_file", "hash_files", "list_folder"]

_SETTLED_NS = 2_000_000_000
"""The coarsest clock of a file system in use, FAT's: a file changed later may change unseen."""

_hashed: dict[tuple[int, ...], str] = {}


def hash_file(path: Path) -> str:
    """Give a file's SHA-256, reading it once a process for as long as the system says that it is the same.

    The same are device, inode, size and both times of change, to the nanosecond. So what a program writes
    into the file is seen, and what the disk itself loses while this process runs is not.

    Raises OSError: it can't be read.
    """
    before = path.stat()
    state = (before.st_dev, before.st_ino, before.st_size, before.st_mtime_ns, before.st_ctime_ns)
    if known := _hashed.get(state):
        return known
    digest = hashlib.sha256()
    with path.open("rb") as content:
        while chunk := content.read(1 << 20):
            digest.update(chunk)
    if time.time_ns() - max(state[-2:]) > _SETTLED_NS:
        _hashed[state] = digest.hexdigest()
    return digest.hexdigest()


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
