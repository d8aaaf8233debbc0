"""Block tables as files: .npz and .json, which are read back, and .csv."""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from lut.errors import FileError
from lut.files import open_atomically, read_bytes, write_atomically
from lut.schema import Name, Record, Share, Text, convert, decode, encode_file
from lut.spaces.block_table import BlockTable

__all__ = ["BLOCK_FORMATS", "load_blocks", "write_blocks"]


class _Fields(Record, frozen=True):
    """A block table as it is written: rows are layers, columns are blocks."""

    space: Name
    device: Name
    layers: tuple[Name, ...]
    blocks: tuple[Name, ...]
    latency_us: tuple[tuple[Share, ...], ...]
    estimated_us: tuple[tuple[Share, ...], ...]
    fixed_us: Share
    fixed_estimated_us: Share
    doubts: tuple[Text, ...] = ()

    def __post_init__(self) -> None:
        rows, columns = len(self.layers), len(self.blocks)
        for matrix in (self.latency_us, self.estimated_us):
            if len(matrix) != rows or any(len(row) != columns for row in matrix):
                raise ValueError(f"its matrix is no {rows} layers by {columns} blocks")


def _fields_of(table: BlockTable) -> dict[str, Any]:
    return {name: np.asarray(getattr(table, name)).tolist() for name in _Fields.__struct_fields__}


def _write_npz(table: BlockTable, path: Path) -> None:
    with open_atomically(path) as stream:
        arrays: dict[str, Any] = {name: np.asarray(each) for name, each in _fields_of(table).items()}
        np.savez(stream, **arrays)


def _write_json(table: BlockTable, path: Path) -> None:
    write_atomically(path, encode_file(_fields_of(table)))


def _write_csv(table: BlockTable, path: Path) -> None:
    """One line a block; what is around the layers is the layer `fixed`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["layer", "block", "latency_us", "estimated_us"])
    writer.writerow(["fixed", "", table.fixed_us, table.fixed_estimated_us])
    for layer, latencies, estimated in zip(table.layers, table.latency_us, table.estimated_us, strict=True):
        for row in zip(table.blocks, latencies.tolist(), estimated.tolist(), strict=True):
            writer.writerow([layer, *row])
    write_atomically(path, text.getvalue().encode())


BLOCK_FORMATS: dict[str, Callable[[BlockTable, Path], None]] = {
    ".npz": _write_npz,
    ".json": _write_json,
    ".csv": _write_csv,
}


def write_blocks(table: BlockTable, path: Path) -> None:
    """Write a block table in the form that the file's ending names, all or nothing.

    Raises:
        FileError: the ending is none of `BLOCK_FORMATS`, the file can't be written, or a figure of the table
            is no time.
    """
    if path.suffix not in BLOCK_FORMATS:
        raise FileError(f"{path} ends in none of {', '.join(BLOCK_FORMATS)}, the forms of block tables.")
    try:
        convert(_fields_of(table), _Fields)
    except ValueError as fault:
        raise FileError(f"{path} can't take the block table: {fault}.") from fault
    BLOCK_FORMATS[path.suffix](table, path)


_MOST_BYTES = 1 << 28
"""What a .npz may expand to."""

_DAMAGES = (
    *(ValueError, KeyError, TypeError, OSError, EOFError, RuntimeError, MemoryError, SyntaxError),
    *(zipfile.BadZipFile, zlib.error, OverflowError),
)
"""What numpy and zipfile raise on files that are none of theirs."""


def load_blocks(path: str | Path) -> BlockTable:
    """Read a block table back from .npz or .json.

    Raises:
        FileError: the file can't be read, or holds no block table.
    """
    path = Path(path)
    data = read_bytes(path)
    try:
        fields = _read_npz(data) if path.suffix == ".npz" else decode(data, _Fields)
    except _DAMAGES as error:
        raise FileError(
            f"{path} is not a block table ({error}). Expected a .npz or .json file of `lut blocks`."
        ) from error
    shape = len(fields.layers), len(fields.blocks)
    return BlockTable(
        fields.space,
        fields.device,
        fields.layers,
        fields.blocks,
        np.array(fields.latency_us, dtype=np.float64).reshape(shape),
        np.array(fields.estimated_us, dtype=np.float64).reshape(shape),
        fields.fixed_us,
        fields.fixed_estimated_us,
        fields.doubts,
    )


def _read_npz(data: bytes) -> _Fields:
    with zipfile.ZipFile(io.BytesIO(data)) as members:
        if sum(member.file_size for member in members.infolist()) > _MOST_BYTES:
            raise ValueError(f"it expands beyond {_MOST_BYTES} bytes")
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        return convert({name: archive[name].tolist() for name in archive.files}, _Fields)
