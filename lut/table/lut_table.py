"""Tables in memory: finding an operator's records, estimating a net."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from lut.caffe2_pb2 import NetDef
from lut.engines import fuses_activations, name_measured
from lut.errors import ConflictError, FileError
from lut.frontends import Model, Net, list_net_ops, load_net
from lut.ops import MATCHES, OpKey, OpSpec, family_of
from lut.records import LutRecord
from lut.table.content import hash_content
from lut.table.estimate import Estimate, Row
from lut.table.pair import read_sidecar
from lut.table.quality import INTERPOLATED, Quality, TableQuality
from lut.table.stores import MemoryStore, RecordStore

if TYPE_CHECKING:
    from lut.estimation import Interpolator, Prediction
    from lut.sidecar import Calibration, Interval, PredictedRecords, Sidecar
    from lut.table.totals import Totals

__all__ = ["LutTable"]


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

    @cached_property
    def fuses_activations(self) -> bool:
        """Whether its engine runs a ReLU within the operator before it, so that nets have fewer operators.

        Nets that are given as models or NetDefs are seen so; operators are taken as they are given.
        """
        return fuses_activations(self.devices)

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
        row = Row(op, key, records, *self._judge(key, records)) if records else Row(op, key, records)
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
            net: a model's folder or file, a loaded model, a NetDef, or operators.
            init_net: the parameters' shapes, where `net` is a NetDef.
            input_dims: the inputs' shapes, where `net` is a NetDef, or a folder that does not say.
            interpolate: whether operators that the table lacks are estimated from those it has, where
                that is possible; see `lut.estimation`. Such rows have `predicted`.

        Raises:
            ModelError: the net can't be understood.
        """
        net = load_net(net, input_dims)
        rows = tuple(map(self.find, list_net_ops(net, init_net, input_dims, fused=self.fuses_activations)))
        if interpolate and any(not row.records for row in rows):
            rows = tuple(row if row.records else self._predict(row) for row in rows)
        errors = None if self.predicted is None else self.predicted.net
        return Estimate(
            rows,
            unmapped=net.unmapped if isinstance(net, Model) else (),
            correlation=1.0 if errors is None else errors.correlation,
        )

    def estimate_many(self, nets: Iterable[Net]) -> Totals:
        """Sum the operators' medians of many nets, tens of thousands a second where OpSpecs are reused."""
        from lut.table.totals import sum_nets  # numpy, which a single look-up should not wait for

        return sum_nets(self.find, nets, fused=self.fuses_activations)

    @property
    def calibration(self) -> Calibration:
        """The correction for whole nets that `bench validate --fit` keeps beside the table's file.

        It corrects single estimates (`estimate.calibrated`) and arrays of them (`calibration.apply`).

        Raises:
            FileError: there is none, or it is of another device; the message says how to make one.
        """
        path = self._store.path
        if path is None:
            raise FileError("This table is in memory only: a calibration is kept beside a table's file.")
        remedy = f"`bench validate MODEL... --lut {path} --fit` measures nets and makes one."
        sidecar = read_sidecar(path, self._store.content)  # one may have been fitted since
        calibration = None if sidecar is None else sidecar.calibration
        if calibration is None:
            raise FileError(f"No calibration is kept beside {path}, so the sum can't be calibrated. {remedy}")
        if calibration.device not in map(name_measured, self.devices):
            raise FileError(
                f"The calibration beside {path} is of {calibration.device}, "
                f"not of {', '.join(self.devices)}. {remedy}"
            )
        return calibration

    def refusals(self, ops: Iterable[OpSpec]) -> dict[OpSpec, str]:
        """Say, for operators that can't be estimated from the table, why."""
        reasons = ((op, self.interpolator.refusal(op)) for op in ops)
        return {op: reason for op, reason in reasons if reason is not None}

    def _predict(self, row: Row) -> Row:
        predicted = self.interpolator.predict(row.op)
        return row if predicted is None else replace(row, predicted=predicted, quality=INTERPOLATED)

    @cached_property
    def content(self) -> str:
        """The SHA-256 of the table's text; empty where it is in memory only."""
        if self._store.content or self._store.path is None:
            return self._store.content
        return hash_content(self._store.path)

    @cached_property
    def sidecar(self) -> Sidecar | None:
        """What is known of where the table comes from; None where no file tells.

        Raises:
            FileError: the table's sidecar can't be understood, or is of another table.
        """
        return None if self._store.path is None else read_sidecar(self._store.path, self._store.content)

    @property
    def predicted(self) -> PredictedRecords | None:
        """Which of the records are predictions, as `lut fill` makes them; None where all are measured."""
        return None if self.sidecar is None else self.sidecar.predicted

    @cached_property
    def _quality(self) -> TableQuality:
        return TableQuality(self.sidecar, self.devices, MATCHES[self._store.match].key)

    def _find_interval(self, key: OpKey) -> Interval | None:
        """Return the interval of a key that is asked for; None if its record was measured."""
        if not self._intervals:
            return None
        if self._store.match == "exact":
            return self._intervals.get(key.id)
        return self._matched_intervals.get(MATCHES[self._store.match].key(key))

    @cached_property
    def _intervals(self) -> Mapping[str, Interval]:
        """The intervals of predictions by id; empty where all records are measured."""
        return {} if self.predicted is None else self.predicted.intervals

    @cached_property
    def _matched_intervals(self) -> Mapping[OpKey, Interval]:
        """Where other spellings are the same operator, ids tell nothing: the keys are in the file."""
        match, intervals = MATCHES[self._store.match].key, self._intervals
        present = ((record.key, intervals.get(record.key.id)) for record in self._store)
        return {match(key): interval for key, interval in present if interval is not None}

    def is_predicted(self, key: OpKey) -> bool:
        """Tell whether the record of a key, spelled as in the file, is a prediction."""
        return bool(self._intervals) and key.id in self._intervals

    @property
    def measured(self) -> Iterator[LutRecord]:
        """Give the records that were measured, in the file's order.

        Raises:
            ConflictError: the table is a filled one, and which records were measured is not known.
        """
        if self._quality.default.kind == "unknown":
            raise ConflictError(
                f"The table of {', '.join(self.devices)} is a filled one, and no .meta.json beside it says "
                f"which of its records were measured. Give the table that it was made of."
            )
        return (record for record in self if not self.is_predicted(record.key))

    def _judge(self, key: OpKey, records: tuple[LutRecord, ...]) -> tuple[Prediction | None, Quality]:
        """Tell of records whether they were measured, and how well."""
        interval = self._find_interval(key)
        if interval is None:
            return None, self._quality.of(key)
        from lut.estimation import Prediction

        family = family_of(OpSpec.from_key(key))
        return Prediction(records[0].p50, *interval, family), self._quality.of(key, is_predicted=True)

    @cached_property
    def interpolator(self) -> Interpolator:
        """What estimates operators from the measured ones of the table."""
        from lut.estimation import fit_table

        if self.sidecar is None:
            return fit_table(self.measured)
        return fit_table(self.measured, frozenset(self.sidecar.held_out), self.sidecar.rounds)
