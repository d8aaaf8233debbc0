"""The curve of a family's times over its sizes: what fits them, without how far it may be wrong.

An operator's time is modelled as a sum of what it does: a constant, pixels, channels, weights, elements
read and written, bytes moved (and those beyond what a cache holds), multiply-adds, and the multiply-adds
of whole tiles, since kernels work on blocks of pixels and channels (so the model is piecewise in the
shape's axes). Which blocks, held-out operators tell. The weights are fitted to relative errors, robustly.
What is left over is corrected by the nearest measured operators, as far as that helps on operators held out.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from lut.estimation.samples import Array, Samples, find_nearest, place_sizes

__all__ = ["Correction", "Curve", "Tiles", "choose_tiles", "deal_folds"]

Correction = tuple[float, int]
"""How much of the residual is added, of how many neighbours."""

Tiles = tuple[tuple[int, int], ...]
"""Blocks of so many pixels and so many output channels."""

_SMALL_TILES: Tiles = ((4, 4), (4, 8), (8, 8))
"""Of QNNPACK, and of XNNPACK where a vector has 128 bits."""

_ALL_TILES: Tiles = (*_SMALL_TILES, (1, 16), (5, 16), (6, 16), (7, 16), (1, 32), (7, 32))
"""With those of vectors of 256 and 512 bits. There they halve the errors of XNNPACK, and more."""

_ENOUGH = 120
"""Operators for as many terms as all tiles have."""

_FOLDS = 5

_CACHE_BYTES = (32 << 10, 512 << 10)
"""Beyond these, a byte may cost more: what the usual first and second caches hold."""


class Curve:
    """A fit without its errors: the sum of what an operator does, corrected by its neighbours."""

    def __init__(self, samples: Samples, tiles: Tiles) -> None:
        self._tiles = tiles
        terms, times = _terms(samples.sizes, tiles), samples.runtime_us
        self._weights = _fit_relative(terms, times)
        self._floor = times.min() / 4
        self._scale = place_sizes(samples.sizes).std(axis=0)
        self._scale[self._scale < 1e-9] = 1.0  # an axis of one value tells no neighbours apart
        self._places = self.place(samples.sizes)
        self._residuals = np.log(times) - np.log(self._sum(samples.sizes))

    def _sum(self, sizes: Array) -> Array:
        return np.asarray(np.maximum(_terms(sizes, self._tiles) @ self._weights, self._floor))

    def place(self, sizes: Array) -> Array:
        """Give where operators lie among those of the fit, on axes along which these spread alike."""
        return np.asarray(place_sizes(sizes) / self._scale)

    def predict(self, sizes: Array, correction: Correction) -> Array:
        """Give times in microseconds, with a share of so many neighbours' residual added."""
        return self.predict_each(sizes, (correction,))[correction]

    def predict_each(self, sizes: Array, corrections: Collection[Correction]) -> dict[Correction, Array]:
        """Give times in microseconds with each of several corrections: neighbours are found once for all."""
        sums = self._sum(sizes)
        most = max((count for share, count in corrections if share), default=0)
        nearest = find_nearest(self.place(sizes), self._places, most)
        predicted = {}
        for share, count in corrections:
            residual = np.median(self._residuals[nearest[:, :count]], axis=1) if share else 0.0
            predicted[share, count] = np.asarray(sums * np.exp(share * residual))
        return predicted


def deal_folds(count: int, seed: int = 0) -> list[NDArray[np.intp]]:
    """Deal the numbers of so many operators into folds, each of which is held out in turn."""
    order = np.random.default_rng(seed).permutation(count)
    return [np.flatnonzero(order % _FOLDS == fold) for fold in range(_FOLDS)]


def choose_tiles(samples: Samples) -> Tiles:
    """Choose the tiles whose curve is closest to operators that it does not know; few tell few apart."""
    if len(samples) < _ENOUGH:
        return _SMALL_TILES

    def miss(tiles: Tiles) -> float:
        errors = []
        for out in deal_folds(len(samples)):
            curve = Curve(samples.leave_out(out), tiles)
            held = samples.take(out)
            errors.append(np.abs(np.log(held.runtime_us / curve.predict(held.sizes, (0.0, 1)))))
        return float(np.concatenate(errors).mean())

    return min(_SMALL_TILES, _ALL_TILES, key=miss)


def _terms(sizes: Array, tiles: Tiles) -> Array:
    """What an operator does, each a column: times are modelled as sums of these."""
    in_pixels, in_channels, out_pixels, out_channels, weights, work, moved = sizes.T
    fan_in = work / np.maximum(out_pixels * out_channels, 1)

    def tiled(size: Array, tile: int) -> Array:
        return np.asarray(np.ceil(size / tile) * tile)

    return np.stack(
        [
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
            tiled(out_pixels, 4) * fan_in,
            *(tiled(out_pixels, rows) * tiled(out_channels, columns) * fan_in for rows, columns in tiles),
        ],
        axis=1,
    )


def _fit_relative(terms: Array, times: Array) -> Array:
    """Find weights that make the sum of terms relatively close to the times, whatever some outliers say."""
    rows = terms / times[:, None]
    scale = np.abs(rows).max(axis=0)
    scale[scale == 0] = 1.0
    # In a basis whose columns are orthonormal, each step solves a system of a few unknowns, not of all rows.
    basis, lengths, axes = np.linalg.svd(rows / scale, full_matrices=False)
    kept = lengths > 1e-7 * lengths[0]
    basis = basis[:, kept]
    trust = np.ones(len(times))
    found = np.zeros(basis.shape[1])
    for _ in range(8):
        trusted = basis * trust[:, None]
        found = np.linalg.lstsq(trusted.T @ basis, trusted.sum(axis=0), rcond=1e-12)[0]
        wrong = np.abs(basis @ found - 1)
        usual = 1.5 * np.median(wrong) + 1e-12
        trust = np.minimum(1.0, usual / np.maximum(wrong, 1e-12))  # Huber's: linear in large errors
    return np.asarray(axes[kept].T @ (found / lengths[kept]) / scale)
