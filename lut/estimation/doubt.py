"""How far off estimates are around an operator: a family follows its curve closer at some sizes."""

from __future__ import annotations

from math import ceil

import numpy as np

from lut.estimation.samples import Array, find_nearest

__all__ = ["spread_doubt"]

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
    nearest = find_nearest(places, known, _NEIGHBOURS, is_own=is_own)
    return np.asarray(wrong[nearest].mean(axis=1) + _LEAST)
