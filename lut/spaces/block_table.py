"""The latency of every block of a search space, for searches that choose blocks by the million.

    blocks = lut.blocks("fbnet", table)
    blocks.total_us(choices)          # (architectures, layers) block numbers -> microseconds each
    blocks.expected_us(probabilities) # (…, layers, blocks) -> expected microseconds

The expected latency is linear in the probabilities, and its gradient is the matrix `latency_us` itself: in
a framework with automatic differentiation, write `(probabilities * latency_us).sum() + fixed_us`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lut.errors import MissingError
from lut.ops import OpSpec
from lut.spaces.block_space import BlockSpace
from lut.table import LutTable, Quality

__all__ = ["BlockTable", "MissingOpsError", "make_blocks"]

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
    doubts: tuple[str, ...] = ()
    """Which operators are something else than measured, a clause each; see `lut.table.Quality`."""

    def total_us(self, choices: ArrayLike) -> Array:
        """Sum architectures, given as the numbers of their blocks, one row each and one column a layer.

        Raises:
            ValueError: another number of columns, or a number that is not a block.
        """
        chosen = np.atleast_2d(np.asarray(choices))
        if chosen.shape[1] != len(self.layers) or chosen.dtype.kind not in "iu":
            raise ValueError(
                f"choices are {chosen.dtype} of shape {chosen.shape}; expected whole numbers, "
                f"{len(self.layers)} in a row"
            )
        if chosen.size and (chosen.min() < 0 or chosen.max() >= len(self.blocks)):
            raise ValueError(f"a choice is not a block: they are numbered 0 to {len(self.blocks) - 1}")
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
            raise ValueError(f"probabilities are {weights.shape}; expected (…, {layers}, {blocks})")
        return np.asarray(self.fixed_us + np.einsum("...lb,lb->...", weights, self.latency_us))


def make_blocks(space: BlockSpace, table: LutTable, *, interpolate: bool = False) -> BlockTable:
    """Look all blocks of a space up.

    Args:
        space: whose blocks.
        table: where to look.
        interpolate: whether to estimate operators that the table lacks; see `lut.estimation`.

    Raises:
        MissingError: the table lacks operators, and they are not, or can't be, estimated. They are the
            error's `ops`.
    """
    missing: dict[OpSpec, None] = {}
    qualities: dict[OpSpec, Quality] = {}

    def sum_ops(ops: tuple[OpSpec, ...]) -> tuple[float, float]:
        result = table.estimate(ops, interpolate=interpolate)
        missing.update(dict.fromkeys(result.missing))
        qualities.update({row.op: row.quality for row in result.rows if row.quality is not None})
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
        tuple(_describe_doubts(qualities)),
    )


def _describe_doubts(qualities: dict[OpSpec, Quality]) -> Iterator[str]:
    for quality, count in sorted(Counter(qualities.values()).items()):
        if quality.kind != "measured":
            yield f"{count:,} of {len(qualities):,} operators are {quality.describe()}"


class MissingOpsError(MissingError):
    """Operators of a space that a table lacks: `ops`."""

    def __init__(self, space: str, ops: tuple[OpSpec, ...]) -> None:
        names = "\n".join(f"  {op.describe()}" for op in ops)
        super().__init__(f"The table does not hold {len(ops)} operators of the space {space}:\n{names}")
        self.ops = ops
