"""Which operators of a family come next: its corners, those far from all others, those least known.

Only sizes and what is measured decide, so that the same state gives the same choice.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Spread", "find_corners"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


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
