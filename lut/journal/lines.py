"""A journal's lines: how entries are written, and read back; see `lut.journal` for what they mean."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias

from lut.entries import (
    BlockState,
    Conditions,
    Discarded,
    Failure,
    Measurement,
    Repeated,
    Round,
    Segment,
)
from lut.errors import FileError
from lut.files import explain_kind, parse_json
from lut.plan import parse_op

__all__ = ["HEAD", "VERSION", "BrokenLineError", "Entry", "begins_journal", "format_entry", "parse_line"]

VERSION = 1
"""The version of the format; a reader refuses others."""

Entry: TypeAlias = Segment | BlockState | Round | Measurement | Repeated | Failure

HEAD = b'{"kind": "'
"""How every line begins that was written here."""


def begins_journal(beginning: bytes) -> bool:
    """Tell whether what a file begins with is, as far as it goes, how a journal begins."""
    return beginning[: len(HEAD)] == HEAD[: len(beginning)]


class BrokenLineError(FileError):
    """A line that is not JSON as a whole: what a power cut or a full disk leaves.

    A part of a line is never whole JSON, nor are two lines run together, nor is anything that holds a NUL. A
    line that is whole and holds what no entry does was written so, by a hand or another program; to pass
    over that would hide a mistake.
    """


def parse_line(path: Path, number: int, line: bytes) -> Entry:
    """Read one whole line.

    Raises:
        BrokenLineError: it is not JSON.
        FileError: it is not an entry, or of another version; the message names the line by its number.
    """
    try:
        fields = parse_json(line)
    except ValueError as error:
        raise BrokenLineError(_describe(path, number, error)) from error
    try:
        return _ENTRIES[fields["kind"]](fields)
    except _VersionError as error:
        raise FileError(
            f"{path}:{number} is of journal version {error}; this program reads version {VERSION}."
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        if words := explain_kind(path, "journal"):
            raise FileError(words) from error
        raise FileError(_describe(path, number, error)) from error


def _describe(path: Path, number: int, error: Exception) -> str:
    return (
        f"{path}:{number} is not a journal entry ({type(error).__name__}: {error}). "
        f"Is it a file written by `bench run`?"
    )


class _VersionError(Exception):
    """A segment of another version; carries that version."""


def _segment(fields: dict[str, Any]) -> Segment:
    if fields["version"] != VERSION:
        raise _VersionError(fields["version"])
    segment = Segment.from_json(fields)
    if fields["id"] == segment.id:
        return segment
    former = Segment.make_id(segment.device.name, fields["program"], fields["config"])
    if fields["id"] != former:
        raise ValueError(f"its id is {fields['id']!r}, its contents give {segment.id!r}")
    return segment.named(former)


def _measurement(fields: dict[str, Any]) -> Measurement:
    samples = tuple(fields["samples_ns"])
    if not samples or not all(type(sample) is int and 0 < sample < 1 << 63 for sample in samples):
        raise ValueError("samples_ns must hold whole numbers above 0 (nanoseconds, 63 bits)")
    return Measurement(
        parse_op(fields),
        fields["segment"],
        fields["pass"],
        samples,
        tuple(fields["warmup_ns"]),
        fields["repeats"],
        Conditions(**fields["conditions"]),
        _discarded(fields.get("discarded", {})),
        None if fields.get("turn") is None else int(fields["turn"]),
    )


def _discarded(fields: dict[str, list[int]]) -> Discarded:
    return Discarded(**{cause: tuple(runs_ns) for cause, runs_ns in fields.items()})


def _repeated(fields: dict[str, Any]) -> Repeated:
    return Repeated(_measurement(fields))


def _failure(fields: dict[str, Any]) -> Failure:
    return Failure(parse_op(fields), fields["segment"], fields["stage"], fields["reason"])


def _state(fields: dict[str, Any]) -> BlockState:
    return BlockState(fields["segment"], dict(fields["values"]))


def _round(fields: dict[str, Any]) -> Round:
    chosen, held_out = tuple(fields["chosen"]), tuple(fields["held_out"])
    if not all(isinstance(op_id, str) for op_id in (*chosen, *held_out)):
        raise ValueError("chosen and held_out must hold the ids of operators")
    return Round(fields["segment"], chosen, held_out, float(fields["spent_s"]))


_ENTRIES: dict[str, Callable[[dict[str, Any]], Entry]] = {
    "segment": _segment,
    "state": _state,
    "round": _round,
    "measurement": _measurement,
    "repeated": _repeated,
    "failure": _failure,
}


def format_entry(entry: Entry) -> bytes:
    """Write an entry as one line, with the line's end."""
    fields: dict[str, Any]
    if isinstance(entry, Segment):
        fields = {
            "kind": "segment",
            "version": VERSION,
            "id": entry.id,
            "started": entry.started,
            "device": asdict(entry.device),
            "program": asdict(entry.program),
            "config": asdict(entry.config),
        }
    elif isinstance(entry, BlockState):
        fields = {"kind": "state", "segment": entry.segment, "values": dict(entry.values)}
    elif isinstance(entry, Round):
        fields = {"kind": "round", **asdict(entry)}
    elif isinstance(entry, Measurement):
        fields = {"kind": "measurement", **_visit_fields(entry)}
    elif isinstance(entry, Repeated):
        fields = {"kind": "repeated", **_visit_fields(entry.visit)}
    else:
        fields = {
            "kind": "failure",
            "segment": entry.segment,
            **entry.op.key.to_json(),
            "stage": entry.stage,
            "reason": entry.reason,
        }
    return json.dumps(fields).encode() + b"\n"


def _visit_fields(visit: Measurement) -> dict[str, Any]:
    return {
        "segment": visit.segment,
        **visit.op.key.to_json(),
        "pass": visit.pass_index,
        "samples_ns": visit.samples_ns,
        "warmup_ns": visit.warmup_ns,
        "repeats": visit.repeats,
        "conditions": asdict(visit.conditions),
        "discarded": asdict(visit.discarded),
        **({} if visit.turn is None else {"turn": visit.turn}),
    }
