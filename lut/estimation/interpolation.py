"""Estimating operators that a table lacks from those it holds: one model per family, with honest errors.

What is fitted is said in `lut.estimation.curve`. How many neighbours may correct it, and how much, is what
did best on operators held out.

Errors are measured, not assumed: each family's operators are held out fold by fold, and the quantiles of
what was then wrong, as multiples of what was wrong around them, are the interval. Sizes beyond those of the
family's measured operators, along any axis, are refused; so are families with few operators.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from lut.estimation.curve import (
    LEAST_OPS,
    Array,
    Correction,
    Curve,
    Samples,
    choose_tiles,
    deal_folds,
    lie_within,
)
from lut.estimation.doubt import spread_doubt
from lut.estimation.pace import even_out, find_paces
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

_MOST_OPS = 20_000
"""A family's model is fitted to so many of its operators, chosen at random, at most."""

_MOST_HELD_OUT = 4_000
_COVERAGE = 0.9
_LEAST_DOUBT = 0.005
"""No time is known closer than to this part of itself, however well a table's times follow sizes."""

_CORRECTIONS = ((0.0, 1), (0.5, 4), (1.0, 4), (0.5, 12), (1.0, 12))
"""How much of the residual of how many neighbours may be added; the held-out error decides."""


def collect_samples(
    records: Iterable[LutRecord], rounds: Sequence[Collection[str]] = ()
) -> dict[str, Samples]:
    """Sort a table's records into families, but for those that can't be understood, or took no time.

    Args:
        records: a table's.
        rounds: the ids of operators that were measured in the same round, where there were rounds.
    """
    sizes: dict[str, list[tuple[float, ...]]] = {}
    times: dict[str, list[float]] = {}
    numbers: dict[str, list[int]] = {}
    round_of = {op_id: number for number, ids in enumerate(rounds) for op_id in ids}
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
        numbers.setdefault(family, []).append(round_of.get(op.id, -1))
    return {
        name: Samples(np.array(sizes[name]), np.array(times[name]), np.array(numbers[name]))
        for name in sorted(sizes)
    }


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
        return np.minimum(low, 1 - _LEAST_DOUBT), np.maximum(high, 1 + _LEAST_DOUBT)


def fit_family(name: str, samples: Samples, seed: int = 0) -> FamilyModel:
    """Fit a family's model, and measure its errors on operators held out."""
    if len(samples) > _MOST_OPS:
        samples = samples.take(np.random.default_rng(seed).permutation(len(samples))[:_MOST_OPS])
    tiles = choose_tiles(samples)
    logs: dict[Correction, list[Array]] = {correction: [] for correction in _CORRECTIONS}
    judged = []
    folds = deal_folds(len(samples), seed)
    for fold in folds:
        out = fold[: _MOST_HELD_OUT // len(folds)]
        judged.append(out)
        curve = Curve(samples.take(np.setdiff1d(np.arange(len(samples)), fold)), tiles)
        for correction, predicted in curve.predict_each(samples.sizes[out], _CORRECTIONS).items():
            logs[correction].append(np.log(samples.runtime_us[out] / predicted))
    errors = {correction: np.concatenate(parts) for correction, parts in logs.items()}
    chosen = min(_CORRECTIONS, key=lambda correction: float(np.abs(errors[correction]).mean()))
    curve = Curve(samples, tiles)
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


class Interpolator:
    """A table's families, each fitted when it is first asked for."""

    def __init__(
        self, families: Mapping[str, Samples], held_out: Mapping[str, Samples] | None = None
    ) -> None:
        """Take the samples of each family to fit, and those to judge by, to which nothing is fitted."""
        self._families = families
        self._held_out = held_out or {}
        self._models: dict[str, FamilyModel] = {}

    def predict(self, op: OpSpec) -> Prediction | None:
        """Estimate an operator's time; None where `refusal` has a reason."""
        return self.predict_many([op])[0]

    def predict_many(self, ops: Iterable[OpSpec]) -> list[Prediction | None]:
        """Estimate operators' times in their order; None for each where `refusal` has a reason."""
        members: dict[str, list[tuple[int, tuple[float, ...]]]] = {}
        predictions: list[Prediction | None] = []
        for number, op in enumerate(ops):
            predictions.append(None)
            if found := check_family(op):
                members.setdefault(found[0], []).append((number, found[1].as_tuple()))
        for family, rows in members.items():
            if len(self._families.get(family, ())) < LEAST_OPS:
                continue
            model = self.model(family)
            sizes = np.array([size for _, size in rows])
            inside = np.flatnonzero(model.holds(sizes))
            times = model.predict(sizes[inside])
            bounds = (ratio * times for ratio in model.bound(sizes[inside]))
            for place, time, low, high in zip(
                inside, *(each.tolist() for each in (times, *bounds)), strict=True
            ):
                predictions[rows[place][0]] = Prediction(time, low, high, family)
        return predictions

    def judge(self, family: str) -> tuple[Array, Array, Array]:
        """Compare a family's estimates with the operators that were held out and can be estimated.

        Returns:
            their sizes, a row each, their measured times, and measured / predicted.
        """
        held_out = self._held_out.get(family)
        if held_out is None or len(self._families.get(family, ())) < LEAST_OPS:
            return np.empty((0, len(fields(Sizes)))), np.empty(0), np.empty(0)
        model = self.model(family)
        held_out = held_out.take(np.flatnonzero(model.holds(held_out.sizes)))
        return held_out.sizes, held_out.runtime_us, held_out.runtime_us / model.predict(held_out.sizes)

    def refusal(self, op: OpSpec) -> str | None:
        """Say why an operator can't be estimated from the table; None if it can."""
        found = check_family(op)
        if found is None:
            return "the operator does not fit its type"
        family, sizes = found
        samples = self._families.get(family)
        if samples is None or len(samples) < LEAST_OPS:
            return f"the table has {0 if samples is None else len(samples)} of {family}; it takes {LEAST_OPS}"
        model = self.model(family)
        for field, size, least, most in zip(
            fields(Sizes), sizes.as_tuple(), model.least, model.most, strict=True
        ):
            if not least <= size <= most:
                name = field.name.replace("_", " ")
                return f"{size:.0f} {name} are outside the table's {least:.0f} to {most:.0f} of {family}"
        return None

    def model(self, family: str) -> FamilyModel:
        """Give a family's model; the family must have `LEAST_OPS` operators."""
        if family not in self._models:
            model = fit_family(family, self._families[family])
            if family in self._held_out:
                model = judge_by(model, self._held_out[family])
            self._models[family] = model
        return self._models[family]


def fit_table(
    records: Iterable[LutRecord],
    held_out: Set[str] = frozenset(),
    rounds: Sequence[Collection[str]] = (),
) -> Interpolator:
    """Prepare the estimation of operators from a table's records.

    Args:
        records: what was measured.
        held_out: the ids of operators among them to judge by, and to fit nothing to.
        rounds: the ids of those that were measured in the same round. By how much the device was slower in
            one than usual is taken out of what is fitted, and not of what is judged by.
    """
    if not held_out and not rounds:
        return Interpolator(collect_samples(records))
    fitted: list[LutRecord] = []
    judging: list[LutRecord] = []
    for record in records:
        (judging if record.key.id in held_out else fitted).append(record)
    families = collect_samples(fitted, rounds)
    paces = find_paces(families)
    return Interpolator(
        {name: even_out(samples, paces) for name, samples in families.items()}, collect_samples(judging)
    )
