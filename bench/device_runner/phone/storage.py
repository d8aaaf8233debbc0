"""How much room `df` says there is, in whatever form a phone prints it."""

from __future__ import annotations

import re

__all__ = ["read_free_bytes"]

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_FREE = ("Available", "Avail", "Free")


def read_free_bytes(listing: str, folder: str = "/data/local/tmp") -> int | None:
    """Read the bytes that are free for a folder; None where no form is known or no line is of it.

    toybox prints blocks and a mount at the end; toolbox, until Android 6, sizes such as 4.6G and the mount
    in front. A listing of all mounts may have lines such as `PATH: Permission denied` in its midst.
    """
    column, unit, in_front = None, 1, False
    rows: dict[str, int] = {}
    for line in listing.splitlines():
        words = line.split()
        if words[:1] == ["Filesystem"]:
            column = next((words.index(name) for name in _FREE if name in words), None)
            in_front = "Mounted" not in words
            blocks = re.fullmatch(r"(\d*)([KM]?)-blocks", words[1]) if len(words) > 1 else None
            unit = int(blocks[1] or 1) * _UNITS[blocks[2]] if blocks else 1
        elif column is not None and len(words) > column:
            free = re.fullmatch(r"(\d+(?:\.\d+)?)([KMGT]?)", words[column])
            if free:
                size = float(free[1]) * (_UNITS[free[2]] if free[2] else unit)
                rows[words[0] if in_front else words[-1]] = int(size)
    holding = [mount for mount in rows if f"{folder}/".startswith(f"{mount.rstrip('/')}/")]
    if holding:
        return rows[max(holding, key=len)]
    return next(iter(rows.values())) if len(rows) == 1 else None
