"""What estimates are fitted to: the operators of each family as rows of sizes, with their times."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lut.ops import OpSpec, check_family
from lut.records import LutRecord

__all__ = [
    "LEAST_JUDGED",
    "LEAST_OPS",
    "Array",
    "Samples",
    "collect_samples",
    "find_nearest",
    "lie_within",
    "place_sizes",
]

LEAST_OPS = 30
"""A family with fewer operators gets no model."""

LEAST_JUDGED = 8
"""Of fewer operators held out, no error is stated: quantiles of one or two say nothing."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Samples:
    """A family's operators: sizes as rows in the order of `Sizes`, and times in microseconds.

    `rounds` says in which round of a run each was measured, from 0; -1 where there are none.
    """

    sizes: Array
    runtime_us: Array
    rounds: NDArray[np.intp]

    @classmethod
    def of(cls, sizes: Array, runtime_us: Array) -> Samples:
        """Make samples that were measured in no rounds."""
        return cls(sizes, runtime_us, np.full(len(runtime_us), -1))

    def __len__(self) -> int:
        return len(self.runtime_us)

    def take(self, chosen: NDArray[np.intp]) -> Samples:
        """Give some of them."""
        return Samples(self.sizes[chosen], self.runtime_us[chosen], self.rounds[chosen])

    def leave_out(self, numbers: NDArray[np.intp]) -> Samples:
        """Give all but some of them."""
        return self.take(np.setdiff1d(np.arange(len(self)), numbers))


def collect_samples(
    records: Iterable[LutRecord], rounds: Sequence[Collection[str]] = ()
) -> dict[str, Samples]:
    """Sort a table's records into families, but for those that can't be understood, or took no time.

    Args:
        records: a table's.
        rounds: the ids of operators that were measured in the same round, where there were rounds.
    """
    sizes: dict[str, list[tuple[float, ...]]] = {}
    times: dict[str, list[float]] = {}
    numbers: dict[str, list[int]] = {}
    round_of = {op_id: number for number, ids in enumerate(rounds) for op_id in ids}
    for record in records:
        try:
            op = OpSpec.from_key(record.key)
        except ValueError:
            continue
        found = check_family(op)
        if found is None or record.p50 <= 0:
            continue
        family, size = found
        sizes.setdefault(family, []).append(size.as_tuple())
        times.setdefault(family, []).append(record.p50)
        numbers.setdefault(family, []).append(round_of.get(op.id, -1))
    return {
        name: Samples(np.array(sizes[name]), np.array(times[name]), np.array(numbers[name]))
        for name in sorted(sizes)
    }


def lie_within(sizes: Array, least: Array, most: Array) -> NDArray[np.bool_]:
    """Tell which rows of sizes lie between two others, along every axis."""
    return np.asarray(((sizes >= least) & (sizes <= most)).all(axis=1))


def place_sizes(sizes: Array) -> Array:
    """Where an operator lies among its neighbours: the logarithms of its first four axes."""
    return np.log(np.maximum(sizes[:, :4], 1))


def find_nearest(places: Array, known: Array, count: int, *, is_own: bool = False) -> NDArray[np.intp]:
    """Give the numbers of the known places nearest to each place, a row each, the nearest first.

    Args:
        places: where operators lie, a row each.
        known: where others lie.
        count: how many to give; fewer where there are fewer.
        is_own: the places are the known ones, and none is its own neighbour.
    """
    count = min(count, len(known) - is_own)
    nearest = np.empty((len(places), count), dtype=np.intp)
    if not count:
        return nearest
    squares = (known**2).sum(axis=1)
    for start in range(0, len(places), 256):  # all distances at once would take gigabytes
        part = places[start : start + 256]
        distances = squares - 2 * part @ known.T  # plus part**2, which orders nothing
        if is_own:
            rows = np.arange(len(part))
            distances[rows, start + rows] = np.inf
        found = np.argpartition(distances, count - 1, axis=1)[:, :count]
        order = np.take_along_axis(distances, found, axis=1).argsort(axis=1, kind="stable")
        nearest[start : start + 256] = np.take_along_axis(found, order, axis=1)
    return nearest
