"""What a client asks a host to measure, and what comes back while it does: journal lines, one at a time.

An order is sent by Dask's pickle between equal versions; what comes back are plain values, as Dask's events.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from bench.device_runner import PhoneOptions, Profile, Recovery, Visit
from bench.engines import ENGINES
from bench.farm.phone_source import find_or_build
from lut.entries import (
    BlockState,
    DeviceInfo,
    Failure,
    Measurement,
    ProgramInfo,
    Repeated,
    RunConfig,
    Segment,
)
from lut.journal import format_entry, parse_line
from lut.ops import OpSpec
from lut.plan import Origin

__all__ = ["Begun", "Ended", "Order", "Report", "Said", "Sign", "Wanted", "read_report", "write_report"]


@dataclass(frozen=True)
class Wanted:
    """Phones that a run wants, and how they are to be treated. `name` is their name on Caffe2."""

    name: str
    engine: str
    ignored_gates: frozenset[str] = frozenset()
    profile: Profile | None = None

    def options(self) -> PhoneOptions:
        """Give the options a host opens them by."""
        return PhoneOptions(
            ignored_gates=self.ignored_gates,
            profile=self.profile,
            engine=ENGINES[self.engine],
            program=find_or_build,
        )


@dataclass(frozen=True)
class Order:
    """A block to be measured at one host. Its reports go to `topic`, marked with `token`."""

    token: str
    topic: str
    wanted: Wanted
    config: RunConfig
    passes: Mapping[OpSpec, frozenset[int]]
    origins: Mapping[str, Origin]
    seed: int
    silence_s: float | None = None
    without: frozenset[str] = frozenset()
    """Serials of phones at this host that proved unfit."""


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


Report: TypeAlias = Begun | Said | Sign | Ended | Recovery | BlockState | Visit

_EMPTY = RunConfig()


def write_report(report: Report) -> dict[str, Any]:
    """Write a report as values that Dask's events carry."""
    match report:
        case Visit(outcome, engine_ns, load_ns, busy_ns):
            return {"visit": _write(outcome), "times_ns": [engine_ns, load_ns, busy_ns]}
        case BlockState():
            return {"state": _write(report)}
        case Begun(device, program):
            return {"begun": _write(Segment(device, program, _EMPTY))}
        case Recovery(reason):
            return {"recovery": reason}
        case Said(sentence):
            return {"said": sentence}
        case Ended(serial, reason, incidents):
            return {"ended": reason, "serial": serial, "incidents": dict(incidents)}
        case Sign():
            return {"sign": True}


def read_report(fields: Mapping[str, Any]) -> Report:
    """Read a report back.

    Raises:
        FileError, KeyError: it is none.
    """
    if "visit" in fields:
        outcome = _read(fields["visit"])
        assert isinstance(outcome, Measurement | Repeated | Failure)
        return Visit(outcome, *fields["times_ns"])
    if "state" in fields:
        state = _read(fields["state"])
        assert isinstance(state, BlockState)
        return state
    if "begun" in fields:
        segment = _read(fields["begun"])
        assert isinstance(segment, Segment)
        return Begun(segment.device, segment.program)
    if "recovery" in fields:
        return Recovery(fields["recovery"])
    if "said" in fields:
        return Said(fields["said"])
    if "sign" in fields:
        return Sign()
    return Ended(fields["serial"], fields["ended"], fields["incidents"])


def _write(entry: Any) -> str:
    return format_entry(entry).decode()


def _read(line: str) -> Any:
    return parse_line(Path("a report"), 1, line.encode())
