"""What is measured of a space, and how far estimates of the rest are off."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bench.sampling.candidates import CandidateFamily, Candidates
from bench.sampling.design import Spread
from bench.sampling.goal import Standing
from lut.entries import Failure, Measurement
from lut.estimation import LEAST_OPS, FamilyModel, Samples, even_out, find_paces, fit_family
from lut.journal import Pools

__all__ = ["FamilyKnowledge", "Knowledge"]

Mask = NDArray[np.bool_]

_UNKNOWN_ERROR = 0.1
"""How far estimates of a family are taken to be off while nothing tells."""

_LEAST_JUDGED = 8
"""A family's own error is judged by so many operators that were held out, at least."""


class FamilyKnowledge:
    """What is known of a family: which operators are measured to be fitted, which held out, which failed."""

    def __init__(self, family: CandidateFamily) -> None:
        count = len(family)
        self.family = family
        self.time_us = np.full(count, np.nan)
        self.rounds = np.full(count, -1)
        self.paces = np.zeros(0)
        """See `find_paces`."""
        self.held_out = np.zeros(count, bool)
        self.failed = np.zeros(count, bool)
        self.chosen = np.zeros(count, bool)
        """Those that are measured, failed, or are being measured."""
        self.spread = Spread(family.places)
        """Knows those of them that estimates are or will be fitted to."""
        self._model: tuple[int, FamilyModel] | None = None

    def choose(self, number: int, *, held_out: bool, round_: int = -1) -> None:
        """Count an operator as being measured, in a round of the run if it is in any."""
        if not self.chosen[number]:
            self.chosen[number] = True
            self.held_out[number] = held_out
            self.rounds[number] = round_
            if not held_out:
                self.spread.take(number)

    @property
    def measured(self) -> Mask:
        """Which operators have a time."""
        return np.asarray(~np.isnan(self.time_us))

    @property
    def fitted(self) -> Mask:
        """Which of them estimates are fitted to."""
        return np.asarray(self.measured & ~self.held_out)

    @property
    def free(self) -> Mask:
        """Which could be chosen next."""
        return np.asarray(~self.chosen)

    @property
    def samples(self) -> Samples:
        """What estimates are fitted to, as measured."""
        fitted = self.fitted
        return Samples(self.family.sizes[fitted], self.time_us[fitted], self.rounds[fitted])

    def even_out(self, paces: NDArray[np.float64]) -> None:
        """Learn how fast the device was in each round."""
        self.paces = paces
        self._model = None

    @property
    def model(self) -> FamilyModel | None:
        """The family's model as fitted to what is measured; None where that is too little."""
        count = int(self.fitted.sum())
        if count < LEAST_OPS:
            return None
        if self._model is None or self._model[0] != count:
            self._model = count, fit_family(self.family.name, even_out(self.samples, self.paces))
        return self._model[1]

    def judge(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give predicted / measured, and the measured time, of what was held out and can be estimated."""
        model = self.model
        held = self.measured & self.held_out
        if model is None or not held.any():
            return np.empty(0), np.empty(0)
        sizes, time_us = self.family.sizes[held], self.time_us[held]
        inside = model.holds(sizes)
        return np.asarray(model.predict(sizes[inside]) / time_us[inside]), time_us[inside]

    def error(self) -> float:
        """Give the median error of estimates: of operators held out, else in the fit's own folds."""
        ratios, _ = self.judge()
        if len(ratios) >= _LEAST_JUDGED:
            return float(np.median(np.abs(np.log(ratios))))
        return _UNKNOWN_ERROR if self.model is None else float(np.median(np.abs(self.model.errors)))

    def count_refused(self) -> int:
        """Count the operators that are not measured and can't be estimated."""
        rest = ~self.measured & ~self.failed
        model = self.model
        if model is None:
            return int(rest.sum())
        return int((~model.holds(self.family.sizes[rest])).sum())


class Knowledge:
    """What is known of all families."""

    def __init__(self, candidates: Candidates, passes: int) -> None:
        self._candidates = candidates
        self._passes = passes
        self._pools = Pools()
        self._rounds = 0
        self.families = {name: FamilyKnowledge(family) for name, family in candidates.families.items()}

    def find(self, op_id: str) -> tuple[FamilyKnowledge, int] | None:
        """Find an operator's family, and its number there; None where it is not of the space."""
        found = self._candidates.where.get(op_id)
        return None if found is None else (self.families[found[0]], found[1])

    def choose(self, chosen: Iterable[str], held_out: Iterable[str]) -> None:
        """Count the operators of a round as being measured."""
        for ids, is_held_out in ((chosen, False), (held_out, True)):
            for op_id in ids:
                if found := self.find(op_id):
                    family, number = found
                    family.choose(number, held_out=is_held_out, round_=self._rounds)
        self._rounds += 1

    def even_out(self) -> None:
        """Find how fast the device was in each round, and fit anew to what is measured."""
        paces = find_paces({name: each.samples for name, each in self.families.items()})
        for each in self.families.values():
            each.even_out(paces)

    def hear(self, outcome: Measurement | Failure) -> None:
        """Take in a visit; with the last of its visits an operator is known."""
        found = self.find(outcome.op.id)
        if found is None:
            return
        family, number = found
        family.choose(number, held_out=False)
        if isinstance(outcome, Failure):
            family.failed[number] = True
            family.time_us[number] = np.nan
            return
        key = outcome.op.key
        self._pools.add(replace(outcome, turn=None))  # how slow a turn was is known once all of it is heard
        if self._pools.visits(key) >= self._passes and not family.failed[number]:
            median_us = self._pools.median_us(key)
            family.time_us[number] = median_us if median_us > 0 else np.nan

    def count_free(self) -> int:
        """Count the operators that could be chosen next."""
        return sum(int(each.free.sum()) for each in self.families.values())

    def count_held_out(self) -> int:
        """Count the operators that are held out, those being measured included."""
        return sum(int(each.held_out.sum()) for each in self.families.values())

    def count_done(self) -> int:
        """Count the operators that are measured, or that failed."""
        return sum(int((each.measured | each.failed).sum()) for each in self.families.values())

    def is_done(self, op_id: str) -> bool:
        """Tell whether nothing is left to measure of an operator."""
        found = self.find(op_id)
        return found is None or bool(found[0].measured[found[1]] or found[0].failed[found[1]])

    def take_stock(self, spent_s: float) -> Standing:
        """Tell how things stand."""
        known = self.families.values()
        ratios, times_us = map(np.concatenate, zip(*(each.judge() for each in known), strict=True))
        errors = np.abs(ratios - 1)
        is_enough = len(errors) >= _LEAST_JUDGED
        return Standing(
            operators=len(self._candidates),
            fitted=sum(int(each.fitted.sum()) for each in known),
            held_out=sum(int((each.measured & each.held_out).sum()) for each in known),
            failed=sum(int(each.failed.sum()) for each in known),
            refused=sum(each.count_refused() for each in known),
            median_error=float(np.median(errors)) if is_enough else None,
            p90_error=float(np.quantile(errors, 0.9)) if is_enough else None,
            p90_error_us=float(np.quantile(errors * times_us, 0.9)) if is_enough else None,
            spent_s=spent_s,
        )
