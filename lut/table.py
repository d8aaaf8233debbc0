"""Tables in memory: finding an operator's records, estimating a net."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from lut.caffe2_pb2 import NetDef
from lut.errors import ConflictError, FileError
from lut.frontends import Net, list_net_ops
from lut.index import build_index
from lut.index_cache import cached_index
from lut.records import LutRecord, OpKey, OpSpec
from lut.stores import IndexStore, MemoryStore, RecordStore

if TYPE_CHECKING:
    from lut.calibration import Calibration
    from lut.interpolation import Interpolator
    from lut.totals import Totals

__all__ = [
    "Estimate",
    "LutTable",
    "Prediction",
    "Row",
    "find_table_file",
    "load_table",
    "table_file_name",
]


def table_file_name(device: str) -> str:
    """Name the file that holds a device's table."""
    return f"{device}-op_lut_database.json"


def find_table_file(folder: Path, device: str) -> Path:
    """Find a device's table in a folder, plain or zipped.

    Raises:
        FileError: it is not there; the message lists the devices that are.
    """
    plain = folder / table_file_name(device)
    for path in (plain, plain.with_name(plain.name + ".zip")):
        if path.is_file():
            return path
    suffix = table_file_name("")
    names = (entry.name.removesuffix(".zip") for entry in folder.glob(f"*{suffix}*"))
    present = sorted({name.removesuffix(suffix) for name in names if name.endswith(suffix)})
    raise FileError(
        f"{plain} does not exist. "
        + (f"Tables there are of: {', '.join(present)}." if present else "No table is in that folder.")
    )


@dataclass(frozen=True, slots=True)
class Prediction:
    """A time that was estimated from other operators' times, in microseconds.

    The true one lies between `low_us` and `high_us` in about 90 % of cases, as far as held-out operators of
    the same family in the same table tell.
    """

    runtime_us: float
    low_us: float
    high_us: float
    family: str


@dataclass(frozen=True, slots=True)
class Row:
    """One operator of a net with what the table says of it.

    `records` are those of `key`: the operator's own key or, for an Int8Conv that is not in the table,
    that of the Int8ConvRelu with the same shapes. It is empty where the table has neither; then the time
    may be `predicted` from other records, which is an estimate and no measurement.
    """

    op: OpSpec
    key: OpKey
    records: tuple[LutRecord, ...]
    predicted: Prediction | None = None

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


@dataclass(frozen=True, slots=True)
class Estimate:
    """A net's operators as rows; the sum is the net's latency only when no row is missing."""

    rows: tuple[Row, ...]
    calibration: Calibration | None = None
    """What `calibrated_us` corrects the sum by; every other figure is as measured."""

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
    def known_us(self) -> float:
        """The sum over the rows that have a time, measured or predicted, in microseconds."""
        return sum(row.runtime_us or 0.0 for row in self.rows)

    @property
    def total_us(self) -> float | None:
        """The net's estimated latency in microseconds, or None if an operator is missing."""
        return None if self.missing else self.known_us

    @property
    def spread_us(self) -> tuple[float, float]:
        """The sums of p10s and of p90s over the rows that have a time, in microseconds.

        They say how far single runs of the operators spread. A confidence interval of the net they are
        not: operators are not slow all at once. Predicted rows count with their own intervals' ends.
        """
        spreads = [spread for row in self.rows if (spread := row.spread_us) is not None]
        return sum(low for low, _ in spreads), sum(high for _, high in spreads)

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


