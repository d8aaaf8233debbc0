"""Who measured, by which program, and how."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any

import msgspec
from msgspec.structs import asdict, force_setattr, replace

from lut.schema import Name, Positive, Record, Share, Text, Whole, convert, to_json

__all__ = ["DeviceInfo", "ProgramInfo", "RunConfig", "Segment", "SegmentFields"]


class DeviceInfo(Record, frozen=True):
    """The device a measurement comes from.

    `name` is what tables carry: `<model>-<release>-<version>`. `facts` are further properties, each
    as text (for a host: CPU model, cores, governor; for a phone: clusters, build). They describe
    the device and never tell two devices apart: that is for `name` alone.
    """

    name: Name
    kind: Name
    serial: Name
    facts: Annotated[Mapping[Name, Text], msgspec.Meta(max_length=1000)] = {}

    def __eq__(self, other: object) -> bool:
        return self._identity == other._identity if isinstance(other, DeviceInfo) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._identity)

    @property
    def _identity(self) -> tuple[str, str, str]:
        return self.name, self.kind, self.serial

    def generalize(self, cpus: str) -> str:
        """Give the mask that all masks share which are as good on this device as `cpus`.

        One processor stands for all that are like it: those of a mask in the fact `like_cpus`. Several
        processors stand for themselves, as some share a core or a cache and others do not.
        """
        bits = _read_bits(cpus)
        if bits.bit_count() != 1:
            return cpus
        kinds = self.facts.get("like_cpus", "").split()
        return next((kind for kind in kinds if _read_bits(kind) & bits), cpus)


def _read_bits(mask: str) -> int:
    """Give the bits of a hexadecimal mask; none of what is no mask, such as a fact that is unavailable."""
    try:
        return int(mask, 16)
    except ValueError:
        return 0


class ProgramInfo(Record, frozen=True):
    """Which program measured: its kind, the SHA-256 of binary and runtime, the engine's version."""

    kind: Name
    sha256: Name
    engine: Name


class RunConfig(Record, frozen=True):
    """How operators are timed. Measurements of different configurations are never mixed.

    Every operator is visited `passes` times; each visit makes `warmup` untimed and `iters` timed
    runs on `threads` threads, on the processors of the hexadecimal mask `cpus` ("" leaves the
    choice to the system). Runs shorter than `min_sample_us` microseconds are timed several at once.

    With `turns` above 1, so many operators (half as many of floats) take turns, a run each, as the operators
    of a net do, and each finds the caches as it would there; a smaller group makes up for the operators it
    lacks by reading at most `fill_bytes` of other memory a round. `thrash_bytes` of other memory are read
    before every timed run. Warm-up ends early when its moving averages are within `warmup_share` of each
    other (0: never), and the timed runs go on to at most `most_iters` until the medians are known to
    `p50_share` of themselves (0: they don't). Runs during which a canary is slower than usual by
    `canary_share` are made again (0: no canary).
    """

    passes: Positive = 3
    iters: Positive = 10
    warmup: Whole = 5
    threads: Positive = 1
    cpus: Name = ""
    min_sample_us: Share = 0.0
    turns: Positive = 1
    fill_bytes: Whole = 0
    thrash_bytes: Whole = 0
    warmup_share: Share = 0.0
    most_iters: Whole = 0
    p50_share: Share = 0.0
    canary_share: Share = 0.0

    def __post_init__(self) -> None:
        for name, default in _DEFAULTS.items():
            if isinstance(default, float):  # 0 and 0.0 are one setting
                force_setattr(self, name, float(getattr(self, name)))

    @classmethod
    def from_json(cls, fields: Any) -> RunConfig:
        """Read a configuration of any version: fields that a version did not have are as they were then.

        Raises:
            ValueError: a field is unknown, or its value is not of its kind.
        """
        given = convert(fields, dict[str, Any])
        return convert({_FORMER_NAMES.get(name, name): value for name, value in given.items()}, cls)

    def settings(self) -> dict[str, int | float | str]:
        """Give the fields that differ from the defaults, by name."""
        return {name: value for name, value in asdict(self).items() if value != _DEFAULTS[name]}


