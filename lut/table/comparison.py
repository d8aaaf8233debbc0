"""What a table holds, and how two tables differ, family by family."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lut.errors import ModelError
from lut.ops import OpKey, OpSpec, family_of
from lut.records import LutRecord

__all__ = ["Comparison", "FamilyRatio", "FamilyStats", "OpRatio", "compare", "describe_families"]


@dataclass(frozen=True)
class FamilyStats:
    """A family's records: how many, their medians' least, middle and largest in microseconds, their spread.

    `spread` is the middle of p90 / p10 over the records that were measured: 1.0 where every run of an
    operator took the same time, large where the device was busy. None where no p10 is above zero.
    """

    family: str
    records: int
    least_us: float
    median_us: float
    most_us: float
    spread: float | None
    predicted: int = 0
    """How many of the records are predictions."""


@dataclass(frozen=True)
class OpRatio:
    """An operator in two tables: medians in microseconds, and second / first."""

    key: OpKey
    family: str
    first_us: float
    second_us: float
    ratio: float
    from_family: float
    """The ratio divided by the family's middle ratio: how much of an exception it is."""


@dataclass(frozen=True)
class FamilyRatio:
    """The ratios second / first of a family's operators: p10, median, p90."""

    family: str
    operators: int
    p10: float
    median: float
    p90: float


@dataclass(frozen=True)
class Comparison:
    """Two tables: what only one holds, and the ratios of what both hold, outliers first in `ops`."""

    only_first: tuple[OpKey, ...]
    only_second: tuple[OpKey, ...]
    families: tuple[FamilyRatio, ...]
    ops: tuple[OpRatio, ...]

    @property
    def median_ratio(self) -> float | None:
        """The median of all ratios second / first; None where the tables have no operator in common."""
        return float(np.median([op.ratio for op in self.ops])) if self.ops else None

    def difference(self, quantile: float) -> float | None:
        """How far times differ, as a share, once the median ratio is taken out: a quantile of all operators.

        Of two tables of one device it is how well measuring repeats. None of fewer than two operators.
        """
        if len(self.ops) < 2:
            return None
        ratios = np.array([op.ratio for op in self.ops])
        return float(np.quantile(np.abs(ratios / np.median(ratios) - 1), quantile))

    @property
    def rank_correlation(self) -> float | None:
        """Spearman's: 1 where both tables put operators into the same order by time, -1 into the opposite.

        None where that can't be told: of fewer than two operators, or if one table has the same time for all.
        """
        first = _rank([op.first_us for op in self.ops])
        second = _rank([op.second_us for op in self.ops])
        if len(self.ops) < 2 or not first.std() or not second.std():
            return None
        return float(np.corrcoef(first, second)[0, 1])


def _rank(times: Sequence[float]) -> NDArray[np.float64]:
    """Number times from the shortest on; equal ones get the mean of their numbers."""
    _, places, counts = np.unique(np.asarray(times), return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[places])


def name_family(key: OpKey) -> str:
    """Name a key's family; one that can't be understood is of the family of its type."""
    try:
        return family_of(OpSpec.from_key(key))
    except (ModelError, ValueError):
        return key.op_type


def describe_families(
    records: Iterable[LutRecord], is_predicted: Callable[[OpKey], bool] = lambda _: False
) -> list[FamilyStats]:
    """Describe the records of each family, sorted by name; `is_predicted` tells which were not measured."""
    families: dict[str, list[LutRecord]] = {}
    for record in records:
        families.setdefault(name_family(record.key), []).append(record)
    return [_describe(name, families[name], is_predicted) for name in sorted(families)]


def _describe(name: str, records: list[LutRecord], is_predicted: Callable[[OpKey], bool]) -> FamilyStats:
    medians = [record.p50 for record in records]
    measured = [record for record in records if not is_predicted(record.key)]
    spreads = [record.p90 / record.p10 for record in measured if record.p10 > 0]
    return FamilyStats(
        name,
        len(records),
        min(medians),
        float(np.median(medians)),
        max(medians),
        float(np.median(spreads)) if spreads else None,
        len(records) - len(measured),
    )


def compare(first: Iterable[LutRecord], second: Iterable[LutRecord]) -> Comparison:
    """Compare two tables by their keys. Records of one key are averaged; times of zero have no ratio."""
    ours, theirs = _mean_medians(first), _mean_medians(second)
    ratios: dict[str, list[tuple[OpKey, float]]] = {}
    for key, time in ours.items():
        if time > 0 and theirs.get(key, 0) > 0:
            ratios.setdefault(name_family(key), []).append((key, theirs[key] / time))
    families, ops = [], []
    for name in sorted(ratios):
        values = [ratio for _, ratio in ratios[name]]
        p10, median, p90 = (float(value) for value in np.quantile(values, [0.1, 0.5, 0.9]))
        families.append(FamilyRatio(name, len(values), p10, median, p90))
        ops += [
            OpRatio(key, name, ours[key], theirs[key], ratio, ratio / median) for key, ratio in ratios[name]
        ]
    ops.sort(key=lambda op: (-abs(float(np.log(op.from_family))), op.key))
    return Comparison(
        tuple(sorted(ours.keys() - theirs.keys())),
        tuple(sorted(theirs.keys() - ours.keys())),
        tuple(families),
        tuple(ops),
    )


def _mean_medians(records: Iterable[LutRecord]) -> dict[OpKey, float]:
    medians: dict[OpKey, list[float]] = {}
    for record in records:
        medians.setdefault(record.key, []).append(record.p50)
    return {key: sum(values) / len(values) for key, values in medians.items()}
