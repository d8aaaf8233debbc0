"""Which operators of a family come next: its corners, those far from all others, those least known.

Only sizes and what is measured decide, so that the same state gives the same choice.
"""

from __future__ import annotations

from math import ceil

import numpy as np
from numpy.typing import NDArray

__all__ = ["Spread", "find_corners", "spread_doubt"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_NEIGHBOURS = 4
_MOST_KNOWN = 1000


def find_corners(sizes: Array, usable: Mask, taken: Mask) -> list[int]:
    """Choose operators such that those taken reach as far along every axis as all usable ones.

    An estimate is refused beyond the sizes it is fitted to, so without these some of a space would be.

    Args:
        sizes: a row for each operator.
        usable: which of them can be measured.
        taken: which are measured already, to be fitted to.
    """
    reached = taken & usable
    chosen: list[int] = []
    for axis in sizes.T:
        for sign in (1, -1):
            values = np.where(usable, sign * axis, np.inf)
            if usable.any() and not (reached & (values == values.min())).any():
                first = int(values.argmin())
                chosen.append(first)
                reached[first] = True
    return chosen


class Spread:
    """Chooses operators one by one, each far from those before it where little is known."""

    def __init__(self, places: Array) -> None:
        """Take the operators' places; none is known yet."""
        self._places = places
        self._nearest = np.full(len(places), np.inf)

    def copy(self) -> Spread:
        """Give another one that knows the same."""
        other = Spread(self._places)
        other._nearest = self._nearest.copy()
        return other

    def take(self, number: int) -> None:
        """Count an operator as known."""
        distances = np.sqrt(((self._places - self._places[number]) ** 2).sum(axis=1))
        np.minimum(self._nearest, distances, out=self._nearest)

    def choose(self, free: Mask, doubt: Array | None = None) -> int | None:
        """Choose the free operator with the largest distance to the nearest known one; None if none is free.

        `doubt` says for each operator how far off estimates around it are: what is twice as doubtful counts
        as twice as far.
        """
        if not free.any():
            return None
        if np.isinf(self._nearest).all():  # nothing is known: begin in the middle
            middle = np.median(self._places[free], axis=0)
            distances = ((self._places - middle) ** 2).sum(axis=1)
            chosen = int(np.where(free, distances, np.inf).argmin())
        else:
            far = self._nearest if doubt is None else self._nearest * doubt
            chosen = int(np.where(free, far, -1.0).argmax())
        self.take(chosen)
        return chosen


def spread_doubt(places: Array, known: Array, errors: Array) -> Array:
    """Give for each place the mean error of the known operators nearest to it.

    Of more than a thousand known ones a part is looked at: all distances would take seconds a round.

    Args:
        places: where operators lie.
        known: where operators lie whose errors are known, a row each.
        errors: how far off the estimate of each was when the fit did not know it.
    """
    step = ceil(len(known) / _MOST_KNOWN)
    known, errors = known[::step], errors[::step]
    count = min(_NEIGHBOURS, len(known))
    squares = (known**2).sum(axis=1)
    doubt = np.empty(len(places))
    for start in range(0, len(places), 1024):  # all distances at once would take gigabytes
        part = places[start : start + 1024]
        nearest = np.argpartition(squares - 2 * part @ known.T, count - 1, axis=1)[:, :count]
        doubt[start : start + 1024] = errors[nearest].mean(axis=1)
    return doubt
