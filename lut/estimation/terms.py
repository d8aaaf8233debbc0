"""What the time of an operator is a sum of, and where it lies among its neighbours.

Kernels work on blocks of pixels and channels, so that a sum of work alone would miss their steps. Which
blocks, and whether it matters what is left over of the last one, depends on the engine and the processor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lut.estimation.samples import Array, place_sizes

__all__ = ["FORMS", "Form", "find_places", "list_terms"]

Tiles = tuple[tuple[int, int], ...]
"""Blocks of so many pixels and so many output channels."""

_CACHE_BYTES = (32 << 10, 512 << 10)
"""Beyond these, a byte may cost more: what the usual first and second caches hold."""

_VECTOR, _NARROW, _WIDE = 16, 16, 32
_WASTE = 0.01
"""XNNPACK fills up output channels to whole blocks of 32, but of 16 where these waste less, and 32 would
waste more than this share (github.com/google/XNNPACK/pull/7940)."""

_KINDS = 8


@dataclass(frozen=True)
class Form:
    """Which terms a sum has."""

    tiles: Tiles
    """Of the blocks that kernels work on."""
    has_remainders: bool = False
    """Operators whose channels leave other remainders run other code, and each kind has terms of its own."""
    least_ops: int = 0
    """Fewer operators don't tell its terms apart."""


_SMALL_TILES: Tiles = ((4, 4), (4, 8), (8, 8))
_WIDE_TILES: Tiles = ((1, 16), (5, 16), (6, 16), (7, 16), (1, 32), (7, 32))

FORMS = (
    # The tiles of QNNPACK, and of XNNPACK where a vector has 128 bits.
    Form(_SMALL_TILES),
    # With those of vectors of 256 and 512 bits, which halve the errors of XNNPACK there, and more.
    Form((*_SMALL_TILES, *_WIDE_TILES), least_ops=120),
    # XNNPACK's float convolutions of 4x4 pixels take 0.41 ns for 16 multiply-adds with vectors of 512 bits,
    # but 0.51 in blocks of 16 output channels, or where 8 input channels are left over of the last 16.
    Form((*_SMALL_TILES, *_WIDE_TILES), has_remainders=True, least_ops=240),
)
"""From the shortest to the longest."""


def list_terms(sizes: Array, form: Form) -> Array:
    """Give what operators do, a row each: times are modelled as sums of these, each times a weight.

    A constant, pixels, channels, weights, multiply-adds, elements and bytes moved, bytes beyond what caches
    hold, and multiply-adds of whole tiles.
    """
    in_pixels, in_channels, out_pixels, out_channels, weights, work, moved = sizes.T
    fan_in = work / np.maximum(out_pixels * out_channels, 1)
    columns = [
        np.ones(len(sizes)),
        out_pixels,
        in_channels,
        out_channels,
        in_pixels * in_channels,
        out_pixels * out_channels,
        weights,
        work,
        moved,
        *(np.maximum(moved - cache, 0) for cache in _CACHE_BYTES),
        _fill(out_pixels, 4) * fan_in,
        *(_fill(out_pixels, rows) * _fill(out_channels, wide) * fan_in for rows, wide in form.tiles),
    ]
    if form.has_remainders:
        kinds = _tell_kinds(sizes)
        columns += [amount * kind for amount in (weights, work) for kind in kinds.T[1:]]
    return np.stack(columns, axis=1)


def find_places(sizes: Array, form: Form) -> Array:
    """Give where operators lie, a row each, on axes that are not scaled yet."""
    places = place_sizes(sizes)
    return np.concatenate([places, _tell_kinds(sizes)], axis=1) if form.has_remainders else places


def _fill(size: Array, tile: int) -> Array:
    return np.asarray(np.ceil(size / tile) * tile)


def _tell_kinds(sizes: Array) -> NDArray[np.float64]:
    """Give for each operator a row of zeros, with a one in the column of its kind."""
    read, written = sizes[:, 1], sizes[:, 3]
    wasted, wasted_narrow = -written % _WIDE, -written % _NARROW
    is_narrow = (wasted_narrow < wasted) & (wasted > _WASTE * written)
    kind = 4 * is_narrow + 2 * (wasted_narrow > 0) + (read % _VECTOR > 0)
    return np.asarray(np.eye(_KINDS)[kind.astype(int)])
