"""How far off estimates are around an operator: a family follows its curve closer at some sizes."""

from __future__ import annotations

from math import ceil

import numpy as np
from numpy.typing import NDArray

__all__ = ["spread_doubt"]

Array = NDArray[np.float64]

_NEIGHBOURS = 4

_LEAST = 1e-3
"""Where neighbours' estimates happen to be right, so much doubt is left."""


def spread_doubt(
    places: Array, known: Array, errors: Array, *, is_own: bool = False, most: int | None = None
) -> Array:
    """Give for each place the mean error of the known operators nearest to it.

    Args:
        places: where operators lie, a row each.
        known: where operators lie whose errors are known, a row each.
        errors: the logarithm of true / predicted time of each of those, where the fit did not know it.
        is_own: the places are those of the known operators, each of which is left out of its own mean.
        most: look at so many known operators at most.
    """
    step = ceil(len(known) / most) if most else 1
    known, wrong = known[::step], np.abs(errors[::step])
    count = min(_NEIGHBOURS, len(known) - is_own)
    squares = (known**2).sum(axis=1)
    doubt = np.empty(len(places))
    for start in range(0, len(places), 1024):  # all distances at once would take gigabytes
        part = places[start : start + 1024]
        distances = squares - 2 * part @ known.T  # plus part**2, which orders nothing
        if is_own:
            rows = np.arange(len(part))
            distances[rows, start + rows] = np.inf
        nearest = np.argpartition(distances, count - 1, axis=1)[:, :count]
        doubt[start : start + 1024] = wrong[nearest].mean(axis=1)
    return doubt + _LEAST
