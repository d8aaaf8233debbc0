"""The latency of every block of a search space, for searches that choose blocks by the million.

    blocks = lut.blocks("fbnet", table)
    blocks.total_us(choices)          # (architectures, layers) block numbers -> microseconds each
    blocks.expected_us(probabilities) # (…, layers, blocks) -> expected microseconds

The expected latency is linear in the probabilities, and its gradient is the matrix `latency_us` itself: in
a framework with automatic differentiation, write `(probabilities * latency_us).sum() + fixed_us`.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lut.errors import FileError, MissingError
from lut.files import open_atomically, parse_json, read_bytes, write_atomically
from lut.ops import OpSpec
from lut.spaces import BLOCK_SPACES, BlockSpace
from lut.table import LutTable

__all__ = ["BLOCK_FORMATS", "BlockTable", "block_space", "load_blocks", "make_blocks", "write_blocks"]

Array = NDArray[np.float64]

_CHUNK = 1 << 16
"""Architectures summed at a time, so that what is at work stays in the processor's cache."""


@dataclass(frozen=True)
class BlockTable:
    """The blocks' latencies in microseconds: each is the sum of its operators' medians.

    `estimated_us` is the part of each latency that was estimated and not measured, zero where none was; so is
    `fixed_estimated_us` of `fixed_us`, the operators around the layers.
    """

    space: str
    device: str
    layers: tuple[str, ...]
    blocks: tuple[str, ...]
    latency_us: Array
    estimated_us: Array
    fixed_us: float
    fixed_estimated_us: float

    def total_us(self, choices: ArrayLike) -> Array:
        """Sum architectures, given as the numbers of their blocks, one row each and one column a layer.

        Raises:
            ValueError: another number of columns, or a number that is no block.
        """
        chosen = np.atleast_2d(np.asarray(choices))
        if chosen.shape[1] != len(self.layers) or chosen.dtype.kind not in "iu":
            raise ValueError(
                f"choices are {chosen.dtype} of shape {chosen.shape}, expected are whole numbers, "
                f"{len(self.layers)} in a row"
            )
        if chosen.size and (chosen.min() < 0 or chosen.max() >= len(self.blocks)):
            raise ValueError(f"a choice is no block: they are numbered 0 to {len(self.blocks) - 1}")
        total = np.full(len(chosen), self.fixed_us)
        for start in range(0, len(chosen), _CHUNK):
            part = chosen[start : start + _CHUNK]
            for layer, latencies in enumerate(self.latency_us):
                total[start : start + _CHUNK] += latencies[part[:, layer]]
        return total

    def expected_us(self, probabilities: ArrayLike) -> Array:
        """Give the expected latency for probabilities of each layer's blocks, whole batches at once.

        Raises:
            ValueError: the last two axes are not layers and blocks.
        """
        weights = np.asarray(probabilities, dtype=np.float64)
        if weights.shape[-2:] != self.latency_us.shape:
            layers, blocks = self.latency_us.shape
            raise ValueError(f"probabilities are {weights.shape}, expected is (…, {layers}, {blocks})")
        return np.asarray(self.fixed_us + np.einsum("...lb,lb->...", weights, self.latency_us))


def block_space(name: str, **options: Any) -> BlockSpace:
    """Build a space of blocks by its name; the options are those of its module.

    Raises:
        FileError: there is no such space, or it has no such option.
    """
    if name not in BLOCK_SPACES:
        raise FileError(f"No space of blocks is called {name!r}. Known are: {', '.join(BLOCK_SPACES)}.")
    known = signature(BLOCK_SPACES[name]).parameters
    if unknown := sorted(options.keys() - known.keys()):
        raise FileError(f"The space {name} has no option {unknown[0]!r}, only: {', '.join(known) or 'none'}.")
    return BLOCK_SPACES[name](**options)


def make_blocks(space: str | BlockSpace, table: LutTable, *, interpolate: bool = False) -> BlockTable:
    """Look all blocks of a space up.

    Args:
        space: a name of `lut.spaces.BLOCK_SPACES`, or a space.
        table: where to look.
        interpolate: whether to estimate operators that the table lacks; see `lut.interpolation`.

    Raises:
        MissingError: the table lacks operators, and they are not, or can't be, estimated. They are the
            error's `ops`.
    """
    if isinstance(space, str):
        space = block_space(space)
    missing: dict[OpSpec, None] = {}

    def sum_ops(ops: tuple[OpSpec, ...]) -> tuple[float, float]:
        result = table.estimate(ops, interpolate=interpolate)
        missing.update(dict.fromkeys(result.missing))
        return result.known_us, result.predicted_us

    sums = np.array([[sum_ops(ops) for ops in layer] for layer in space.choices])
    fixed_us, fixed_estimated_us = sum_ops(space.fixed)
    if missing:
        raise MissingOpsError(space.name, tuple(missing))
    return BlockTable(
        space.name,
        ", ".join(table.devices),
        space.layers,
        space.blocks,
        sums[..., 0],
        sums[..., 1],
        fixed_us,
        fixed_estimated_us,
    )


class MissingOpsError(MissingError):
    """Operators of a space that a table lacks: `ops`."""

    def __init__(self, space: str, ops: tuple[OpSpec, ...]) -> None:
        names = "\n".join(f"  {op.describe()}" for op in ops)
        super().__init__(f"The table does not hold {len(ops)} operators of the space {space}:\n{names}")
        self.ops = ops


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
            raise ValueError("a latency is no number")
    except _DAMAGES as error:
        raise FileError(
            f"{path} is no block table ({error}). Expected is a .npz or .json file of `lut blocks`."
        ) from error
    return table
