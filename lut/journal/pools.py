"""Samples pooled by operator, a million operators in half a gigabyte, and the records they make."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Container, Iterable, Iterator, Sequence
from itertools import chain
from typing import overload

from lut.drift import is_telling, take_median
from lut.entries import Measurement
from lut.journal.turns import Turns
from lut.ops import OpKey
from lut.records import PERCENTILES, LutRecord

__all__ = ["PooledKeys", "PooledRecords", "Pools", "take_percentiles_us"]

_BITS = 64

_ROUNDING = 1e-9
"""What a sum of shares may lack."""


class Pools:
    """What was seen of each operator: samples in nanoseconds, and which passes they come from.

    Visits in turns that were slow count as visits, and their samples for nothing.
    """

    def __init__(self) -> None:
        # Flat on purpose: a small object for each operator would take twice the memory.
        self._numbers: dict[OpKey, int] = {}
        self._samples: list[bytes] = []
        """Of each visit, its turn's number (a negative one, or 0), then the samples (above 0)."""
        self._shares = array("d")
        """Of the passes that its journals ask for; 1 where all were made."""
        self._runs = array("I")
        """The journal that last had a visit to it, and which of its first passes were made there, as bits."""
        self._made = array("Q")
        self._later: set[tuple[int, int, int]] = set()
        """Passes that have no bit, by operator and journal."""
        self._turns = Turns()

    def add(self, visit: Measurement, passes: int = 1, run: int = 0) -> int:
        """Add a visit; give the operator's number, counted from 0 in the order they came.

        Args:
            visit: the visit.
            passes: how many its configuration asks for; without it, one is enough.
            run: the journal it is from, of which one is added after the other; turns of several journals are
                not held against each other.
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
            self._shares.append(0.0)
            self._runs.append(run)
            self._made.append(0)
        else:
            self._samples[number] += packed
        if self._is_new(number, run, visit.pass_index):
            self._shares[number] += 1 / passes
        return number

    def _is_new(self, number: int, run: int, pass_index: int) -> bool:
        """Note a pass of a journal over an operator; tell whether it was not made there before."""
        if pass_index >= _BITS:
            before = len(self._later)
            self._later.add((number, run, pass_index))
            return len(self._later) > before
        if self._runs[number] != run:
            self._runs[number], self._made[number] = run, 0
        made = self._made[number]
        self._made[number] = made | 1 << pass_index
        return not made >> pass_index & 1

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[OpKey]:
        return iter(self._numbers)

    def __contains__(self, key: object) -> bool:
        return key in self._numbers

    def is_complete(self, key: OpKey) -> bool:
        """Tell whether an operator has the passes that were asked for, each of a journal counted once.

        Where it is in several journals, their parts of what each asks for count together.
        """
        number = self._numbers.get(key)
        return number is not None and self._shares[number] > 1 - _ROUNDING

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


class PooledKeys(Collection[OpKey]):
    """The keys of some operators, in order: those of the pools but a few."""

    def __init__(self, pools: Pools, keys: Sequence[OpKey], others: Container[OpKey]) -> None:
        self._pools = pools
        self._keys = keys
        self._others = others

    def __contains__(self, key: object) -> bool:
        return key in self._pools and key not in self._others

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
