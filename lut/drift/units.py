"""Units of one name beside each other: how fast each is, by what several of them measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import TypeAlias

from lut.drift.change import LEAST, compare_times, describe_change, is_large
from lut.drift.runs import is_telling, take_median
from lut.entries import Anchor
from lut.ops import OpKey
from lut.schema import Factor, Name, Record, Whole

__all__ = ["UnitDrift", "UnitTimes", "add_anchor", "compare_units"]

_Place: TypeAlias = tuple[int, int | OpKey]
"""An operator, by its number or key, timed in one way; ways that can't be compared are numbered."""

_Times: TypeAlias = dict[_Place, list[float]]


class UnitDrift(Record, frozen=True):
    """How many times as long a unit takes as the one that measured most, by how many operators.

    `anchors` counts those that a run had all its units measure, `operators` others that both have measured.
    The factor is None where they are too few. `evened` tells that the unit's times were divided by it.
    """

    serial: Name
    against: Name
    factor: Factor | None = None
    anchors: Whole = 0
    operators: Whole = 0
    evened: bool = False

    @property
    def is_large(self) -> bool:
        """Whether times of both should not go together as they are."""
        return self.factor is not None and not self.evened and is_large(self.factor)

    def describe(self) -> str:
        """Return it as a sentence."""
        if self.factor is None:
            return (
                f"How fast {self.serial} is beside {self.against} is not known: fewer than {LEAST} operators "
                f"were measured on both."
            )
        change, count = describe_change(self.factor), self.anchors + self.operators
        means = "anchors" if self.anchors == count else "operators measured on both"
        return (
            f"{self.serial} is {change} {'as' if change == 'as fast' else 'than'} {self.against} "
            f"(by {count:,} {means}){'; its times were divided by that' if self.evened else ''}."
        )


@dataclass
class UnitTimes:
    """What is kept of a unit: how often it measured, and times in nanoseconds by operator."""

    visits: int = 0
    anchors_ns: _Times = field(default_factory=dict)
    operators_ns: _Times = field(default_factory=dict)


def add_anchor(units: dict[str, UnitTimes], serial: str, kind: int, anchor: Anchor) -> None:
    """Add an anchor to a unit's times, if it tells of the device; `kind` numbers what may be compared."""
    if is_telling(anchor.conditions):
        times_ns = units.setdefault(serial, UnitTimes()).anchors_ns
        times_ns.setdefault((kind, anchor.key), []).append(take_median(anchor.samples_ns))


def compare_units(units: Mapping[str, UnitTimes]) -> tuple[UnitDrift, ...]:
    """Compare each unit, by its serial, with the one that measured most; nothing of one alone."""
    first = max(sorted(units), key=lambda serial: units[serial].visits, default="")
    return tuple(
        _compare(serial, units[serial], first, units[first]) for serial in sorted(units.keys() - {first})
    )


def _compare(serial: str, unit: UnitTimes, against: str, other: UnitTimes) -> UnitDrift:
    anchors = _pair(other.anchors_ns, unit.anchors_ns)
    operators = _pair(other.operators_ns, unit.operators_ns)
    drift = compare_times((operators | anchors).values())
    factor = None if drift is None else drift.factor
    return UnitDrift(serial, against, factor, len(anchors), len(operators.keys() - anchors.keys()))


def _pair(theirs: _Times, ours: _Times) -> dict[_Place, tuple[float, float]]:
    return {op: (median(times), median(ours[op])) for op, times in theirs.items() if op in ours}
