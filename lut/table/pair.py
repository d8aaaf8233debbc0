"""A table and its sidecar, which are read as a pair and replaced as a pair.

Two files can't be replaced in one step. So both are written first, into a folder beside the table, and the
new sidecar states the SHA-256 of the new table's text. Then the table takes its place, and then the sidecar:

    .X.json.next/X.json, .X.json.next/X.meta.json   written, each on the disk as a whole
    X.json                                           replaced: from here on the new pair counts
    X.meta.json                                      replaced, and the folder removed

Whoever reads takes the sidecar, in place or in that folder, that states what the table holds. A process that
is killed between two steps leaves the old pair, or the new one with its sidecar still in the folder; the next
writer puts it in place. Writers hold a lock on the table's folder, and read again what they add to.
"""

from __future__ import annotations

import glob
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from lut.errors import ConflictError, FileError
from lut.files import lock_folder, read_bytes, write_atomically
from lut.records import LutRecord
from lut.sidecar import Calibration, Sidecar, format_sidecar, parse_sidecar, sidecar_path
from lut.table.content import hash_content
from lut.table.formats import format_of

__all__ = ["TableUpdate", "keep_calibration", "read_sidecar", "update_table"]

_ATTEMPTS = 20


def read_sidecar(table: Path, opened: str = "") -> Sidecar | None:
    """Return what a table's sidecar says; None without one, as of a published table.

    Args:
        table: the table's file.
        opened: what `hash_content` gave when the table was opened, where it was opened before.

    Raises:
        FileError: a file can't be read, the sidecar is none, or it is of another table.
        ConflictError: the table was changed since it was opened.
    """
    place, coming = sidecar_path(table), _next_folder(table) / sidecar_path(table).name
    for _ in range(_ATTEMPTS):
        found = [_read_if_there(path) for path in (place, coming, place)]
        if not any(found):
            return None
        content = hash_content(table)
        if opened and content != opened:
            raise ConflictError(f"{table} was changed while it was read. Give the command again.")
        for sidecar in filter(None, found):
            if sidecar.content == content:
                return sidecar
        present = found[2]
        if present is not None and not present.content and present.records in (None, _count_records(table)):
            return present  # of version 1, which states no more than that
        if hash_content(table) == content and _read_if_there(place) == present:
            break  # nobody is writing
    raise FileError(
        f"{place} is not of {table.name} as it is now: something other than `lut` and `bench` changed one of "
        f"them. Move {place.name} away to go on without what it says, or merge the journals again."
    )


def _read_if_there(path: Path) -> Sidecar | None:
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError:
        text = read_bytes(path)  # which raises, in a sentence
    return parse_sidecar(text, path)


def _count_records(table: Path) -> int:
    with format_of(table).open(table) as stream:
        return sum(not line.isspace() for line in stream)


def _next_folder(table: Path) -> Path:
    return table.with_name(f".{table.name}.next")


@dataclass(frozen=True)
class TableUpdate:
    """A table that this process alone is writing; see `update_table`."""

    path: Path
    sidecar: Sidecar | None
    """What the sidecar says; None without one."""
    content: str | None
    """What `hash_content` gives of the table; None where there is none yet."""

    def read(self) -> Iterator[LutRecord]:
        """Read the records that are there."""
        return format_of(self.path).read(self.path) if self.content is not None else iter(())

    def check_unchanged(self, content: str | None) -> None:
        """Refuse to go on where the table is another one than that which was read earlier.

        Raises:
            ConflictError: it is.
        """
        if self.content != content:
            raise ConflictError(
                f"{self.path} was changed by another command meanwhile. Nothing was written; give this one "
                f"again."
            )

    def write(self, records: Iterable[LutRecord], sidecar: Sidecar) -> None:
        """Replace the table and its sidecar.

        Raises:
            FileError: they can't be written; the old ones stay.
        """
        folder = _next_folder(self.path)
        staged = folder / self.path.name
        try:
            folder.mkdir()
            format_of(self.path).write(records, staged)
            self._replace(staged, sidecar)
        except OSError as refusal:
            raise FileError(f"{self.path} can't be written: {refusal.strerror or refusal}.") from refusal
        finally:
            _settle(self.path)

    def write_sidecar(self, sidecar: Sidecar) -> None:
        """Replace the sidecar alone.

        Raises:
            FileError: it can't be written; the old one stays.
        """
        stated = msgspec.structs.replace(sidecar, content=hash_content(self.path))
        write_atomically(sidecar_path(self.path), format_sidecar(stated))

    def _replace(self, staged: Path, sidecar: Sidecar) -> None:
        place = sidecar_path(self.path)
        stated = msgspec.structs.replace(sidecar, content=hash_content(staged))
        coming = staged.with_name(place.name)
        write_atomically(coming, format_sidecar(stated))
        _sync_folder(staged.parent)
        staged.replace(self.path)
        _sync_folder(self.path.parent)
        coming.replace(place)
        _sync_folder(self.path.parent)


@contextmanager
def update_table(path: Path, announce: Callable[[str], None] = lambda _: None) -> Iterator[TableUpdate]:
    """Hold a table alone while the block lasts; whoever writes it meanwhile is waited for.

    Args:
        path: the table, which need not be there yet; its folder is made.
        announce: hears whom it waits for, when that is longer than a moment.

    Raises:
        FileError: a file can't be read, or the sidecar is of another table.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as refusal:
        raise FileError(f"{path.parent} can't be made: {refusal.strerror or refusal}.") from refusal
    with lock_folder(path.parent, announce):
        _settle(path)
        present = path.is_file()
        yield TableUpdate(
            path,
            read_sidecar(path) if present else None,
            hash_content(path) if present else None,
        )


def _settle(path: Path) -> None:
    """Finish what a writer of this table began and did not end, or forget it. The folder's lock is held."""
    folder, place = _next_folder(path), sidecar_path(path)
    coming = folder / place.name
    try:
        for torn in path.parent.glob(f".{glob.escape(place.name)}.*.part"):
            torn.unlink(missing_ok=True)
        if not folder.is_dir():
            return
        if (
            coming.is_file()
            and path.is_file()
            and parse_sidecar(coming.read_bytes(), coming).content == hash_content(path)
        ):
            coming.replace(place)
        shutil.rmtree(folder)
    except OSError as refusal:
        raise FileError(f"{folder} can't be cleared: {refusal.strerror or refusal}.") from refusal


def _sync_folder(folder: Path) -> None:
    """Wait until what was renamed in a folder is on the disk, where the system opens folders."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def keep_calibration(
    calibration: Calibration, table: Path, content: str, announce: Callable[[str], None] = lambda _: None
) -> Path:
    """Put a calibration into a table's sidecar, in place of an earlier one; return the sidecar's path.

    Args:
        calibration: what was fitted.
        table: the table's file.
        content: what `hash_content` gave of the table whose sums it was fitted to.
        announce: as in `update_table`.

    Raises:
        ConflictError: the table was changed since.
        FileError: a file can't be read or written.
    """
    with update_table(table, announce) as update:
        update.check_unchanged(content)
        sidecar = update.sidecar or Sidecar(device=calibration.device, has_unknown_origin=True)
        update.write_sidecar(msgspec.structs.replace(sidecar, calibration=calibration))
    return sidecar_path(table)
