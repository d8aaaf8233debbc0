"""What is measured of a family, and how far estimates of the rest of it are off."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bench.sampling.candidates import CandidateFamily
from bench.sampling.design import Spread
from lut.estimation import LEAST_JUDGED, LEAST_OPS, FamilyModel, Samples, even_out, fit_family, lie_within

__all__ = ["FamilyKnowledge"]

Mask = NDArray[np.bool_]

_UNKNOWN_ERROR = 0.1
"""How far estimates of a family are taken to be off while nothing tells."""

_MOST_FITTED = 4_000
"""To so many of a family's operators a model is fitted while a run chooses: with all of twenty thousand, the
choice of a round took longer than the round on a fast engine."""


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
        self._most: int | None = _MOST_FITTED
        self._rank = np.random.default_rng(0).permutation(count)

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
        """What estimates are fitted to, as measured; of many operators a part, the same in every round."""
        fitted = np.flatnonzero(self.fitted)
        if self._most is not None and len(fitted) > self._most:
            fitted = np.sort(fitted[self._rank[fitted].argsort()[: self._most]])
        return Samples(self.family.sizes[fitted], self.time_us[fitted], self.rounds[fitted])

    def fit_all(self) -> None:
        """Fit to all that is measured from the next `even_out` on, however long that takes."""
        self._most = None

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
        inside = self._holds(sizes)
        return np.asarray(model.predict(sizes[inside]) / time_us[inside]), time_us[inside]

    def error(self) -> float:
        """Give the median error of estimates: of operators held out, else in the fit's own folds."""
        ratios, _ = self.judge()
        if len(ratios) >= LEAST_JUDGED:
            return float(np.median(np.abs(np.log(ratios))))
        return _UNKNOWN_ERROR if self.model is None else float(np.median(np.abs(self.model.errors)))

    def count_refused(self) -> int:
        """Count the operators that are not measured and can't be estimated."""
        rest = ~self.measured & ~self.failed
        if self.model is None:
            return int(rest.sum())
        return int((~self._holds(self.family.sizes[rest])).sum())

    def _holds(self, sizes: NDArray[np.float64]) -> Mask:
        """Tell which sizes lie between those of all that is measured, whatever part of it is fitted to."""
        fitted = self.family.sizes[self.fitted]
        return lie_within(sizes, fitted.min(axis=0), fitted.max(axis=0))
