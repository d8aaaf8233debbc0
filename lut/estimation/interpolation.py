"""Estimating operators that a table lacks from those it holds: one model per family, with honest errors.

What is fitted is said in `lut.estimation.curve`. How many neighbours may correct it, and how much, is what
did best on operators held out.

Errors are measured, not assumed: each family's operators are held out fold by fold, and the quantiles of
what was then wrong are the interval. Sizes beyond those of the family's measured operators, along any
axis, are refused; so are families with few operators.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from lut.estimation.curve import Array, Correction, Curve, Samples
from lut.estimation.prediction import Prediction
from lut.ops import OpSpec, Sizes, check_family
from lut.records import LutRecord

__all__ = [
    "LEAST_OPS",
    "FamilyModel",
    "Interpolator",
    "Samples",
    "collect_samples",
    "fit_family",
    "fit_table",
]

LEAST_OPS = 30
"""A family with fewer operators gets no model."""

_MOST_OPS = 20_000
"""A family's model is fitted to so many of its operators, chosen at random, at most."""

_FOLDS = 5
_MOST_HELD_OUT = 4_000
_COVERAGE = 0.9
_LEAST_DOUBT = 0.005
"""No time is known closer than to this part of itself, however well a table's times follow sizes."""

_CORRECTIONS = ((0.0, 1), (0.5, 4), (1.0, 4), (0.5, 12), (1.0, 12))
"""How much of the residual of how many neighbours may be added; the held-out error decides."""


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
    curve: Curve
    judged: NDArray[np.intp]
    """Which of the samples were held out in turn; all of them, unless they are many."""
    errors: Array
    """The logarithm of true / predicted time of each of those, where the fit did not know it."""

    def holds(self, sizes: Array) -> NDArray[np.bool_]:
        """Tell which rows of sizes lie inside the hull."""
        return np.asarray(((sizes >= self.least) & (sizes <= self.most)).all(axis=1))

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
    judged = []
    for number in range(_FOLDS):
        out = np.flatnonzero(fold == number)[: _MOST_HELD_OUT // _FOLDS]
        judged.append(out)
        curve = Curve(samples.take(np.flatnonzero(fold != number)))
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
        Curve(samples),
        np.concatenate(judged),
        errors[chosen],
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
            return f"the table has {0 if samples is None else len(samples)} of {family}; it takes {LEAST_OPS}"
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
