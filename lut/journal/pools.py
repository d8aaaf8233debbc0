"""Samples pooled by operator, a million operators in half a gigabyte, and the records they make."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import overload

from lut.drift import is_telling, take_median
from lut.entries import Measurement
from lut.journal.turns import Turns
from lut.ops import OpKey
from lut.records import PERCENTILES, LutRecord

__all__ = ["PooledRecords", "Pools", "VisitCounts", "take_percentiles_us"]


class Pools:
    """What was seen of each operator: samples in nanoseconds, and from how many visits they come.

    Visits in turns that were slow count as visits, and their samples for nothing.
    """

    def __init__(self) -> None:
        # Flat on purpose: a small object for each operator would take twice the memory.
        self._numbers: dict[OpKey, int] = {}
        self._samples: list[bytes] = []
        """Of each visit, its turn's number (a negative one, or 0), then the samples (above 0)."""
        self._visits = array("I")
        self._turns = Turns()

    def add(self, visit: Measurement, run: int = 0) -> int:
        """Add a visit; give the operator's number, counted from 0 in the order they came.

        Args:
            visit: the visit.
            run: the journal it is from; turns of several journals are not held against each other.
        """
        number = self._numbers.setdefault(visit.key, len(self._samples))
        turn = 0
        if visit.turn is not None:
            turn = self._turns.number(run, visit.segment, visit.turn)
            if is_telling(visit.conditions):
                self._turns.add(turn, number, take_median(visit.samples_ns))
        packed = array("q", (-turn, *visit.samples_ns)).tobytes()
        if number == len(self._samples):
            self._samples.append(packed)
            self._visits.append(1)
        else:
            self._samples[number] += packed
            self._visits[number] += 1
        return number

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[OpKey]:
        return iter(self._numbers)

    def visits(self, key: OpKey) -> int:
        """Count an operator's visits, 0 if it has none."""
        number = self._numbers.get(key)
        return 0 if number is None else self._visits[number]

    def percentiles_us(self, key: OpKey) -> tuple[float, ...]:
        """Take the percentiles of an operator's samples, in microseconds, to the nanosecond."""
        visits = self._split(key)
        slow = self._find_slow(visits)
        fit = (visit[1:] for place, visit in enumerate(visits) if place not in slow)
        return take_percentiles_us(sorted(chain.from_iterable(fit)))

    def count_slow(self, keys: Iterable[OpKey]) -> int:
        """Count the visits of some operators in turns that were slow."""
        if not self._turns:
            return 0
        return sum(len(self._find_slow(self._split(key))) for key in keys)

    def _split(self, key: OpKey) -> list[array[int]]:
        values = array("q")
        values.frombytes(self._samples[self._numbers[key]])
        starts = [place for place, value in enumerate(values) if value <= 0]
        return [values[start:end] for start, end in zip(starts, (*starts[1:], len(values)), strict=True)]

    def _find_slow(self, visits: Sequence[array[int]]) -> set[int]:
        return self._turns.find_slow([-visit[0] for visit in visits])

    def median_us(self, key: OpKey) -> float:
        """Take the median of an operator's samples, in microseconds, to the nanosecond."""
        return self.percentiles_us(key)[PERCENTILES.index(50)]


class VisitCounts(Mapping[OpKey, int]):
    """How many visits each of some operators has."""

    def __init__(self, pools: Pools, keys: Sequence[OpKey]) -> None:
        self._pools = pools
        self._keys = keys

    def __getitem__(self, key: OpKey) -> int:
        if visits := self._pools.visits(key):
            return visits
        raise KeyError(key)

    def __iter__(self) -> Iterator[OpKey]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


class PooledRecords(Sequence[LutRecord]):
    """The records of some operators, made when they are asked for: a table is written as a stream."""

    def __init__(self, pools: Pools, keys: Sequence[OpKey], device: str) -> None:
        self._pools = pools
        self._keys = keys
        self._device = device

    @overload
    def __getitem__(self, index: int) -> LutRecord: ...

    @overload
    def __getitem__(self, index: slice) -> PooledRecords: ...

    def __getitem__(self, index: int | slice) -> LutRecord | PooledRecords:
        if isinstance(index, slice):
            return PooledRecords(self._pools, self._keys[index], self._device)
        key = self._keys[index]
        return LutRecord(key, self._pools.percentiles_us(key), self._device)

    def __len__(self) -> int:
        return len(self._keys)


def take_percentiles_us(values_ns: Sequence[int]) -> tuple[float, ...]:
    """Give the percentiles of sorted samples, in microseconds, to the nanosecond.

    Between two samples they are interpolated, as numpy does.
    """
    last = len(values_ns) - 1
    percentiles = []
    for percentile in PERCENTILES:
        place, part = divmod(last * percentile, 100)
        value: float = values_ns[place]
        if part:
            value += (values_ns[place + 1] - value) * part / 100
        percentiles.append(round(value / 1000, 3))
    return tuple(percentiles)
