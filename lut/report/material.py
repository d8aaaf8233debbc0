"""What a report is made of, read and checked: tables, nets, runs, a validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from lut.engines import name_measured
from lut.errors import ConflictError
from lut.frontends import Memory
from lut.report.columns import Columns
from lut.report.runs import Run
from lut.sidecar import Sidecar
from lut.table import Comparison, Estimate, LutTable, compare
from lut.validation import Validation

__all__ = ["Material", "NetReport", "TableReport", "check_devices"]


@dataclass(frozen=True, eq=False)
class TableReport:
    """A table: its file, its records, and what its sidecar tells; `provenance` is None without one."""

    path: Path
    table: LutTable
    columns: Columns
    provenance: Sidecar | None

    @property
    def device(self) -> str:
        """The device whose times they are; several names where the table was not asked for one."""
        return ", ".join(self.table.devices)


@dataclass(frozen=True)
class NetReport:
    """A net by a name that no other net of the report has, and what the table says of it."""

    name: str
    estimate: Estimate
    memory: Memory | None = None
    """What its tensors take; None where that is unknown."""


@dataclass(frozen=True, eq=False)
class Material:
    """All that a report may tell of. `other` is the table that `main` is compared with."""

    main: TableReport
    other: TableReport | None = None
    nets: tuple[NetReport, ...] = ()
    runs: tuple[Run, ...] = ()
    validation: Validation | None = None

    @cached_property
    def comparison(self) -> Comparison | None:
        """How the two tables differ, as ratios other / main; None of one table."""
        return None if self.other is None else compare(self.main.table, self.other.table)


def check_devices(tables: Sequence[TableReport], path: Path, devices: Sequence[str]) -> None:
    """Refuse a file that tells of a device none of the tables is of.

    Raises:
        ConflictError: it does.
    """
    known = {name_measured(name) for table in tables for name in table.table.devices}
    for device in devices:
        if device not in known:
            raise ConflictError(
                f"{path} is of the device {device}, the report of {', '.join(sorted(known))}. "
                f"Leave it out, or give the table of that device."
            )
