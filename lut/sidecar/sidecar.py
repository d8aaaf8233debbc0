"""What a sidecar says of its table: one definition, read and written here alone.

    {"version": 2, "device": "SM-G950U-7.0-24", "records": 2011, "content": "<SHA-256 of the table>",
     "sources": ["zoo.run.jsonl"], "segments": [{"device": {…}, "program": {…}, "config": {…}, …}],
     "marked": [{<operator>, "reason": "measured while …"}], "incomplete": [{<operator>}],
     "failures": [{<operator>, "stage": "crash", "reason": …}], …}

Version 1 lacks `content`, and is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from lut.drift import Canary, JournalDrift, RunDrift, UnitDrift
from lut.entries import Segment
from lut.errors import FileError
from lut.ops import KeyFields
from lut.schema import Name, Record, Whole, convert, decode, encode_file, refuse_newer, to_json
from lut.sidecar.calibration import Calibration
from lut.sidecar.predictions import PredictedRecords

__all__ = [
    "VERSION",
    "Addition",
    "FailedOp",
    "MarkedOp",
    "Sidecar",
    "format_sidecar",
    "parse_sidecar",
    "sidecar_path",
]

VERSION = 2


class MarkedOp(KeyFields, frozen=True):
    """An operator to be wary of, and why: a sentence's end, as in `lut.entries.CAUSES`."""

    reason: str


class FailedOp(KeyFields, frozen=True):
    """An operator that could not be measured: at which stage, and what was seen."""

    stage: str
    reason: str


class Addition(Record, frozen=True):
    """How journals were merged into the table; see `lut.extend.Extension` for the counts."""

    sources: tuple[str, ...]
    policy: str
    added: Whole
    present: Whole
    equal: Whole
    contradictions: Whole
    drift: RunDrift | None = None
    """How the device was in them against the table as it was; None where that can't be told."""


class Sidecar(Record, frozen=True):
    """Where a table's figures come from, and what was learnt of them since."""

    device: str = ""
    records: Whole | None = None
    content: str = ""
    """The SHA-256 of the table's text, whether that is zipped or not; empty in version 1."""
    sources: tuple[str, ...] = ()
    """The names of the journals."""
    segments: tuple[Segment, ...] = ()
    has_unknown_origin: bool = False
    """Whether some records are of a table of which no file told who measured it."""
    marked: tuple[MarkedOp, ...] | None = None
    """None where nobody looked for such operators, which is not the same as finding none."""
    incomplete: tuple[KeyFields, ...] = ()
    """Operators with fewer visits than their configuration's passes."""
    failures: tuple[FailedOp, ...] = ()
    disturbances: Mapping[str, Mapping[str, Whole]] = msgspec.field(default_factory=dict)
    """What disturbed the runs, by kind and cause; see `lut.journal.Disturbances`."""
    canary: tuple[Canary, ...] = ()
    drift: tuple[JournalDrift, ...] = ()
    """How the device was in a journal against those begun before it."""
    units: tuple[UnitDrift, ...] = ()
    """How fast units are beside the one that measured most, and whether their times were divided by that."""
    extended: tuple[Addition, ...] = ()
    held_out: tuple[Name, ...] = ()
    """Operators that were measured to judge predictions by."""
    rounds: tuple[tuple[Name, ...], ...] = ()
    """Operators that runs with a goal chose and measured together."""
    predicted: PredictedRecords | None = None
    calibration: Calibration | None = None

    @property
    def is_mixed(self) -> bool:
        """Whether records are of programs or configurations that are not comparable, or may be."""
        return bool(self.describe_mixture())

    def describe_mixture(self) -> str:
        """Say what differs between what the records were measured with; empty where nothing does."""
        found: dict[str, list[str]] = {}
        for segment in self.segments:
            for part, name, ours, theirs in self.segments[0].differences(segment):
                if part != "device":
                    values = found.setdefault(f"{part} {name}", [_show(ours)])
                    values += [text for text in [_show(theirs)] if text not in values]
        said = [f"{name} {' and '.join(values)}" for name, values in found.items()]
        said += ["records of unknown origin"] if self.has_unknown_origin and self.segments else []
        return ", ".join(said)


def _show(value: object) -> str:
    text = str(value) or "''"
    return text if len(text) <= 12 else f"{text[:12]}…"


def sidecar_path(table: Path) -> Path:
    """Name the sidecar of a table, plain or zipped."""
    return table.with_name(table.name.removesuffix(".zip")).with_suffix(".meta.json")


def parse_sidecar(text: bytes, path: Path) -> Sidecar:
    """Read a sidecar, which `path` names in what is raised.

    Raises:
        FileError: it is none, of a newer version, or holds something else than it should.
    """
    refuse_newer(text, VERSION, str(path))
    try:
        fields = decode(text, dict[str, Any])
        fields.pop("version", None)
        segments = convert(fields.pop("segments", []), list[Any])
        if isinstance(fields.get("calibration"), dict):
            fields["calibration"] = _modernise(fields["calibration"])
        sidecar = convert(fields, Sidecar)
        return replace(sidecar, segments=tuple(map(Segment.from_json, segments)))
    except ValueError as error:
        raise FileError(
            f"{path} does not say where a table comes from as `lut merge` writes it ({error}). Move it away "
            f"to go on without what it says."
        ) from error


def _modernise(calibration: dict[str, Any]) -> dict[str, Any]:
    """Return a calibration without what version 1 of sidecars held of it beside."""
    if calibration.get("version", 1) != 1:
        raise ValueError(f"its calibration is of version {calibration['version']}")
    derived = ("version", "median_left_out_error", "worst_left_out_error")
    return {name: value for name, value in calibration.items() if name not in derived}


def format_sidecar(sidecar: Sidecar) -> bytes:
    """Write a sidecar as JSON, with the line's end."""
    return encode_file({"version": VERSION, **to_json(sidecar)})
