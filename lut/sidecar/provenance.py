"""Where a table's figures come from: who measured, when, by what program, and what went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lut.drift import JournalDrift, RunDrift
from lut.entries import Segment
from lut.errors import FileError
from lut.files import parse_json, read_bytes
from lut.ops import OpKey
from lut.sidecar.file import sidecar_path

__all__ = ["FailedOp", "Provenance", "read_provenance"]


@dataclass(frozen=True)
class FailedOp:
    """An operator that could not be measured: at which stage, and what was seen."""

    key: OpKey
    stage: str
    reason: str


@dataclass(frozen=True)
class Provenance:
    """Where a table's figures come from. `marked` are operators to be wary of, with the reason."""

    segments: tuple[Segment, ...]
    sources: tuple[str, ...] = ()
    incomplete: tuple[OpKey, ...] = ()
    failures: tuple[FailedOp, ...] = ()
    marked: Mapping[OpKey, str] | None = None
    """None where nobody looked for such operators, which is not the same as finding none."""
    drifts: tuple[JournalDrift, ...] = ()
    """How the device was in a journal against those begun before it."""
    extended: tuple[tuple[tuple[str, ...], RunDrift], ...] = ()
    """How it was in journals, by their names, against the table that they were merged into."""


def read_provenance(table: Path) -> Provenance | None:
    """Read the provenance of a table; None if no file tells it, as of a published table.

    Raises:
        FileError: the file is there, but can't be read or understood.
    """
    path = sidecar_path(table)
    if not path.exists():
        return None
    try:
        return _parse(parse_json(read_bytes(path)))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise FileError(
            f"{path} does not tell where a table comes from ({type(error).__name__}: {error}). "
            f"Is it a file written by `lut merge`? Move it away to go on without it."
        ) from error


def _parse(fields: Mapping[str, Any]) -> Provenance:
    marked = fields.get("marked")
    return Provenance(
        segments=tuple(map(Segment.from_json, fields["segments"])),
        sources=tuple(map(str, fields["sources"])),
        incomplete=tuple(map(OpKey.from_json, fields["incomplete"])),
        failures=tuple(
            FailedOp(OpKey.from_json(entry), str(entry["stage"]), str(entry["reason"]))
            for entry in fields["failures"]
        ),
        marked=None if marked is None else {OpKey.from_json(entry): str(entry["reason"]) for entry in marked},
        drifts=tuple(map(JournalDrift.from_json, fields.get("drift", []))),
        extended=tuple(
            (tuple(map(str, step["sources"])), RunDrift.from_json(step["drift"]))
            for step in fields.get("extended", [])
            if "drift" in step
        ),
    )
