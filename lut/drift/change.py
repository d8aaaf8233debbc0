"""Drift: how much slower or faster a device has become, by what is measured again."""

from __future__ import annotations

from collections.abc import Iterable

from lut.schema import Factor, Positive, Record

__all__ = ["LARGE", "LEAST", "Drift", "compare_times", "describe_change", "is_large"]

LARGE = 0.03
"""A change of so much is beyond what two runs on one quiet device differ by."""

LEAST = 5
"""Fewer times of then and now say little of a device."""


class Drift(Record, frozen=True):
    """How many times as long a device takes as it did, by how many operators or canaries."""

    factor: Factor
    count: Positive

    @property
    def is_large(self) -> bool:
        """Whether figures of then and now should not go together."""
        return is_large(self.factor)


def is_large(factor: float) -> bool:
    """Tell whether a change is beyond what two runs on one quiet device differ by."""
    return abs(factor - 1) > LARGE


def compare_times(pairs: Iterable[tuple[float, float]]) -> Drift | None:
    """Compare times of then and now: the median of now / then, in which each counts by its time then.

    Long times weigh more since they are what sums of times are made of, and a median since single times may
    be disturbed. None where there are too few.
    """
    ratios = sorted((now / then, then) for then, now in pairs if then > 0 and now > 0)
    if len(ratios) < LEAST:
        return None
    half, passed = sum(then for _, then in ratios) / 2, 0.0
    for ratio, then in ratios:
        passed += then
        if passed >= half:
            return Drift(ratio, len(ratios))
    raise AssertionError("unreachable")


def describe_change(factor: float) -> str:
    """Write a factor as `2.1 % slower`, `0.4 % faster`, or `as fast`."""
    share = abs(factor - 1)
    if share < 0.0005:
        return "as fast"
    return f"{100 * share:.1f} % {'slower' if factor > 1 else 'faster'}"
