"""Which visits of operators that took turns count: those in turns about as fast as the fastest."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Sequence
from itertools import repeat
from math import nan

__all__ = ["Turns"]

_SLOW = 0.03
"""A turn that took longer than the second fastest by more than this share fell into a slow phase."""


class Turns:
    """Turns that operators took with each other, and how slow each was.

    One operator's time scatters by as much as a slight slow phase makes it longer; what all operators of a
    turn took together does not. It is held against what each of them took when the run first saw it, so that
    turns may be compared though an operator is missing in one. Runs are added one after the other.
    """

    def __init__(self) -> None:
        self._numbers: dict[tuple[int, str, int], int] = {}
        self._runs = array("I", [0])
        # By the turns' numbers, which begin with 1.
        self._took = array("d", [0.0])
        self._at_first = array("d", [0.0])
        self._run = 0
        self._seen = array("d")
        """What operators took when the present run first saw them, by their numbers."""

    def __len__(self) -> int:
        return len(self._numbers)

    def number(self, run: int, segment: str, turn: int) -> int:
        """Give the number, counted from 1, of a turn that has this name in a segment of a run."""
        number = self._numbers.setdefault((run, segment, turn), len(self._took))
        if number == len(self._took):
            self._runs.append(run)
            self._took.append(0.0)
            self._at_first.append(0.0)
        return number

    def add(self, number: int, operator: int, took_ns: float) -> None:
        """Add what an operator, numbered from 0, took in a turn."""
        if self._runs[number] != self._run:
            self._run = self._runs[number]
            self._seen = array("d")
        self._seen.extend(repeat(nan, operator + 1 - len(self._seen)))
        if not self._seen[operator] > 0:
            self._seen[operator] = took_ns
        self._took[number] += took_ns
        self._at_first[number] += self._seen[operator]

    def find_slow(self, visits: Sequence[int]) -> set[int]:
        """Tell which of an operator's visits count for nothing, by their places.

        Turns of several runs are not held against each other: what changed in between is drift, which is
        stated. At least two visits in turns are left of each run, and all that were made otherwise.

        Args:
            visits: the numbers of the turns they were made in; 0 for one that was made otherwise.
        """
        if len(visits) <= 2:
            return set()
        by_run: defaultdict[int, list[tuple[float, int]]] = defaultdict(list)
        for place, number in enumerate(visits):
            if self._at_first[number] > 0:
                slowness = self._took[number] / self._at_first[number]
                by_run[self._runs[number]].append((slowness, place))
        slow = set[int]()
        for paces in by_run.values():
            second = sorted(paces)[:2][-1][0]
            slow.update(place for slowness, place in paces if slowness > second * (1 + _SLOW))
        return slow
