"""The curve of a family's times over its sizes: what fits them, without how far it may be wrong.

An operator's time is modelled as a sum of what it does (`lut.estimation.terms`). The weights are fitted to
relative errors, robustly. Which terms there are, operators held out tell. What is left over is corrected by
the nearest measured operators, as far as that helps on operators held out.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from lut.estimation.samples import Array, Samples, find_nearest
from lut.estimation.terms import FORMS, Form, find_places, list_terms

__all__ = ["Correction", "Curve", "choose_form", "deal_folds"]

Correction = tuple[float, int]
"""How much of the residual is added, of how many neighbours."""

_FOLDS = 5

_CLOSER = 0.97
"""More terms have to bring a curve so much closer, as a share, to be worth their uncertainty."""

_NEGLIGIBLE = 1e-4


class Curve:
    """A fit without its errors: the sum of what an operator does, corrected by its neighbours."""

    def __init__(self, samples: Samples, form: Form) -> None:
        self._form = form
        terms, times = list_terms(samples.sizes, form), samples.runtime_us
        self._weights = _fit_relative(terms, times)
        self._floor = times.min() / 4
        self._scale = find_places(samples.sizes, form).std(axis=0)
        self._scale[self._scale < 1e-9] = 1.0  # an axis of one value tells no neighbours apart
        self._places = self.place(samples.sizes)
        self._residuals = np.log(times) - np.log(self._sum(samples.sizes))

    def _sum(self, sizes: Array) -> Array:
        return np.asarray(np.maximum(list_terms(sizes, self._form) @ self._weights, self._floor))

    def place(self, sizes: Array) -> Array:
        """Give where operators lie among those of the fit, on axes along which these spread alike."""
        return np.asarray(find_places(sizes, self._form) / self._scale)

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


def choose_form(samples: Samples) -> Form:
    """Choose the terms whose curve is closest to operators that it does not know; few tell few apart."""
    forms = [form for form in FORMS if len(samples) >= form.least_ops]
    if len(forms) == 1:
        return forms[0]

    def miss(form: Form) -> float:
        errors = []
        for out in deal_folds(len(samples)):
            curve = Curve(samples.leave_out(out), form)
            held = samples.take(out)
            errors.append(np.abs(np.log(held.runtime_us / curve.predict(held.sizes, (0.0, 1)))))
        return float(np.concatenate(errors).mean())

    chosen, least = forms[0], miss(forms[0])
    for form in forms[1:]:
        if (missed := miss(form)) < _CLOSER * least - _NEGLIGIBLE:
            chosen, least = form, missed
    return chosen


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
