"""Which records of a table are predictions, as its sidecar says."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from lut.ops import MATCHES, OpKey
from lut.table.stores import RecordStore

if TYPE_CHECKING:
    from lut.sidecar import PredictedRecords

__all__ = ["PredictionLookup"]

Interval = tuple[float, float]


class PredictionLookup:
    """Finds the interval of a record that is a prediction. The sidecar is read when it is first needed."""

    def __init__(self, store: RecordStore) -> None:
        self._store = store

    @cached_property
    def records(self) -> PredictedRecords | None:
        """The table's predictions; None where all is measured.

        Raises:
            FileError: the table's sidecar can't be understood.
        """
        path = self._store.path
        if path is None:
            return None
        from lut.sidecar import read_predicted  # not before a look-up: opening takes milliseconds

        return read_predicted(path)

    def holds(self, key: OpKey) -> bool:
        """Tell whether the record of a key, spelled as in the file, is a prediction."""
        return self.records is not None and key.id in self.records.intervals

    def find(self, key: OpKey) -> Interval | None:
        """Give the interval in microseconds of a key that is asked for; None if its record was measured."""
        if self.records is None:
            return None
        if self._store.match == "exact":
            return self.records.intervals.get(key.id)
        return self._by_matched_key.get(MATCHES[self._store.match].key(key))

    @cached_property
    def _by_matched_key(self) -> Mapping[OpKey, Interval]:
        """Where other spellings are the same operator, ids tell nothing: the keys are in the file."""
        assert self.records is not None
        match, intervals = MATCHES[self._store.match].key, self.records.intervals
        return {
            match(record.key): intervals[record.key.id] for record in self._store if self.holds(record.key)
        }
