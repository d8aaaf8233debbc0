"""A time that was not measured."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Prediction"]


@dataclass(frozen=True, slots=True)
class Prediction:
    """A time that was estimated from other operators' times, in microseconds.

    The true one lies between `low_us` and `high_us` in about 90 % of cases, as far as held-out operators of
    the same family in the same table tell.
    """

    runtime_us: float
    low_us: float
    high_us: float
    family: str
