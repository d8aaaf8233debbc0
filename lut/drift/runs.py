"""Drift between runs of one device: by the operators that both measured, else by the canary."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from statistics import median
from typing import Literal

from lut.drift.change import LARGE, LEAST, Drift, compare_times, describe_change
from lut.entries import Conditions
from lut.schema import Factor, Positive, Record

__all__ = [
    "CANARY",
    "LARGE_IN_WORDS",
    "OPERATORS",
    "Canary",
    "CanaryTimes",
    "RunDrift",
    "compare_runs",
    "is_telling",
    "take_median",
]

OPERATORS: Literal["operators"] = "operators"
CANARY: Literal["canary"] = "canary"

LARGE_IN_WORDS = f"{100 * LARGE:.0f} %"

_MOST_CANARIES = 2048
"""This many of the canary's times give its median, however long the run: more would only take memory."""


class RunDrift(Drift, frozen=True):
    """How many times as long a device takes in a run as in earlier ones.

    `by` tells what says so: OPERATORS that both measured, or CANARY, whose times `count` then counts.
    """

    by: Literal["operators", "canary"] = OPERATORS

    def describe(self, earlier: str) -> str:
        """Write `4.2 % slower than in the earlier runs (by 312 operators measured in both)`."""
        change = describe_change(self.factor)
        means = (
            f"by {self.count:,} operators measured in both"
            if self.by == OPERATORS
            else f"by the canary, since fewer than {LEAST} operators were measured in both"
        )
        return f"{change} {'as' if change == 'as fast' else 'than'} in {earlier} ({means})"


def is_telling(conditions: Conditions) -> bool:
    """Whether a visit's time tells of the device.

    A slow canary is what drift looks like; a processor that others had tells nothing of the device.
    """
    return conditions.spoilt_by in (None, "canary")


def take_median(samples_ns: tuple[int, ...]) -> float:
    """Take the median of a visit's samples; `statistics.median` takes three times as long for so few."""
    ordered, half = sorted(samples_ns), len(samples_ns) // 2
    return float(ordered[half]) if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


class Canary(Record, frozen=True):
    """The median of so many of the canary's times, in nanoseconds."""

    median_ns: Factor
    count: Positive

    @classmethod
    def pooled(cls, parts: Sequence[Canary]) -> Canary | None:
        """Pool several: the median of their times, in which each counts by how many it is of."""
        count = sum(part.count for part in parts)
        passed = 0
        for part in sorted(parts, key=lambda each: each.median_ns):
            passed += part.count
            if 2 * passed >= count:
                return cls(part.median_ns, count)
        return None


class CanaryTimes:
    """The canary's times over a run, in nanoseconds, thinned out evenly when they become many."""

    def __init__(self) -> None:
        self._times_ns = array("q")
        self._step = 1
        self._seen = 0
        self._latest: tuple[int | None, int | None] = (None, None)

    def __len__(self) -> int:
        return len(self._times_ns)

    def __iter__(self) -> Iterator[int]:
        return iter(self._times_ns)

    def add(self, conditions: Conditions) -> None:
        """Add the times around a visit. Operators in turns share theirs, which count once."""
        around = conditions.canary_before_ns, conditions.canary_after_ns
        if around == self._latest:
            return
        self._latest = around
        for time_ns in around:
            if time_ns:
                self._add(time_ns)

    def _add(self, time_ns: int) -> None:
        self._seen += 1
        if self._seen % self._step:
            return
        self._times_ns.append(time_ns)
        if len(self._times_ns) >= _MOST_CANARIES:
            self._times_ns = self._times_ns[::3]  # an odd step: times before and after visits stay
            self._step *= 3

    def take_median(self) -> Canary | None:
        """Give their median; None where they are too few to say anything."""
        return Canary(median(self._times_ns), len(self)) if len(self) >= LEAST else None

    @classmethod
    def joined(cls, parts: Iterable[CanaryTimes]) -> CanaryTimes:
        """Join the times of several runs, each of which counts by what it kept."""
        whole = cls()
        for part in parts:
            whole._times_ns.extend(part._times_ns)
        return whole


def compare_runs(
    pairs: Iterable[tuple[float, float]], then: Canary | None, now: Canary | None
) -> RunDrift | None:
    """Compare earlier runs with a run: each operator's medians then and now, else the canary's.

    The canary is one short operator and represents the others only roughly, so it is the second choice.
    None where both are too few.
    """
    drift = compare_times(pairs)
    if drift is not None:
        return RunDrift(drift.factor, drift.count)
    if then is None or now is None:
        return None
    return RunDrift(now.median_ns / then.median_ns, min(then.count, now.count), CANARY)
