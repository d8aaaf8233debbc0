"""How much of a set of operators a table holds, by operator type."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lut.ops import OpSpec
from lut.table.lut_table import LutTable

__all__ = ["Coverage"]


@dataclass
class Coverage:
    """Counts by operator type: operators found, those of them found otherwise, and missing ones."""

    found: Counter[str] = field(default_factory=Counter)
    replaced: Counter[str] = field(default_factory=Counter)
    """An Int8Conv that the table holds only as Int8ConvRelu."""
    predicted: Counter[str] = field(default_factory=Counter)
    """Operators found whose record is a prediction of `lut fill`."""
    missing: Counter[str] = field(default_factory=Counter)

    def sift(self, ops: Iterable[OpSpec], table: LutTable) -> Iterator[OpSpec]:
        """Count operators as a stream, and pass on those that the table does not hold."""
        for op in ops:
            row = table.find(op)
            if not row.records:
                self.missing[op.op_type] += 1
                yield op
                continue
            self.found[op.op_type] += 1
            self.predicted[op.op_type] += row.predicted is not None
            if row.key.op_type != op.op_type:
                self.replaced[op.op_type] += 1

    @property
    def op_types(self) -> list[str]:
        """The operator types met, sorted."""
        return sorted(self.found.keys() | self.missing.keys())

    @property
    def share(self) -> float:
        """The part of all operators that was found, from 0 to 1; of none, 1."""
        total = self.found.total() + self.missing.total()
        return self.found.total() / total if total else 1.0
