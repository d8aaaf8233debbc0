"""The model of a family: its curve, and how far off its estimates are.

How many neighbours may correct the curve, and how much, is what did best on operators held out.

Errors are measured, not assumed: each family's operators are held out fold by fold, and the quantiles of
what was then wrong, as multiples of what was wrong around them, are the interval.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lut.estimation.curve import Correction, Curve, choose_form, deal_folds
from lut.estimation.doubt import spread_doubt
from lut.estimation.samples import LEAST_OPS, Array, Samples, lie_within

__all__ = ["FamilyModel", "fit_family", "judge_by"]

_MOST_OPS = 20_000
"""A family's model is fitted to so many of its operators, chosen at random, at most."""

_MOST_HELD_OUT = 4_000
_COVERAGE = 0.9
_LEAST_HALF_WIDTH = 0.005
"""No time is known closer than to this part of itself, however well a table's times follow sizes."""

_CORRECTIONS = ((0.0, 1), (0.5, 4), (1.0, 4), (0.5, 12), (1.0, 12))
"""How much of the residual of how many neighbours may be added; the held-out error decides."""


@dataclass(frozen=True)
class FamilyModel:
    """A family's model: its curve, its hull, and how far off its estimates are."""

    name: str
    operators: int
    correction: Correction
    low: float
    """Nine in ten logarithms of true / predicted time are between `low` and `high` times the doubt around."""
    high: float
    least: Array
    most: Array
    curve: Curve
    judged: Array
    """Where the samples lie that were held out in turn, a row each; all of them, unless they are many."""
    errors: Array
    """The logarithm of true / predicted time of each of those, where the fit did not know it."""
    multiples: Array
    """The same as multiples of the doubt around each."""

    def holds(self, sizes: Array) -> NDArray[np.bool_]:
        """Tell which rows of sizes lie inside the hull."""
        return lie_within(sizes, self.least, self.most)

    def predict(self, sizes: Array) -> Array:
        """Give times in microseconds for rows of sizes, which must lie inside the hull."""
        return self.curve.predict(sizes, self.correction)

    def doubt(self, sizes: Array, most: int | None = None) -> Array:
        """Give how far off estimates are around rows of sizes; of many known errors, look at `most`."""
        return spread_doubt(self.curve.place(sizes), self.judged, self.errors, most=most)

    def bound(self, sizes: Array) -> tuple[Array, Array]:
        """Give the ratios of true to predicted time that hold nine in ten, for rows of sizes."""
        doubt = self.doubt(sizes)
        low, high = np.exp(self.low * doubt), np.exp(self.high * doubt)
        return np.minimum(low, 1 - _LEAST_HALF_WIDTH), np.maximum(high, 1 + _LEAST_HALF_WIDTH)


def fit_family(name: str, samples: Samples, seed: int = 0) -> FamilyModel:
    """Fit a family's model, and measure its errors on operators held out."""
    if len(samples) > _MOST_OPS:
        samples = samples.take(np.random.default_rng(seed).permutation(len(samples))[:_MOST_OPS])
    form = choose_form(samples)
    logs: dict[Correction, list[Array]] = {correction: [] for correction in _CORRECTIONS}
    judged = []
    folds = deal_folds(len(samples), seed)
    for fold in folds:
        out = fold[: _MOST_HELD_OUT // len(folds)]
        judged.append(out)
        curve = Curve(samples.leave_out(fold), form)
        for correction, predicted in curve.predict_each(samples.sizes[out], _CORRECTIONS).items():
            logs[correction].append(np.log(samples.runtime_us[out] / predicted))
    errors = {correction: np.concatenate(parts) for correction, parts in logs.items()}
    chosen = min(_CORRECTIONS, key=lambda correction: float(np.abs(errors[correction]).mean()))
    curve = Curve(samples, form)
    places = curve.place(samples.sizes[np.concatenate(judged)])
    multiples = errors[chosen] / spread_doubt(places, places, errors[chosen], is_own=True)
    return FamilyModel(
        name,
        len(samples),
        chosen,
        *_bounds(multiples),
        samples.sizes.min(axis=0),
        samples.sizes.max(axis=0),
        curve,
        places,
        errors[chosen],
        multiples,
    )


def _bounds(multiples: Array) -> tuple[float, float]:
    """Give the multiples between which that of one more operator lies nine times in ten."""
    tail = (1 - _COVERAGE) / 2
    # Of n and one more, each is as likely to be the least: the plain quantiles of few are too close.
    low, high = np.quantile(multiples, [tail, 1 - tail], method="weibull")
    return float(low), float(high)


def judge_by(model: FamilyModel, held_out: Samples) -> FamilyModel:
    """Take a model's interval from operators that were measured for that, and that it is not fitted to.

    Where an operator was chosen because little was known of it, the fit's own folds are harder than the rest
    of the space. Few operators are joined by those folds.
    """
    held_out = held_out.take(np.flatnonzero(model.holds(held_out.sizes)))
    errors = np.log(held_out.runtime_us / model.predict(held_out.sizes))
    multiples = errors / model.doubt(held_out.sizes)
    if len(multiples) < LEAST_OPS:
        multiples = np.concatenate([multiples, model.multiples])
    low, high = _bounds(multiples)
    return replace(model, low=low, high=high)
