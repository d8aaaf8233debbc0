"""Reading what the benchmark program prints: samples, or an error. Never zero, never a guess."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, TypeAlias

from bench.device_runner.program.canary import CanaryTimes
from lut.entries import CAUSES, Conditions, Discarded
from lut.ops import TensorSpec

__all__ = [
    "Begin",
    "End",
    "Event",
    "Gaps",
    "NetFailed",
    "NetTimed",
    "NetValues",
    "ParseError",
    "Started",
    "Turns",
    "parse_event",
]


class ParseError(ValueError):
    """A line that the program can't have printed whole: cut off, garbled, or of another version."""


@dataclass(frozen=True, slots=True)
class Started:
    """The program runs and says what it took from its command line; `cpus` is the mask in force."""

    nets: int
    threads: int
    cpus: str


@dataclass(frozen=True, slots=True)
class Gaps:
    """When the system had the processor, in so many nanoseconds of a busy thread; gaps do not overlap."""

    span_ns: int
    at_ns: tuple[int, ...]
    took_ns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Begin:
    """The program turns to a net; a crash before the next line is this net's."""

    id: str


@dataclass(frozen=True, slots=True)
class NetTimed:
    """One visit to one net: nanoseconds of every run, and of loading and engine as a whole."""

    id: str
    pass_index: int
    samples_ns: tuple[int, ...]
    warmup_ns: tuple[int, ...]
    repeats: int
    outputs: tuple[TensorSpec, ...] | None
    """None where the program does not tell: not every one is ours."""
    conditions: Conditions
    discarded: Discarded
    engine_ns: int
    load_ns: int


@dataclass(frozen=True, slots=True)
class NetValues:
    """What a net computed: the bytes of each of its outputs."""

    id: str
    values: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class NetFailed:
    """A net that the engine refused, with the engine's own words."""

    id: str
    stage: str
    message: str


@dataclass(frozen=True, slots=True)
class Turns:
    """From here on the nets that were begun take turns; a crash before their figures may be any one's."""


@dataclass(frozen=True, slots=True)
class End:
    """The program did all it was asked to; `canary` is what its canary usually took, if it had one."""

    canary: CanaryTimes | None = None


Event: TypeAlias = Started | Begin | Turns | NetTimed | NetValues | NetFailed | Gaps | End


def parse_event(line: str) -> Event:
    """Read one line of the program's output.

    Raises:
        ParseError: it is not an event, or a figure in it can't be one.
    """
    try:
        fields = json.loads(line)
        return _parse(fields["event"], fields)
    except (ValueError, KeyError, TypeError) as error:
        raise ParseError(
            f"the program printed {line[:200]!r}, which is not one of its events ({error})"
        ) from error


def _parse(event: str, fields: dict[str, Any]) -> Event:
    match event:
        case "start":
            if fields["version"] != 1:
                raise ValueError(f"version {fields['version']} where 1 is expected")
            return Started(fields["nets"], fields["threads"], fields["cpus"])
        case "load" | "begin":
            return Begin(fields["id"])
        case "net":
            return NetTimed(
                fields["id"],
                fields["pass"],
                _times(fields["samples_ns"], least=1),
                _times(fields["warmup_ns"], least=0),
                _positive(fields["repeats"]),
                _outputs(fields["outputs"]),
                Conditions(
                    _known(fields["khz_before"]),
                    _known(fields["khz_after"]),
                    _known(fields.get("canary_before_ns")),
                    _known(fields.get("canary_after_ns")),
                    _truth(fields.get("settled")),
                    _cause(fields.get("spoilt_by")),
                    _known(fields.get("memory_before_ns")),
                    _known(fields.get("memory_after_ns")),
                ),
                Discarded(**{cause: _times(runs, 0) for cause, runs in fields.get("discarded", {}).items()}),
                _positive(fields["engine_ns"]),
                _count(fields.get("load_ns", 0)),
            )
        case "gaps":
            gaps = Gaps(
                _positive(fields["span_ns"]),
                tuple(map(_count, fields["at_ns"])),
                _times(fields["took_ns"], least=0),
            )
            if len(gaps.at_ns) != len(gaps.took_ns):
                raise ValueError("gaps have as many beginnings as times")
            return gaps
        case "values":
            return NetValues(fields["id"], tuple(map(bytes.fromhex, fields["values"])))
        case "error":
            return NetFailed(fields["id"], fields["stage"], fields["message"])
        case "end":
            if fields.get("canary_ns") is None:
                return End()
            return End(CanaryTimes(_positive(fields["canary_ns"]), _positive(fields["canary_memory_ns"])))
        case "turns":
            return Turns()
    raise ValueError(f"unknown event {event!r}")


def _outputs(values: Any) -> tuple[TensorSpec, ...] | None:
    return None if values is None else tuple(TensorSpec(tuple(out["shape"]), out["dtype"]) for out in values)


def _positive(value: Any) -> int:
    if type(value) is not int or value < 1:
        raise ValueError(f"{value!r} where a whole number above 0 is expected")
    return value


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r} where a whole number from 0 is expected")
    return value


def _times(values: Any, least: int) -> tuple[int, ...]:
    if not isinstance(values, list) or len(values) < least:
        raise ValueError(f"{values!r} where a list of at least {least} times is expected")
    return tuple(map(_positive, values))


def _known(value: Any) -> int | None:
    return None if value is None else _positive(value)


def _truth(value: Any) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise ValueError(f"{value!r} where true, false or null is expected")
    return value


def _cause(value: Any) -> str | None:
    if value is not None and value not in CAUSES:
        raise ValueError(f"{value!r} where one of {', '.join(CAUSES)} or null is expected")
    return None if value is None else str(value)
