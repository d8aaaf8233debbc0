"""Finding and opening the files of tables."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from lut.errors import ConflictError, FileError
from lut.files import explain_kind, kind_of, name_after_device
from lut.ops import MATCHES
from lut.table.formats import FORMATS, format_of
from lut.table.index import build_index
from lut.table.index_cache import cached_index
from lut.table.lut_table import LutTable
from lut.table.stores import IndexStore

__all__ = ["choose_output", "choose_table_file", "find_table_file", "load_table", "table_file_name"]


def table_file_name(device: str) -> str:
    """Name the file that holds a device's table.

    Raises:
        FileError: no file can have that name.
    """
    return name_after_device(device, "-op_lut_database.json")


def choose_output(folder: Path, device: str) -> Path:
    """Return the file that a device's table is written to: the one that is there, else `table_file_name`.

    Raises:
        ConflictError: a plain and a zipped one are there.
        FileError: no file can have the device's name.
    """
    plain = folder / table_file_name(device)
    zipped = plain.with_name(f"{plain.name}.zip")
    if plain.is_file() and zipped.is_file():
        raise ConflictError(
            f"{folder} holds {plain.name} and {zipped.name}, which may differ. Leave one of them there."
        )
    return zipped if zipped.is_file() else plain


def find_table_file(folder: Path, device: str) -> Path:
    """Find a device's table in a folder, plain or zipped, under whatever name.

    The name that `table_file_name` gives comes first; without such a file each table there is asked for the
    device of its first record.

    Raises:
        FileError: it is not there; the message lists the devices that are.
        ConflictError: several files hold it.
    """
    plain = folder / table_file_name(device)
    for path in (plain, plain.with_name(plain.name + ".zip")):
        if path.is_file():
            return path
    if not folder.is_dir():
        raise FileError(f"{folder} is not a folder. Give the folder that holds the table of {device}.")
    present = _list_tables(folder)
    found = present.get(device, [])
    if len(found) > 1:
        raise ConflictError(
            f"{folder} holds {len(found)} tables of {device}: {', '.join(path.name for path in found)}. "
            f"Leave one there, or name it as the table by --lut."
        )
    if found:
        return found[0]
    raise FileError(
        f"{folder} holds no table of {device}. "
        + (f"Tables there are of: {', '.join(sorted(present))}." if present else "No table is there.")
    )


def choose_table_file(path: Path, device: str | None = None) -> Path:
    """Give a table's file as it is, and of a folder the device's table in it.

    Raises:
        FileError: the folder holds no table of that device, or no device is named.
        ConflictError: it holds several.
    """
    if not path.is_dir():
        return path
    if device is not None:
        return find_table_file(path, device)
    present = sorted(file for files in _list_tables(path).values() for file in files)
    files = f", {' or '.join(map(str, present))}" if present else ""
    raise FileError(f"{path} is a folder. Give a table in it{files}, or name its device too (--device).")


def _list_tables(folder: Path) -> dict[str, list[Path]]:
    """List a folder's tables by the device of their first record, but no zip of a file that is there too."""
    found: dict[str, list[Path]] = {}
    endings = sorted(FORMATS, key=len)
    for path in sorted(each for ending in endings for each in folder.glob(f"*{ending}") if each.is_file()):
        if path.suffix == ".zip" and path.with_suffix("").is_file():
            continue
        if kind_of(path) == "table":
            with contextlib.suppress(FileError):  # its first line looks like a record and is none
                found.setdefault(next(iter(format_of(path).read(path))).device, []).append(path)
    return found


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
    try:
        found = cached_index(path, match, progress) if index else build_index(path, match, progress).index()
    except FileError as error:
        if words := explain_kind(path, "table"):
            raise FileError(words) from error
        raise
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
