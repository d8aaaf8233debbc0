"""In which order operators come: those of a family by doubt, all of them by chance.

Some of a family come together, as they do when the whole space is measured.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from bench.sampling.candidates import Candidates
from bench.sampling.design import Spread
from bench.sampling.family import FamilyKnowledge

__all__ = ["MOST_ALIKE", "TOGETHER", "FamilyQueue", "draw_order", "name_ops"]

TOGETHER = 8
"""Operators of a family that are chosen and held out together: so many take turns with each other when the
whole space is measured, and small ones take longer where no other runs the same code."""

MOST_ALIKE = 1 / 7
"""The share of a round that a family may have which has less of the space: a net of sixty operators has eight
of a kind. Sums and poolings that were nine in ten of a round took 0.6 of their time in the whole space."""

_MOST_KNOWN = 1000
"""Of more errors a part is looked at: all distances would take seconds a round."""


class FamilyQueue:
    """A family's operators in the order of doubt, and what the next of them is worth."""

    def __init__(self, known: FamilyKnowledge, taken: set[str]) -> None:
        family = known.family
        self._known = known
        self._left = known.free.copy()
        for number in np.flatnonzero(self._left):
            if family.parts[number].op.id in taken:
                self._left[number] = False
        self._fitted = int((known.chosen & ~known.held_out).sum())
        self._error = known.error()
        self._cost = float(family.cost.mean())
        self._spread: Spread | None = None
        self._doubt: NDArray[np.float64] | None = None

    @property
    def gain(self) -> float:
        """How much all errors fall in a second of measuring: they fall with the root of what is known."""
        left = int(self._left.sum())
        return left * self._error / (1 + self._fitted) / self._cost if left else 0.0

    def take(self, count: int) -> list[str]:
        """Take the next ones, if so many are left."""
        if self._spread is None:
            self._spread, self._doubt = _spread_from(self._known)
        taken: list[int] = []
        while len(taken) < count:
            number = self._spread.choose(self._left, self._doubt)
            if number is None:
                break
            self._left[number] = False
            taken.append(number)
        self._fitted += len(taken)
        return name_ops(self._known, taken)


def _spread_from(known: FamilyKnowledge) -> tuple[Spread, NDArray[np.float64] | None]:
    model = known.model
    return known.spread.copy(), None if model is None else model.doubt(known.family.sizes, _MOST_KNOWN)


def name_ops(known: FamilyKnowledge, numbers: Iterable[int] | NDArray[np.intp]) -> list[str]:
    """Give the ids of a family's operators with these numbers."""
    return [known.family.parts[number].op.id for number in numbers]


def draw_order(candidates: Candidates, seed: int) -> list[str]:
    """Shuffle all operators such that some of a family stay together."""
    random = np.random.default_rng(seed)
    clusters: list[list[str]] = []
    for family in candidates.families.values():
        ids = [family.parts[number].op.id for number in random.permutation(len(family))]
        clusters += [ids[start : start + TOGETHER] for start in range(0, len(ids), TOGETHER)]
    return [op_id for number in random.permutation(len(clusters)) for op_id in clusters[number]]
