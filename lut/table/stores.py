"""Where a table's records are: in memory, or in the table's file, found by an index."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path

from lut.errors import ConflictError
from lut.ops import MATCHES, OpKey
from lut.records import LutRecord
from lut.table.formats import format_of
from lut.table.index import DamagedIndexError, Index
from lut.table.index_cache import rebuild_index

__all__ = ["IndexStore", "MemoryStore", "RecordStore"]


class RecordStore(ABC):
    """Records in the order of their file, found by their keys. Threads may share one: it never changes."""

    @property
    @abstractmethod
    def devices(self) -> tuple[str, ...]:
        """The devices whose records it holds, sorted."""

    @property
    def path(self) -> Path | None:
        """The table's file; None where the records are in memory only."""
        return None

    @property
    def content(self) -> str:
        """The SHA-256 of the table's text when it was opened; empty where that is not known."""
        return ""

    @property
    @abstractmethod
    def match(self) -> str:
        """How keys are compared: a name of `lut.ops.MATCHES`."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def __iter__(self) -> Iterator[LutRecord]: ...

    @abstractmethod
    def find(self, key: OpKey) -> tuple[LutRecord, ...]:
        """Give the records of a key in the file's order; none if it has none."""


class MemoryStore(RecordStore):
    """Records that somebody holds already."""

    def __init__(self, records: Iterable[LutRecord], match: str = "exact") -> None:
        self._records = tuple(records)
        self._match_name = match
        self._match = MATCHES[match].key
        self._by_key: dict[OpKey, list[LutRecord]] = {}
        devices = self.devices
        if len(devices) > 1:
            raise ConflictError(
                f"The records are of {len(devices)} devices: {', '.join(devices)}. Their times can't be "
                f"averaged: make a table of one device's records."
            )
        for record in self._records:
            self._by_key.setdefault(self._match(record.key), []).append(record)

    @property
    def devices(self) -> tuple[str, ...]:
        return tuple(sorted({record.device for record in self._records}))

    @property
    def match(self) -> str:
        return self._match_name

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[LutRecord]:
        return iter(self._records)

    def find(self, key: OpKey) -> tuple[LutRecord, ...]:
        return tuple(self._by_key.get(self._match(key), ()))


class IndexStore(RecordStore):
    """Records in a file with an index. Only walking through all of them reads the file again.

    The records that `find` gives carry the key that was asked for, which in canonical matching may be
    spelled otherwise in the file.
    """

    def __init__(self, path: Path, index: Index, match: str = "exact", device: str | None = None) -> None:
        """Take a table, or with `device` the records of that device only."""
        self._path = path
        self._index = index
        self._match = match
        self._digest = MATCHES[match].digest
        self._names = index.summary.devices
        self._device = device

    @property
    def devices(self) -> tuple[str, ...]:
        return tuple(sorted(name for name in self._names if self._device in (None, name)))

    @property
    def path(self) -> Path:
        return self._path

    @property
    def content(self) -> str:
        return self._index.content

    @property
    def match(self) -> str:
        return self._match

    def __len__(self) -> int:
        return self._index.summary.records if len(self.devices) == len(self._names) else sum(1 for _ in self)

    def __iter__(self) -> Iterator[LutRecord]:
        for record in format_of(self._path).read(self._path):
            if self._device in (None, record.device):
                yield record

    def find(self, key: OpKey) -> tuple[LutRecord, ...]:
        digest = key.digest if self._digest is None else self._digest(key)
        try:
            rows = self._index.find(digest)
        except DamagedIndexError:
            self._index = rebuild_index(self._index, self._path, self._match)
            rows = self._index.find(digest)
        records = (LutRecord(key, row.runtime_us, self._names[row.device]) for row in rows)
        return tuple(record for record in records if self._device in (None, record.device))
