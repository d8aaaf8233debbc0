"""Block tables as files: .npz and .json, which are read back, and .csv."""

from __future__ import annotations

import csv
import io
import json
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from lut.errors import FileError
from lut.files import open_atomically, parse_json, read_bytes, write_atomically
from lut.spaces.block_table import BlockTable

__all__ = ["BLOCK_FORMATS", "load_blocks", "write_blocks"]

_TEXTS = ("space", "device", "layers", "blocks")
_FIGURES = ("latency_us", "estimated_us", "fixed_us", "fixed_estimated_us")


def _write_npz(table: BlockTable, path: Path) -> None:
    with open_atomically(path) as stream:
        arrays: dict[str, Any] = {name: np.asarray(getattr(table, name)) for name in (*_TEXTS, *_FIGURES)}
        np.savez(stream, **arrays)


def _write_json(table: BlockTable, path: Path) -> None:
    fields = {name: getattr(table, name) for name in _TEXTS}
    fields |= {name: np.asarray(getattr(table, name)).tolist() for name in _FIGURES}
    write_atomically(path, json.dumps(fields, indent=1).encode() + b"\n")


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
        FileError: the ending is none of `BLOCK_FORMATS`, or the file can't be written.
    """
    if path.suffix not in BLOCK_FORMATS:
        raise FileError(f"{path} ends in none of {', '.join(BLOCK_FORMATS)}, the forms of block tables.")
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
        if path.suffix == ".npz":
            with zipfile.ZipFile(io.BytesIO(data)) as members:
                if sum(member.file_size for member in members.infolist()) > _MOST_BYTES:
                    raise ValueError(f"it expands beyond {_MOST_BYTES} bytes")
            with np.load(io.BytesIO(data), allow_pickle=False) as archive:
                fields = {name: archive[name].tolist() for name in (*_TEXTS, *_FIGURES)}
        else:
            fields = parse_json(data)
        table = BlockTable(
            str(fields["space"]),
            str(fields["device"]),
            tuple(map(str, fields["layers"])),
            tuple(map(str, fields["blocks"])),
            np.array(fields["latency_us"], dtype=np.float64),
            np.array(fields["estimated_us"], dtype=np.float64),
            float(fields["fixed_us"]),
            float(fields["fixed_estimated_us"]),
        )
        shape = (len(table.layers), len(table.blocks))
        if table.latency_us.shape != shape or table.estimated_us.shape != shape:
            raise ValueError(f"its matrix is no {shape[0]} layers by {shape[1]} blocks")
        if not np.isfinite(table.latency_us).all():
            raise ValueError("a latency is not a number")
    except _DAMAGES as error:
        raise FileError(
            f"{path} is not a block table ({error}). Expected a .npz or .json file of `lut blocks`."
        ) from error
    return table
