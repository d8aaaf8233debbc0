"""Finding and opening the files of tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lut.errors import ConflictError, FileError
from lut.ops import MATCHES
from lut.table.index import build_index
from lut.table.index_cache import cached_index
from lut.table.lut_table import LutTable
from lut.table.stores import IndexStore

__all__ = ["find_table_file", "load_table", "table_file_name"]


def table_file_name(device: str) -> str:
    """Name the file that holds a device's table."""
    return f"{device}-op_lut_database.json"


def find_table_file(folder: Path, device: str) -> Path:
    """Find a device's table in a folder, plain or zipped.

    Raises:
        FileError: it is not there; the message lists the devices that are.
    """
    plain = folder / table_file_name(device)
    for path in (plain, plain.with_name(plain.name + ".zip")):
        if path.is_file():
            return path
    suffix = table_file_name("")
    names = (entry.name.removesuffix(".zip") for entry in folder.glob(f"*{suffix}*"))
    present = sorted({name.removesuffix(suffix) for name in names if name.endswith(suffix)})
    raise FileError(
        f"{plain} does not exist. "
        + (f"Tables there are of: {', '.join(present)}." if present else "No table is in that folder.")
    )


def load_table(
    path: Path,
    device: str | None = None,
    *,
    index: bool = True,
    match: str = "exact",
    warn: Callable[[str], None] = lambda _: None,
    progress: Callable[[int], None] = lambda _: None,
) -> LutTable:
    """Open a table, or, with `device`, its records of that device only.

    Every line is checked when a table is first opened. What was learned is kept as an index in the user's
    cache folder (see `lut.table.index_cache`); from then on opening takes milliseconds, until the file
    changes.

    Args:
        path: a table in any format.
        device: whose records to use, where a table holds several devices'.
        index: whether to use and keep the index; without it the whole table is read.
        match: a name of `lut.ops.MATCHES`.
        warn: hears a sentence if operators occur more than once; their times are averaged.
        progress: hears the number of lines read, while an index is built.

    Raises:
        FileError: the file can't be read, holds no record, or a line of it is not a record.
        ConflictError: it holds several devices' records, and none was named.
        ValueError: there is no such `match`.
    """
    if match not in MATCHES:
        raise ValueError(f"match is {match!r}; it must be one of {', '.join(MATCHES)}")
    found = cached_index(path, match, progress) if index else build_index(path, match, progress).index()
    summary = found.summary
    if device is None and len(summary.devices) > 1:
        raise ConflictError(
            f"{path} holds records of {len(summary.devices)} devices: line {summary.first_lines[1]} is of "
            f"{summary.devices[1]}, the lines above it are of {summary.devices[0]}. "
            f"Their times can't be averaged: name a device, or give a table of one."
        )
    if device is not None and device not in summary.devices:
        raise FileError(
            f"{path} holds no record of {device}. It holds those of {', '.join(sorted(summary.devices))}."
        )
    if summary.first_repeated is not None:
        line, earlier = summary.first_repeated
        warn(
            f"{path}:{line} repeats the operator of line {earlier}"
            + (f", and {summary.repeated - 1} more lines repeat others" if summary.repeated > 1 else "")
            + "; the times of equal operators are averaged."
        )
    return LutTable(IndexStore(path, found, match, device))
