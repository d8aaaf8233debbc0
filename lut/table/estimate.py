"""What a table says of a net, operator by operator."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, NamedTuple

from lut.frontends import Fate
from lut.ops import OpKey, OpSpec
from lut.records import LutRecord
from lut.table.quality import Quality

if TYPE_CHECKING:
    from lut.estimation import Prediction
    from lut.sidecar import Calibration

__all__ = ["Estimate", "QualityShare", "Row"]


@dataclass(frozen=True, slots=True)
class Row:
    """One operator of a net with what the table says of it.

    `records` are those of `key`: the operator's own key or, for an Int8Conv that is not in the table,
    that of the Int8ConvRelu with the same shapes. It is empty where the table has neither; then the time
    may be `predicted` from other records, which is an estimate and no measurement. A record that `lut fill`
    predicted is one of `records`, and `predicted` too.
    """

    op: OpSpec
    key: OpKey
    records: tuple[LutRecord, ...]
    predicted: Prediction | None = None
    quality: Quality | None = None
    """What its time is worth; None where it has none."""

    @property
    def runtime_us(self) -> float | None:
        """The mean of the records' medians in microseconds, else the prediction; None without either."""
        if not self.records:
            return None if self.predicted is None else self.predicted.runtime_us
        return sum(record.p50 for record in self.records) / len(self.records)

    @property
    def spread_us(self) -> tuple[float, float] | None:
        """The means of the records' p10s and p90s, or the ends of the prediction's interval; None without."""
        if not self.records:
            return None if self.predicted is None else (self.predicted.low_us, self.predicted.high_us)
        count = len(self.records)
        return (
            sum(record.p10 for record in self.records) / count,
            sum(record.p90 for record in self.records) / count,
        )


class QualityShare(NamedTuple):
    """How much of a sum is of one quality."""

    quality: Quality
    operators: int
    runtime_us: float
    share: float
    """Of the sum over the rows that have a time, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A net's operators as rows; the sum is the net's latency only when none is missing."""

    rows: tuple[Row, ...]
    calibration: Calibration | None = None
    """What `calibrated_us` corrects the sum by; every other figure is as measured."""
    correlation: float = 1.0
    """How errors of predictions add up: 0 where they are independent, 1 where all are alike."""
    unmapped: tuple[Fate, ...] = ()
    """Nodes of the model that no operator stands for, so that no row has them."""

    @property
    def missing(self) -> tuple[OpSpec, ...]:
        """The operators without a time, each once, in the net's order."""
        return tuple(dict.fromkeys(row.op for row in self.rows if row.runtime_us is None))

    @property
    def predicted(self) -> tuple[Row, ...]:
        """The rows whose time is an estimate from other operators' times."""
        return tuple(row for row in self.rows if row.predicted is not None)

    @property
    def predicted_us(self) -> float:
        """The part of `known_us` that is estimated, in microseconds."""
        return sum(row.predicted.runtime_us for row in self.rows if row.predicted is not None)

    @property
    def interval_us(self) -> tuple[float, float] | None:
        """What the sum is within in about 90 % of cases, as far as predictions are off, in microseconds.

        None where nothing is predicted. How far sums are from whole nets is another matter: `Calibration`.
        """
        rows = [row.predicted for row in self.rows if row.predicted is not None]
        if not rows:
            return None
        from lut.estimation import add_half_widths

        below = add_half_widths((each.runtime_us - each.low_us for each in rows), self.correlation)
        above = add_half_widths((each.high_us - each.runtime_us for each in rows), self.correlation)
        return self.known_us - below, self.known_us + above

    @property
    def qualities(self) -> tuple[QualityShare, ...]:
        """What the sum is made of, by quality; the largest part first."""
        rows: defaultdict[Quality, list[float]] = defaultdict(list)
        for row in self.rows:
            if row.quality is not None:
                rows[row.quality].append(row.runtime_us or 0.0)
        known = self.known_us or 1.0
        shares = [QualityShare(each, len(us), sum(us), sum(us) / known) for each, us in rows.items()]
        return tuple(sorted(shares, key=lambda each: -each.runtime_us))

    @property
    def doubts(self) -> tuple[QualityShare, ...]:
        """The parts of the sum that are something else than measured; the largest first."""
        return tuple(each for each in self.qualities if each.quality.kind != "measured")

    @property
    def known_us(self) -> float:
        """The sum over the rows that have a time, measured or predicted, in microseconds."""
        # sum() adds more exactly from Python 3.12 on; the original's totals are these to the last bit.
        return reduce(add, (row.runtime_us or 0.0 for row in self.rows), 0.0)

    @property
    def total_us(self) -> float | None:
        """The net's estimated latency in microseconds, or None if an operator is missing or unmapped."""
        return None if self.missing or self.unmapped else self.known_us

    @property
    def spread_us(self) -> tuple[float, float]:
        """The sums of p10s and of p90s over the rows that have a time, in microseconds.

        They say how far single runs of the operators spread. A confidence interval of the net they are
        not: operators are not slow all at once. Predicted rows count with their own intervals' ends.
        """
        spreads = [spread for row in self.rows if (spread := row.spread_us) is not None]
        return sum(low for low, _ in spreads), sum(high for _, high in spreads)

    @property
    def scatter(self) -> float | None:
        """How much less the p10s of measured rows sum to than their medians, as a share; None without rows.

        It has four places. On a quiet device it is 2 to 4 %. Where others disturb it, medians are long by
        about as much as they scatter.
        """
        rows = [row for row in self.rows if row.records and row.predicted is None]
        fast = sum(spread[0] for row in rows if (spread := row.spread_us) is not None)
        medians = sum(row.runtime_us or 0.0 for row in rows)
        return round(max(0.0, 1 - fast / medians), 4) if medians else None

    def calibrated(self, calibration: Calibration) -> Estimate:
        """Give the same estimate with a correction for whole nets, such as the table's `calibration`."""
        return replace(self, calibration=calibration)

    @property
    def calibrated_us(self) -> float | None:
        """The corrected total in microseconds; None without a calibration, or if an operator is missing."""
        total = self.total_us
        if self.calibration is None or total is None:
            return None
        return self.calibration.apply(total, len(self.rows))