_DEFAULTS: dict[str, int | float | str] = dict(
    zip(RunConfig.__struct_fields__, RunConfig.__struct_defaults__, strict=True)
)

_FORMER_NAMES = {"group": "turns", "sweep_bytes": "thrash_bytes"}
"""Fields of RunConfig that journals know by other names."""


class Segment(Record, frozen=True, dict=True):
    """A stretch of a journal that one device measured with one program and one configuration.

    It is the source of what was measured in it: which unit, and since when.
    """

    device: DeviceInfo
    program: ProgramInfo
    config: RunConfig
    started: Name = ""
    """Time of day in ISO 8601, UTC."""

    def __eq__(self, other: object) -> bool:
        return self._identity == other._identity if isinstance(other, Segment) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._identity)

    @property
    def _identity(self) -> tuple[DeviceInfo, ProgramInfo, RunConfig, str]:
        return self.device, self.program, self.config, self.started

    @cached_property
    def id(self) -> str:
        """The name by which a journal's lines belong to it: 12 digits of a SHA-256.

        Made of the device's name and serial, the program, what differs from the configuration's defaults (so
        that it stays the same when a configuration gets further fields), and the start.
        """
        device = self.device
        return _digest(device.name, device.serial, asdict(self.program), self.config.settings(), self.started)

    def former_ids(self, config: Mapping[str, Any]) -> tuple[str, ...]:
        """Give the ids that version 1 of journals had for it: neither unit nor start is in them.

        Args:
            config: the configuration as it is written there; the oldest journals made their ids of all of it.
        """
        name, program = self.device.name, asdict(self.program)
        return tuple(_digest(name, program, part) for part in (self.config.settings(), config))

    @classmethod
    def from_json(cls, fields: Any) -> Segment:
        """Read a segment of a sidecar, whatever else is told of it there.

        Raises:
            ValueError: it is none.
        """
        return convert(fields, SegmentFields).segment

    def to_json(self) -> dict[str, Any]:
        """Give what `from_json` reads."""
        return to_json(self)

    def named(self, id_: str) -> Segment:
        """Give the segment under another id, such as that of an older journal."""
        other = replace(self)
        vars(other)["id"] = id_
        return other

    def may_pool_with(self, other: Segment) -> bool:
        """Tell whether samples may be pooled: device, program and configuration are the same."""
        return next(self.differences(other), None) is None

    def is_timed_as(self, other: Segment) -> bool:
        """Tell whether the configurations are the same; one processor is as good as another like it."""
        return all(part != "config" for part, *_ in self.differences(other))

    def differences(self, other: Segment) -> Iterator[tuple[str, str, Any, Any]]:
        """Give what keeps samples from being pooled: the part, the field's name, and both values."""
        for part, names in _IDENTITY.items():
            for name in names:
                ours, theirs = getattr(getattr(self, part), name), getattr(getattr(other, part), name)
                if ours != theirs and not (name == "cpus" and self._general_cpus == other._general_cpus):
                    yield part, name, ours, theirs

    @property
    def _general_cpus(self) -> str:
        return self.device.generalize(self.config.cpus)


def _digest(*identity: object) -> str:
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:12]


_IDENTITY = {
    "device": ("name",),
    "program": ProgramInfo.__struct_fields__,
    "config": RunConfig.__struct_fields__,
}
"""What tells whether samples may be pooled."""


class SegmentFields(msgspec.Struct, frozen=True, kw_only=True):
    """A segment as it is written: its configuration may have fields by former names."""

    device: DeviceInfo
    program: ProgramInfo
    config: dict[Name, int | float | str]
    started: Name

    @property
    def segment(self) -> Segment:
        """The segment.

        Raises:
            ValueError: its configuration is none.
        """
        return Segment(self.device, self.program, RunConfig.from_json(self.config), self.started)
