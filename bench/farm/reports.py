"""What comes back while a host measures: journal lines, one at a time, and words.

They are plain values in Dask's events, with bounds. A client asks Dask for no result and no exception, which
would be read as pickles.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import msgspec

from bench.device_runner import Recovery, Visit
from lut.entries import (
    Anchor,
    BlockState,
    DeviceInfo,
    Entry,
    Failure,
    Measurement,
    ProgramInfo,
    Repeated,
    RunConfig,
    Segment,
)
from lut.errors import FileError
from lut.journal import format_entry, parse_line
from lut.schema import to_json

__all__ = [
    "Begun",
    "Broken",
    "Ended",
    "Ready",
    "Refused",
    "Report",
    "Said",
    "Sign",
    "read_report",
    "write_report",
]


@dataclass(frozen=True)
class Begun:
    """A phone was taken and is ready."""

    device: DeviceInfo
    program: ProgramInfo


@dataclass(frozen=True)
class Said:
    """A sentence for the user."""

    sentence: str


@dataclass(frozen=True)
class Sign:
    """Nothing new, but it goes on."""


@dataclass(frozen=True)
class Ended:
    """The block's end at this host: done where `reason` is empty. Without a serial no phone was free."""

    serial: str = ""
    reason: str = ""
    incidents: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Ready:
    """The answer to which program a host measures with."""

    program: ProgramInfo


@dataclass(frozen=True)
class Refused:
    """The answer of a host that can't measure."""

    reason: str


@dataclass(frozen=True)
class Broken:
    """A mistake of the program at the host, in a sentence; the host itself shows where it is."""

    sentence: str


Report: TypeAlias = (
    Begun | Said | Sign | Ended | Ready | Refused | Broken | Recovery | BlockState | Anchor | Visit
)

_EMPTY = RunConfig()

_SENTENCE = 10_000
"""So many characters of a sentence are sent."""

_Name: TypeAlias = Annotated[str, msgspec.Meta(max_length=1000)]
_Text: TypeAlias = Annotated[str, msgspec.Meta(max_length=_SENTENCE)]
_Line: TypeAlias = Annotated[str, msgspec.Meta(max_length=1 << 24)]
"""A journal's line, with all samples of a measurement."""
_Time: TypeAlias = Annotated[int, msgspec.Meta(ge=0, lt=1 << 62)]
"""Nanoseconds, or a count."""


class _Message(msgspec.Struct, frozen=True):
    """What a report is on its way. One that holds nothing is a sign of life; Dask adds a field of its own."""

    token: _Name
    visit: _Line | None = None
    times_ns: tuple[_Time, _Time, _Time] = (0, 0, 0)
    state: _Line | None = None
    anchor: _Line | None = None
    begun: _Line | None = None
    ready: ProgramInfo | None = None
    refused: _Text | None = None
    broken: _Text | None = None
    recovery: _Text | None = None
    said: _Text | None = None
    ended: _Text | None = None
    serial: _Name = ""
    incidents: Annotated[dict[_Name, _Time], msgspec.Meta(max_length=1000)] = {}


def write_report(token: str, report: Report) -> dict[str, Any]:
    """Write a report on the order or question of a token, as plain values that Dask's events carry."""
    return {"token": token, **_write_fields(report)}


def read_report(fields: Any) -> tuple[str, Report]:
    """Read a report back, with its token.

    Raises:
        FileError: it is none, or longer than any that a host writes.
    """
    try:
        message = msgspec.convert(fields, _Message)
        return message.token, _read_fields(message)
    except (msgspec.ValidationError, FileError, TypeError) as error:
        raise FileError(f"A host sent a report that can't be read: {error}") from error


def _write_fields(report: Report) -> dict[str, Any]:
    match report:
        case Visit(outcome, engine_ns, load_ns, busy_ns):
            return {"visit": _write(outcome), "times_ns": [engine_ns, load_ns, busy_ns]}
        case BlockState():
            return {"state": _write(report)}
        case Anchor():
            return {"anchor": _write(report)}
        case Begun(device, program):
            return {"begun": _write(Segment(device, program, _EMPTY))}
        case Ready(program):
            return {"ready": to_json(program)}
        case Refused(reason):
            return {"refused": reason[:_SENTENCE]}
        case Broken(sentence):
            return {"broken": sentence[:_SENTENCE]}
        case Recovery(reason):
            return {"recovery": reason[:_SENTENCE]}
        case Said(sentence):
            return {"said": sentence[:_SENTENCE]}
        case Ended(serial, reason, incidents):
            return {"ended": reason[:_SENTENCE], "serial": serial, "incidents": dict(incidents)}
        case Sign():
            return {}


def _read_fields(message: _Message) -> Report:
    if message.visit is not None:
        return Visit(_read(message.visit, Measurement, Repeated, Failure), *message.times_ns)
    if message.state is not None:
        state: BlockState = _read(message.state, BlockState)
        return state
    if message.anchor is not None:
        anchor: Anchor = _read(message.anchor, Anchor)
        return anchor
    if message.begun is not None:
        segment = _read(message.begun, Segment)
        return Begun(segment.device, segment.program)
    for kind, text in (
        (Refused, message.refused),
        (Broken, message.broken),
        (Recovery, message.recovery),
        (Said, message.said),
    ):
        if text is not None:
            return kind(text)
    if message.ready is not None:
        return Ready(message.ready)
    if message.ended is not None:
        return Ended(message.serial, message.ended, message.incidents)
    return Sign()


def _write(entry: Any) -> str:
    return format_entry(entry).decode()


def _read(line: str, *kinds: type[Entry]) -> Any:
    entry = parse_line(Path("a report"), 1, line.encode())
    if not isinstance(entry, kinds):
        raise FileError(f"it holds a {type(entry).__name__}.")
    return entry
