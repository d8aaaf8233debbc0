"""Drift between journals that are merged: each against those that were begun before it."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lut.records import Conditions, Segment
from lut.run_drift import CanaryTimes, RunDrift, compare_runs, is_telling, take_median

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["JournalDrift", "JournalTimes", "compare_journals"]


@dataclass(frozen=True, slots=True)
class JournalDrift:
    """How the device was in a journal against those begun before it, by the names of their files."""

    journal: str
    earlier: tuple[str, ...]
    drift: RunDrift

    def describe(self) -> str:
        """Say it in a sentence."""
        earlier = self.earlier[0] if len(self.earlier) == 1 else "the journals begun before it"
        return f"{self.journal}: the device was {self.drift.describe(earlier)}."

    def to_json(self) -> dict[str, Any]:
        """Give what a table's sidecar says of it."""
        return {"journal": self.journal, "earlier": list(self.earlier), **self.drift.to_json()}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> JournalDrift:
        """Read what a sidecar says.

        Raises:
            ValueError: it is no drift.
            KeyError, TypeError: a field is absent, or of another type.
        """
        earlier = tuple(map(str, fields["earlier"]))
        return cls(str(fields["journal"]), earlier, RunDrift.from_json(fields))


class JournalTimes:
    """A journal's medians and canary times, 8 bytes a visit: a run of a whole space makes millions."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.segment: Segment | None = None
        """The first one; None before it was read."""
        self.canary = CanaryTimes()
        self._operators = array("I")
        self._medians_ns = array("f")

    def add(self, operator: int, samples_ns: tuple[int, ...], conditions: Conditions) -> None:
        """Add a visit to an operator, named by its number."""
        self.canary.add(conditions)
        if is_telling(conditions):
            self._operators.append(operator)
            self._medians_ns.append(take_median(samples_ns))

    @staticmethod
    def medians(journals: Sequence[JournalTimes]) -> tuple[NDArray[np.uint32], NDArray[np.float64]]:
        """Give the operators of some journals in order, and the median over all visits to each."""
        import numpy as np  # needed by merges of several journals alone; loading it takes a tenth of a second

        operators = np.concatenate([np.frombuffer(each._operators, np.uint32) for each in journals])
        medians_ns = np.concatenate([np.frombuffer(each._medians_ns, np.float32) for each in journals])
        order = np.lexsort((medians_ns, operators))
        numbers, first, count = np.unique(operators[order], return_index=True, return_counts=True)
        low, high = medians_ns[order[first + (count - 1) // 2]], medians_ns[order[first + count // 2]]
        return numbers, (low.astype(np.float64) + high) / 2


def compare_journals(journals: Sequence[JournalTimes]) -> tuple[JournalDrift, ...]:
    """Compare each journal with those begun before it, whatever the order in which they are given.

    Journals of other programs or configurations are passed over: their times differ by more than drift.
    """
    begun = sorted(
        ((each.segment.started, str(each.path), each) for each in journals if each.segment is not None),
        key=lambda entry: entry[:2],
    )
    ordered = [each for _, _, each in begun]
    found = []
    for index, journal in enumerate(ordered):
        earlier = [other for other in ordered[:index] if _may_compare(other, journal)]
        drift = _compare(earlier, journal) if earlier else None
        if drift is not None:
            names = tuple(each.path.name for each in earlier)
            found.append(JournalDrift(journal.path.name, names, drift))
    return tuple(found)


def _may_compare(one: JournalTimes, other: JournalTimes) -> bool:
    assert one.segment is not None
    assert other.segment is not None
    return one.segment.may_pool_with(other.segment)


def _compare(earlier: Sequence[JournalTimes], journal: JournalTimes) -> RunDrift | None:
    import numpy as np

    ops_then, then_ns = JournalTimes.medians(earlier)
    ops_now, now_ns = JournalTimes.medians([journal])
    _, at_then, at_now = np.intersect1d(ops_then, ops_now, assume_unique=True, return_indices=True)
    pairs = zip(then_ns[at_then].tolist(), now_ns[at_now].tolist(), strict=True)
    return compare_runs(pairs, CanaryTimes.joined(each.canary for each in earlier), journal.canary)
