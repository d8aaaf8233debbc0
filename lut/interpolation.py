"""Estimating operators that a table lacks from those it holds: one model per family, with honest errors.

An operator's time is modelled as a sum of what it does: a constant, pixels, channels, weights, elements
read and written, bytes moved (and those beyond what a cache holds), multiply-adds, and the multiply-adds
of whole tiles, since kernels work on blocks of 4 or 8 pixels and channels (so the model is piecewise in
the shape's axes). The weights are fitted to relative errors, robustly. What is left over is corrected by
the nearest measured operators, as far as that helps on operators held out.

Errors are measured, not assumed: each family's operators are held out fold by fold, and the quantiles of
what was then wrong are the interval. Sizes beyond those of the family's measured operators, along any
axis, are refused; so are families with few operators.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from lut.families import Sizes, check_family
from lut.records import LutRecord, OpSpec
from lut.table import Prediction

__all__ = ["FamilyModel", "Interpolator", "Samples", "collect_samples", "fit_family", "fit_table"]

Array = NDArray[np.float64]
Correction = tuple[float, int]

LEAST_OPS = 30
"""A family with fewer operators gets no model."""

_MOST_OPS = 20_000
"""A family's model is fitted to so many of its operators, chosen at random, at most."""

_FOLDS = 5
_MOST_HELD_OUT = 4_000
_COVERAGE = 0.9
_LEAST_DOUBT = 0.005
"""No time is known closer than to this part of itself, however well a table's times follow sizes."""

_CACHE_BYTES = (32 << 10, 512 << 10)
"""Beyond these, a byte may cost more: what the usual first and second caches hold."""

_CORRECTIONS = ((0.0, 1), (0.5, 4), (1.0, 4), (0.5, 12), (1.0, 12))
"""How much of the residual of how many neighbours may be added; the held-out error decides."""


@dataclass(frozen=True)
class Samples:
    """A family's operators: sizes as rows in the order of `Sizes`, and times in microseconds."""

    sizes: Array
    runtime_us: Array

    def __len__(self) -> int:
        return len(self.runtime_us)

    def take(self, chosen: NDArray[np.intp]) -> Samples:
        """Give some of them."""
        return Samples(self.sizes[chosen], self.runtime_us[chosen])


def collect_samples(records: Iterable[LutRecord]) -> dict[str, Samples]:
    """Sort a table's records into families, but for those that can't be understood, or took no time."""
    sizes: dict[str, list[tuple[float, ...]]] = {}
    times: dict[str, list[float]] = {}
    for record in records:
        try:
            op = OpSpec.from_key(record.key)
        except ValueError:
            continue
        found = check_family(op)
        if found is None or record.p50 <= 0:
            continue
        family, size = found
        sizes.setdefault(family, []).append(size.as_tuple())
        times.setdefault(family, []).append(record.p50)
    return {name: Samples(np.array(sizes[name]), np.array(times[name])) for name in sorted(sizes)}


class _Curve:
    """A fit without its errors: the sum of what an operator does, corrected by its neighbours."""

    def __init__(self, samples: Samples) -> None:
        terms, times = _terms(samples.sizes), samples.runtime_us
        self._weights = _fit_relative(terms, times)
        self._floor = times.min() / 4
        self._places = _place(samples.sizes)
        self._scale = self._places.std(axis=0)
        self._scale[self._scale < 1e-9] = 1.0  # an axis of one value tells no neighbours apart
        self._residuals = np.log(times) - np.log(self._sum(samples.sizes))

    def _sum(self, sizes: Array) -> Array:
        return np.asarray(np.maximum(_terms(sizes) @ self._weights, self._floor))

    def predict(self, sizes: Array, correction: Correction) -> Array:
        """Give times in microseconds, with a share of so many neighbours' residual added."""
        share, count = correction
        residual = self._correct(sizes, count) if share else np.zeros(len(sizes))
        return np.asarray(self._sum(sizes) * np.exp(share * residual))

    def _correct(self, sizes: Array, neighbours: int) -> Array:
        places, own = _place(sizes) / self._scale, self._places / self._scale
        count = min(neighbours, len(own))
        squares = (own**2).sum(axis=1)
        corrections = np.empty(len(places))
        for start in range(0, len(places), 256):  # all distances at once would take gigabytes
            part = places[start : start + 256]
            distances = squares - 2 * part @ own.T  # plus part**2, which orders nothing
            nearest = np.argpartition(distances, count - 1, axis=1)[:, :count]
            corrections[start : start + 256] = np.median(self._residuals[nearest], axis=1)
        return corrections


@dataclass(frozen=True)
class FamilyModel:
    """A family's model: its curve, its hull, and the ratios of true to predicted time that bound it."""

    name: str
    operators: int
    correction: Correction
    low_ratio: float
    high_ratio: float
    least: Array
    most: Array
    curve: _Curve

    def predict(self, sizes: Array) -> Array:
        """Give times in microseconds for rows of sizes, which must lie inside the hull."""
        return self.curve.predict(sizes, self.correction)


