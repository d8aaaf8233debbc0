"""Estimating operators that a table lacks from those it holds: one model per family, with honest errors.

Sizes beyond those of the family's measured operators, along any axis, are refused; so are families with few
operators.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import fields

import numpy as np

from lut.estimation.family import FamilyModel, fit_family, judge_by
from lut.estimation.pace import even_out, find_paces
from lut.estimation.prediction import Prediction
from lut.estimation.samples import LEAST_OPS, Array, Samples, collect_samples
from lut.ops import OpSpec, Sizes, check_family
from lut.records import LutRecord

__all__ = ["Interpolator", "fit_table"]


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
