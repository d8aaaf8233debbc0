"""Drift between journals that are merged: each against those that were begun before it, and their units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from lut.drift.runs import Canary, CanaryTimes, RunDrift, compare_runs, is_telling, take_median
from lut.drift.units import UnitDrift, UnitTimes, add_anchor, compare_units
from lut.entries import Anchor, Measurement, Segment
from lut.ops import OpKey

__all__ = ["JournalDrift", "JournalTimes"]

_MOST_OPERATORS = 20_000
"""This many operators give the factor; a million would only take memory."""


class JournalDrift(RunDrift, frozen=True, kw_only=True):
    """How the device was in a journal against those begun before it, by the names of their files."""

    journal: str
    earlier: tuple[str, ...]

    def describe_journal(self) -> str:
        """Return it as a sentence."""
        earlier = self.earlier[0] if len(self.earlier) == 1 else "the journals begun before it"
        return f"{self.journal}: the device was {self.describe(earlier)}."


@dataclass
class _Times:
    """What is kept of a journal; times in nanoseconds, by the operators' numbers."""

    path: Path
    segment: Segment | None = None
    """The first one; None before it was read."""
    canary: CanaryTimes = field(default_factory=CanaryTimes)
    medians_ns: dict[int, list[float]] = field(default_factory=dict)

    @property
    def begun(self) -> tuple[str, str]:
        return self.segment.started if self.segment else "", str(self.path)

    def may_compare_with(self, other: _Times) -> bool:
        return bool(self.segment and other.segment and self.segment.may_pool_with(other.segment))


class JournalTimes:
    """Times of several journals, of at most `_MOST_OPERATORS` operators.

    Of more operators, those are kept whose digest can be divided by a power of two that doubles as they
    become more: the same ones, in whatever order the journals are read.
    """

    def __init__(self) -> None:
        self._journals: list[_Times] = []
        self._seen = 0
        self._kept: dict[int, int] = {}
        """Digests by the operators' numbers."""
        self._divisor = 1
        self._units: dict[str, UnitTimes] = {}
        self._kinds: list[Segment] = []
        self._kind_of: dict[str, int] = {}
        """Programs and configurations whose times may be compared, by the segments' ids."""

    def begin(self, path: Path) -> None:
        """Begin with a journal."""
        self._journals.append(_Times(path))

    def add_segment(self, segment: Segment) -> None:
        """Add a segment of the present journal; a journal is as old as its first one."""
        journal = self._journals[-1]
        journal.segment = journal.segment or segment
        if segment.id not in self._kind_of:
            kinds = (number for number, each in enumerate(self._kinds) if each.may_pool_with(segment))
            self._kind_of[segment.id] = next(kinds, len(self._kinds))
            self._kinds.append(segment)

    def add(self, number: int, visit: Measurement, unit: str | None) -> None:
        """Add a visit of the present journal.

        Args:
            number: the operator's, counted from 0 in the order they come.
            visit: the visit.
            unit: the serial of the unit that made it; None where that is not known.
        """
        journal = self._journals[-1]
        journal.canary.add(visit.conditions)
        if number == self._seen:
            self._seen += 1
            self._consider(number, visit.key)
        of_unit = None if unit is None else self._units.setdefault(unit, UnitTimes())
        if of_unit is not None:
            of_unit.visits += 1
        if number in self._kept and is_telling(visit.conditions):
            took_ns = take_median(visit.samples_ns)
            journal.medians_ns.setdefault(number, []).append(took_ns)
            if of_unit is not None:
                of_unit.operators_ns.setdefault((self._kind_of[visit.segment], number), []).append(took_ns)

    def add_anchor(self, anchor: Anchor, unit: str | None) -> None:
        """Add an anchor of the present journal."""
        if unit is not None:
            add_anchor(self._units, unit, self._kind_of[anchor.segment], anchor)

    def take_canary(self) -> Canary | None:
        """Give the canary's time over all journals; None where it was not timed, or hardly."""
        return CanaryTimes.joined(journal.canary for journal in self._journals).take_median()

    def _consider(self, number: int, key: OpKey) -> None:
        digest = int.from_bytes(key.digest[:8], "little")
        if digest % self._divisor:
            return
        self._kept[number] = digest
        while len(self._kept) > _MOST_OPERATORS:
            self._divisor *= 2
            self._kept = {each: value for each, value in self._kept.items() if not value % self._divisor}
            for journal in self._journals:
                for dropped in journal.medians_ns.keys() - self._kept.keys():
                    del journal.medians_ns[dropped]
            for unit in self._units.values():
                for place in [place for place in unit.operators_ns if place[1] not in self._kept]:
                    del unit.operators_ns[place]

    def compare_units(self) -> tuple[UnitDrift, ...]:
        """Compare the units with each other, whatever the journals."""
        return compare_units(self._units)

    def compare(self) -> tuple[JournalDrift, ...]:
        """Compare each journal with those begun before it, whatever the order in which they were added.

        Journals of other programs or configurations are passed over: their times differ by more than drift.
        """
        ordered = sorted(self._journals, key=lambda journal: journal.begun)
        found = []
        for index, journal in enumerate(ordered):
            earlier = [other for other in ordered[:index] if journal.may_compare_with(other)]
            drift = _compare(earlier, journal)
            if drift is not None:
                names = tuple(each.path.name for each in earlier)
                found.append(
                    JournalDrift(
                        drift.factor, drift.count, drift.by, journal=journal.path.name, earlier=names
                    )
                )
        return tuple(found)


def _compare(earlier: Sequence[_Times], journal: _Times) -> RunDrift | None:
    pairs = [
        (median(then_ns), median(now_ns))
        for number, now_ns in journal.medians_ns.items()
        if (then_ns := [time_ns for each in earlier for time_ns in each.medians_ns.get(number, ())])
    ]
    canary = CanaryTimes.joined(each.canary for each in earlier)
    return compare_runs(pairs, canary.take_median(), journal.canary.take_median())