def fit_family(name: str, samples: Samples, seed: int = 0) -> FamilyModel:
    """Fit a family's model, and measure its errors on operators held out."""
    random = np.random.default_rng(seed)
    if len(samples) > _MOST_OPS:
        samples = samples.take(random.permutation(len(samples))[:_MOST_OPS])
    fold = random.permutation(len(samples)) % _FOLDS
    logs: dict[Correction, list[Array]] = {correction: [] for correction in _CORRECTIONS}
    for number in range(_FOLDS):
        out = np.flatnonzero(fold == number)[: _MOST_HELD_OUT // _FOLDS]
        curve = _Curve(samples.take(np.flatnonzero(fold != number)))
        for correction, parts in logs.items():
            predicted = curve.predict(samples.sizes[out], correction)
            parts.append(np.log(samples.runtime_us[out] / predicted))
    errors = {correction: np.concatenate(parts) for correction, parts in logs.items()}
    chosen = min(_CORRECTIONS, key=lambda correction: float(np.abs(errors[correction]).mean()))
    low, high = _bounds(errors[chosen])
    return FamilyModel(
        name,
        len(samples),
        chosen,
        low,
        high,
        samples.sizes.min(axis=0),
        samples.sizes.max(axis=0),
        _Curve(samples),
    )


def _bounds(errors: Array) -> tuple[float, float]:
    """Give the ratios of true to predicted time between which one more operator lies nine times in ten."""
    tail = (1 - _COVERAGE) / 2
    # Of n errors and one more, each is as likely to be the least: the plain quantiles of few are too close.
    low, high = np.exp(np.quantile(errors, [tail, 1 - tail], method="weibull"))
    return min(float(low), 1 - _LEAST_DOUBT), max(float(high), 1 + _LEAST_DOUBT)


class Interpolator:
    """A table's families, each fitted when it is first asked for."""

    def __init__(self, families: dict[str, Samples]) -> None:
        self._families = families
        self._models: dict[str, FamilyModel] = {}

    def predict(self, op: OpSpec) -> Prediction | None:
        """Estimate an operator's time; None where `refusal` has a reason."""
        if self.refusal(op) is not None:
            return None
        found = check_family(op)
        assert found is not None
        family, sizes = found
        model = self._model(family)
        time = float(model.predict(np.array([sizes.as_tuple()]))[0])
        return Prediction(time, time * model.low_ratio, time * model.high_ratio, family)

    def refusal(self, op: OpSpec) -> str | None:
        """Say why an operator can't be estimated from the table; None if it can."""
        found = check_family(op)
        if found is None:
            return "the operator does not fit its type"
        family, sizes = found
        samples = self._families.get(family)
        if samples is None or len(samples) < LEAST_OPS:
            return (
                f"the table has {0 if samples is None else len(samples)} of {family}, needed are {LEAST_OPS}"
            )
        model = self._model(family)
        for field, size, least, most in zip(
            fields(Sizes), sizes.as_tuple(), model.least, model.most, strict=True
        ):
            if not least <= size <= most:
                name = field.name.replace("_", " ")
                return f"{size:.0f} {name} are outside the table's {least:.0f} to {most:.0f} of {family}"
        return None

    def _model(self, family: str) -> FamilyModel:
        if family not in self._models:
            self._models[family] = fit_family(family, self._families[family])
        return self._models[family]


def fit_table(records: Iterable[LutRecord]) -> Interpolator:
    """Prepare the estimation of operators from a table's records."""
    return Interpolator(collect_samples(records))


def _terms(sizes: Array) -> Array:
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
            tiled(out_pixels, 4) * tiled(out_channels, 4) * fan_in,
            tiled(out_pixels, 4) * tiled(out_channels, 8) * fan_in,
            tiled(out_pixels, 8) * tiled(out_channels, 8) * fan_in,
        ],
        axis=1,
    )


def _place(sizes: Array) -> Array:
    """Where an operator stands among its neighbours: the logarithms of its first four axes."""
    return np.log(np.maximum(sizes[:, :4], 1))


def _fit_relative(terms: Array, times: Array) -> Array:
    """Find weights that make the sum of terms relatively close to the times, whatever some outliers say."""
    rows = terms / times[:, None]
    scale = np.abs(rows).max(axis=0)
    scale[scale == 0] = 1.0
    rows = rows / scale
    trust = np.ones(len(times))
    weights = np.zeros(terms.shape[1])
    for _ in range(8):
        root = np.sqrt(trust)
        weights = np.linalg.lstsq(rows * root[:, None], root, rcond=1e-7)[0]
        wrong = np.abs(rows @ weights - 1)
        usual = 1.5 * np.median(wrong) + 1e-12
        trust = np.minimum(1.0, usual / np.maximum(wrong, 1e-12))  # Huber's: linear in large errors
    return np.asarray(weights / scale)