class LutTable:
    """An immutable table. It may be asked from many threads at once."""

    def __init__(self, records: Iterable[LutRecord], match: str = "exact") -> None:
        """Take records, or a store that holds them (and matches as it was made to)."""
        self._store = records if isinstance(records, RecordStore) else MemoryStore(records, match)
        self._rows: dict[bytes, Row] = {}

    def __len__(self) -> int:
        return len(self._store)

    def __iter__(self) -> Iterator[LutRecord]:
        """Give all records in the file's order."""
        return iter(self._store)

    @property
    def devices(self) -> tuple[str, ...]:
        """The devices whose records the table holds, sorted."""
        return self._store.devices

    def find(self, op: OpSpec) -> Row:
        """Find an operator's records, in the file's order.

        An Int8Conv without records is looked up as Int8ConvRelu, as the original lookup does: the
        engine runs the same kernel, whose clamp costs the same whatever its bounds.

        An OpSpec that is kept and asked for again is found in a fraction of a microsecond: it remembers
        its digest, and the table remembers what it found.
        """
        row = self._rows.get(op.digest)
        return self._find(op) if row is None else row

    def _find(self, op: OpSpec) -> Row:
        key = op.key
        records = self._store.find(key)
        if not records and op.op_type == "Int8Conv":
            fused = key._replace(op_type="Int8ConvRelu")
            records = self._store.find(fused)
            key = fused if records else key
        row = Row(op, key, records)
        if records:  # of misses there is no end
            self._rows[op.digest] = row
        return row

    def estimate(
        self,
        net: Net,
        *,
        init_net: NetDef | None = None,
        input_dims: Mapping[str, tuple[int, ...]] | None = None,
        interpolate: bool = False,
    ) -> Estimate:
        """Look up every operator of a net.

        Args:
            net: a model's folder, a NetDef, or operators.
            init_net: the parameters' shapes, where `net` is a NetDef.
            input_dims: the inputs' shapes, where `net` is a NetDef, or a folder that does not say.
            interpolate: whether operators that the table lacks are estimated from those it has, where
                that is possible; see `lut.interpolation`. Such rows have `predicted`.

        Raises:
            ModelError: the net can't be understood.
        """
        rows = tuple(map(self.find, list_net_ops(net, init_net, input_dims)))
        if interpolate and any(not row.records for row in rows):
            rows = tuple(row if row.records else self._predict(row) for row in rows)
        return Estimate(rows)

    def estimate_many(self, nets: Iterable[Net]) -> Totals:
        """Sum the operators' medians of many nets, tens of thousands a second where OpSpecs are reused."""
        from lut.totals import sum_nets  # numpy, which a single look-up should not wait for

        return sum_nets(self, nets)

    @property
    def calibration(self) -> Calibration:
        """The correction for whole nets that `bench validate --fit` keeps beside the table's file.

        It corrects single estimates (`estimate.calibrated`) and arrays of them (`calibration.apply`).

        Raises:
            FileError: there is none, or it is of another device; the message says how to make one.
        """
        if self._store.path is None:
            raise FileError("This table is in memory only: a calibration is kept beside a table's file.")
        from lut.calibration import read_calibration

        calibration = read_calibration(self._store.path)
        if calibration.device not in self.devices:
            raise FileError(
                f"The calibration beside {self._store.path} is of {calibration.device}, "
                f"not of {', '.join(self.devices)}."
            )
        return calibration

    def refusals(self, ops: Iterable[OpSpec]) -> dict[OpSpec, str]:
        """Say, for operators that can't be estimated from the table, why."""
        reasons = ((op, self._interpolator.refusal(op)) for op in ops)
        return {op: reason for op, reason in reasons if reason is not None}

    def _predict(self, row: Row) -> Row:
        return replace(row, predicted=self._interpolator.predict(row.op))

    @cached_property
    def _interpolator(self) -> Interpolator:
        from lut.interpolation import fit_table

        return fit_table(self)


def load_table(
    path: Path,
    device: str | None = None,
    *,
    index: bool = True,
    match: str = "exact",
    warn: Callable[[str], None] = lambda _: None,
    progress: Callable[[int], None] = lambda _: None,
) -> LutTable:
    """Open a table, or, with `device`, its records of that device only.

    Every line is checked when a table is first opened. What was learned is kept as an index in the user's
    cache folder (see `lut.index_cache`); from then on opening takes milliseconds, until the file changes.

    Args:
        path: a table in any format.
        device: whose records to use, where a table holds several devices'.
        index: whether to use and keep the index; without it the table is read anew.
        match: a name of `lut.canonical.MATCHES`.
        warn: hears a sentence if operators stand there more than once, whose times are averaged.
        progress: hears the number of lines read, while an index is built.

    Raises:
        FileError: the file can't be read, holds no record, or a line of it is no record.
        ConflictError: it holds several devices' records, and none was named.
    """
    found = cached_index(path, match, progress) if index else build_index(path, match, progress).index()
    summary = found.summary
    if device is None and len(summary.devices) > 1:
        raise ConflictError(
            f"{path} holds records of {len(summary.devices)} devices: line {summary.first_lines[1]} is of "
            f"{summary.devices[1]}, the lines above it are of {summary.devices[0]}. "
            f"Their times can't be averaged: name a device, or give a table of one."
        )
    if device is not None and device not in summary.devices:
        raise FileError(
            f"{path} holds no record of {device}. It holds those of {', '.join(sorted(summary.devices))}."
        )
    if summary.first_repeated is not None:
        line, earlier = summary.first_repeated
        warn(
            f"{path}:{line} repeats the operator of line {earlier}"
            + (f", and {summary.repeated - 1} more lines repeat others" if summary.repeated > 1 else "")
            + "; the times of equal operators are averaged."
        )
    return LutTable(IndexStore(path, found, match, device))
