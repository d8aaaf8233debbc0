"""Reading what the benchmark program prints: samples, or an error. Never zero, never a guess."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, TypeAlias

import msgspec

from bench.device_runner.program.canary import CanaryTimes
from lut.entries import Conditions, Discarded
from lut.ops import TensorSpec
from lut.schema import Name, Nanoseconds, Positive, Text, Whole, make_decoder

__all__ = [
    "Begin",
    "End",
    "Event",
    "Gaps",
    "NetFailed",
    "NetProfiled",
    "NetTimed",
    "NetValues",
    "ParseError",
    "Started",
    "Turns",
    "parse_event",
]


class ParseError(ValueError):
    """A line that the program can't have printed whole: cut off, garbled, or of another version."""


class _Event(msgspec.Struct, frozen=True, tag_field="event"):
    """What a line says; it may hold more."""


class Started(_Event, frozen=True, tag="start"):
    """The program runs and says what it took from its command line; `cpus` is the mask in force."""

    nets: Whole
    threads: Positive
    cpus: Name
    version: Whole = 1

    def __post_init__(self) -> None:
        if self.version != 1:
            raise ValueError(f"version {self.version} where 1 is expected")


class Gaps(_Event, frozen=True, tag="gaps"):
    """When the system had the processor, in so many nanoseconds of a busy thread; gaps do not overlap."""

    span_ns: Nanoseconds
    at_ns: tuple[Whole, ...]
    took_ns: tuple[Nanoseconds, ...]

    def __post_init__(self) -> None:
        if len(self.at_ns) != len(self.took_ns):
            raise ValueError("gaps have as many beginnings as times")


class Begin(_Event, frozen=True, tag="begin"):
    """The program turns to a net; a crash before the next line is this net's."""

    id: Name


class _Load(_Event, frozen=True, tag="load"):
    id: Name


class NetTimed(
    Conditions, frozen=True, kw_only=True, forbid_unknown_fields=False, tag_field="event", tag="net"
):
    """One visit to one net: nanoseconds of every run, and of loading and engine as a whole."""

    id: Name
    pass_index: Whole = msgspec.field(name="pass")
    samples_ns: Annotated[tuple[Nanoseconds, ...], msgspec.Meta(min_length=1)]
    warmup_ns: tuple[Nanoseconds, ...]
    repeats: Positive
    outputs: tuple[TensorSpec, ...] | None
    """None where the program does not tell: not every one is ours."""
    khz_before: Positive | None
    khz_after: Positive | None
    discarded: Discarded = Discarded()
    engine_ns: Nanoseconds
    load_ns: Whole = 0

    @property
    def conditions(self) -> Conditions:
        """The state of the device around the visit."""
        return Conditions(*(getattr(self, name) for name in Conditions.__struct_fields__))


class NetValues(_Event, frozen=True, dict=True, tag="values"):
    """What a net computed: the bytes of each of its outputs, as hexadecimal digits on the way."""

    id: Name
    digits: tuple[Annotated[str, msgspec.Meta(max_length=1 << 30)], ...] = msgspec.field(name="values")

    def __post_init__(self) -> None:
        _ = self.values  # a ValueError, where the digits are none

    @cached_property
    def values(self) -> tuple[bytes, ...]:
        """The bytes of each of its outputs."""
        return tuple(map(bytes.fromhex, self.digits))


class NetProfiled(_Event, frozen=True, tag="operators"):
    """What an engine's nodes took inside runs of a net, and these runs beside plain ones, in nanoseconds."""

    id: Name
    resolution_ns: Positive
    """How finely the engine tells the times of nodes."""
    plain_ns: Annotated[tuple[Nanoseconds, ...], msgspec.Meta(min_length=1)]
    profiled_ns: Annotated[tuple[Nanoseconds, ...], msgspec.Meta(min_length=1)]
    unmatched_ns: tuple[Whole, ...]
    """What the engine tells in each profiled run of no node that is known."""
    nodes_ns: tuple[tuple[Whole, ...] | None, ...]
    """Of each node in every profiled run; None where the engine's figures can't be matched to it."""

    def __post_init__(self) -> None:
        runs = len(self.profiled_ns)
        if {len(times) for times in (self.unmatched_ns, *self.nodes_ns) if times is not None} != {runs}:
            raise ValueError("nodes have as many times as there are profiled runs")


class NetFailed(_Event, frozen=True, tag="error"):
    """A net that the engine refused, with the engine's own words."""

    id: Name
    stage: Name
    message: Text


class Turns(_Event, frozen=True, tag="turns"):
    """From here on the nets that were begun take turns; a crash before their figures may be any one's."""


class End(_Event, frozen=True, tag="end"):
    """The program did all it was asked to."""

    canary_ns: Nanoseconds | None = None
    canary_memory_ns: Nanoseconds | None = None

    def __post_init__(self) -> None:
        if (self.canary_ns is None) != (self.canary_memory_ns is None):
            raise ValueError("the canary has both times or none")

    @property
    def canary(self) -> CanaryTimes | None:
        """What its canary usually took, if it had one."""
        if self.canary_ns is None or self.canary_memory_ns is None:
            return None
        return CanaryTimes(self.canary_ns, self.canary_memory_ns)


Event: TypeAlias = Started | Begin | Turns | NetTimed | NetProfiled | NetValues | NetFailed | Gaps | End

_decode = make_decoder(Event | _Load)


def parse_event(line: str) -> Event:
    """Read one line of the program's output.

    Raises:
        ParseError: it is not an event, or a figure in it can't be one.
    """
    try:
        event: Event | _Load = _decode(line)
    except ValueError as error:
        raise ParseError(
            f"the program printed {line[:200]!r}, which is not one of its events ({error})"
        ) from error
    return Begin(event.id) if isinstance(event, _Load) else event
