"""How the errors of a net's predictions add up.

Errors of single operators cancel out in a sum, but not wholly: where a model is too short for one operator,
it is so for its neighbours in size. How much, nets of the space show, whose operators have the errors of
operators nearby that were held out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from lut.estimation.interpolation import Interpolator
from lut.estimation.samples import Array, place_sizes
from lut.ops import OpSpec, check_family

__all__ = ["ErrorSource", "add_half_widths", "fit_correlation"]

_NEARBY = 3
"""An operator has the error of one of so many operators nearby."""

_COVERAGE = 0.9


def add_half_widths(half_widths: Iterable[float], correlation: float) -> float:
    """Add the half widths of intervals: as a root of squares at correlation 0, plainly at 1."""
    apart = together = 0.0
    for half in half_widths:
        apart += half * half
        together += half
    return math.sqrt(apart + correlation * (together * together - apart))


class ErrorSource:
    """Gives operators errors as they are found around them."""

    def __init__(self, guesses: Interpolator, seed: int = 0) -> None:
        self._guesses = guesses
        self._random = np.random.default_rng(seed)
        self._held_out: dict[str, tuple[Array, Array]] = {}

    def draw(self, op: OpSpec) -> float | None:
        """Give measured / predicted of an operator nearby that was held out; None if its family has none."""
        found = check_family(op)
        if found is None:
            return None
        family, sizes = found
        if family not in self._held_out:
            rows, _, ratios = self._guesses.judge(family)
            self._held_out[family] = place_sizes(rows), ratios
        places, ratios = self._held_out[family]
        if not len(ratios):
            return None
        own = place_sizes(np.array([sizes.as_tuple()]))
        nearest = np.argsort(((places - own) ** 2).sum(axis=1), kind="stable")[:_NEARBY]
        return float(ratios[self._random.choice(nearest)])


def fit_correlation(half_widths: Sequence[Sequence[float]], errors: Sequence[float]) -> float:
    """Find the least correlation at which nine in ten nets' errors are within their intervals.

    Args:
        half_widths: of each net's predictions, in microseconds.
        errors: how far each net's sum is off, in microseconds.
    """
    needed = []
    for halves, error in zip(half_widths, errors, strict=True):
        apart, together = sum(half * half for half in halves), sum(halves) ** 2
        needed.append(max(0.0, (error * error - apart) / (together - apart)) if together > apart else 0.0)
    return min(1.0, float(np.quantile(needed, _COVERAGE, method="higher"))) if needed else 1.0
