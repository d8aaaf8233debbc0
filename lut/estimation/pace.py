"""How fast a device was in each round of a run, so that estimates are of its usual speed.

A run that chooses its operators measures them in rounds of some seconds, and a device is some per cent slower
in one than in another: a warm phone, a server shared with others. A fit through all of them would take that
for a difference between operators. So each round is held against a fit to the others, and what its operators
have in common is the round's pace.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

import numpy as np

from lut.estimation.curve import Curve, choose_form
from lut.estimation.samples import LEAST_OPS, Array, Samples, lie_within
from lut.estimation.terms import Form

__all__ = ["even_out", "find_paces"]

_FOLDS = 4
_REPEATS = 3
_NEIGHBOURS = (1.0, 4)
_MOST_TELLING = 300
"""About so many of a family's operators in each round tell its pace as well as all."""

_DOUBT = 10
"""A round's pace is believed as if so many more of its operators had shown none."""


def even_out(samples: Samples, paces: Array) -> Samples:
    """Give the times as they would have been at the usual pace, where a round's pace is known."""
    known = (samples.rounds >= 0) & (samples.rounds < len(paces))
    time_us = samples.runtime_us.copy()
    time_us[known] /= np.exp(paces[samples.rounds[known]])
    return Samples(samples.sizes, time_us, samples.rounds)


def find_paces(families: Mapping[str, Samples]) -> Array:
    """Find by how much the device was slower in each round than it usually was.

    Returns:
        the logarithm of the factor for each round, from 0 on; 0 where a round's operators don't tell.
    """
    rounds = 1 + max((int(each.rounds.max()) for each in families.values() if len(each)), default=-1)
    paces = np.zeros(rounds)
    if rounds < 2:
        return paces
    folds = min(_FOLDS, rounds)
    step = 1 - 1 / folds  # a round is held against the others, not against all
    counts = np.zeros(rounds)
    for each in families.values():
        counts += np.bincount(each.rounds[each.rounds >= 0], minlength=rounds)
    forms = {name: choose_form(each) for name, each in families.items() if len(each) >= LEAST_OPS}
    for _ in range(_REPEATS):
        residuals: list[list[Array]] = [[] for _ in range(rounds)]
        for name, form in forms.items():
            for number, found in _hold_rounds_out(even_out(families[name], paces), form, folds):
                residuals[number].append(found)
        for number, parts in enumerate(residuals):
            if parts:
                found = np.concatenate(parts)
                pace = paces[number] + step * float(np.median(found))
                paces[number] = pace * len(found) / (len(found) + _DOUBT)
        paces -= _find_usual(paces, counts)
    return paces


def _find_usual(paces: Array, counts: Array) -> float:
    """Give the pace at which the median operator was measured: a few odd rounds are not to shift all."""
    order = np.argsort(paces)
    reached = np.cumsum(counts[order])
    return float(paces[order][np.searchsorted(reached, reached[-1] / 2)])


def _hold_rounds_out(samples: Samples, form: Form, folds: int) -> list[tuple[int, Array]]:
    """Give the logarithms of measured / predicted of each round's operators, by a fit to other rounds."""
    found: list[tuple[int, Array]] = []
    for fold in range(folds):
        out = (samples.rounds >= 0) & (samples.rounds % folds == fold)
        fitted = samples.take(np.flatnonzero(~out))
        if not out.any() or len(fitted) < LEAST_OPS:
            continue
        inside = lie_within(samples.sizes, fitted.sizes.min(axis=0), fitted.sizes.max(axis=0))
        telling = np.flatnonzero(out & inside)
        if not len(telling):
            continue
        enough = _MOST_TELLING * len(np.unique(samples.rounds[telling]))
        held = samples.take(telling[:: ceil(len(telling) / enough)])
        errors = np.log(held.runtime_us / Curve(fitted, form).predict(held.sizes, _NEIGHBOURS))
        found += [(int(number), errors[held.rounds == number]) for number in np.unique(held.rounds)]
    return found
