"""Which visits of operators that took turns count: those in turns about as fast as the fastest."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Sequence

__all__ = ["Turns"]

_SLOW = 0.03
"""A turn that took longer than the second fastest by more than this share fell into a slow phase."""

_MOST_STEPS, _CLOSE = 20, 0.001
"""Paces are found in so many steps at most, or until none changes by more than this share."""


class Turns:
    """Turns that operators took with each other, and how slow each was.

    One operator's time scatters by as much as a slight slow phase makes it longer; what all operators of a
    turn took together does not. It is held against what they take in all their turns, whoever they took them
    with, each at its pace. Runs are added one after the other.
    """

    def __init__(self) -> None:
        self._numbers: dict[tuple[int, str, int], int] = {}
        # By the turns' numbers, which begin with 1.
        self._runs = array("I", [0])
        self._paces = array("d", [0.0])
        """What a turn took over what its operators usually take; 0 where nothing tells."""
        self._run = 0
        # What was added of the present run, a visit each.
        self._turns = array("I")
        self._operators = array("I")
        self._took = array("d")

    def __len__(self) -> int:
        return len(self._numbers)

    def number(self, run: int, segment: str, turn: int) -> int:
        """Give the number, counted from 1, of a turn that has this name in a segment of a run."""
        number = self._numbers.setdefault((run, segment, turn), len(self._runs))
        if number == len(self._runs):
            self._runs.append(run)
            self._paces.append(0.0)
        return number

    def add(self, number: int, operator: int, took_ns: float) -> None:
        """Add what an operator, numbered from 0, took in a turn."""
        if self._runs[number] != self._run:
            self._find_paces()
            self._run = self._runs[number]
        self._turns.append(number)
        self._operators.append(operator)
        self._took.append(took_ns)

    def find_slow(self, visits: Sequence[int]) -> set[int]:
        """Tell which of an operator's visits count for nothing, by their places.

        Turns of several runs are not held against each other: what changed in between is drift, which is
        stated. At least two visits in turns are left of each run, and all that were made otherwise.

        Args:
            visits: the numbers of the turns they were made in; 0 for one that was made otherwise.
        """
        if len(visits) <= 2:
            return set()
        self._find_paces()
        by_run: defaultdict[int, list[tuple[float, int]]] = defaultdict(list)
        for place, number in enumerate(visits):
            if self._paces[number] > 0:
                by_run[self._runs[number]].append((self._paces[number], place))
        slow = set[int]()
        for paces in by_run.values():
            second = sorted(paces)[:2][-1][0]
            slow.update(place for pace, place in paces if pace > second * (1 + _SLOW))
        return slow

    def _find_paces(self) -> None:
        """Find the paces of the present run's turns, and forget its visits.

        A turn's pace and what an operator usually takes depend on each other: each is found from the other,
        in turn. Turns of the same operators are told apart in one step, others in a few.
        """
        if not self._took:
            return
        first, first_operator = min(self._turns), min(self._operators)
        paces = [1.0] * (1 + max(self._turns) - first)
        counts = [0] * (1 + max(self._operators) - first_operator)
        took = [0.0] * len(paces)
        turns = array("I", (number - first for number in self._turns))
        operators = array("I", (operator - first_operator for operator in self._operators))
        for turn, operator, took_ns in zip(turns, operators, self._took, strict=True):
            counts[operator] += 1
            took[turn] += took_ns
        for _ in range(_MOST_STEPS):
            sums = [0.0] * len(counts)
            for turn, operator, took_ns in zip(turns, operators, self._took, strict=True):
                sums[operator] += took_ns / paces[turn]
            usual = [whole / count if count else 0.0 for whole, count in zip(sums, counts, strict=True)]
            expected = [0.0] * len(paces)
            for turn, operator in zip(turns, operators, strict=True):
                expected[turn] += usual[operator]
            found = [now / whole if whole else 0.0 for now, whole in zip(took, expected, strict=True)]
            change = max(abs(new - old) for new, old in zip(found, paces, strict=True))
            paces = found
            if change < _CLOSE:
                break
        self._paces[first : first + len(paces)] = array("d", paces)
        for column in (self._turns, self._operators, self._took):
            del column[:]
