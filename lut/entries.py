"""What a run writes down: who measured, by which program, how, and what came of it. All are immutable."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

from lut.ops import OpKey, OpSpec

__all__ = [
    "CAUSES",
    "BlockState",
    "Conditions",
    "DeviceInfo",
    "Discarded",
    "Failure",
    "Measurement",
    "ProgramInfo",
    "Repeated",
    "Round",
    "RunConfig",
    "Segment",
]


@dataclass(frozen=True)
class DeviceInfo:
    """The device a measurement comes from.

    `name` is what tables carry: `<model>-<release>-<version>`. `facts` are further properties, each
    as text (for a host: CPU model, cores, governor; for a phone: clusters, build). They describe
    the device and never tell two devices apart: that is for `name` alone.
    """

    name: str
    kind: str
    serial: str
    facts: Mapping[str, str] = field(default_factory=dict, compare=False)

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


@dataclass(frozen=True)
class ProgramInfo:
    """Which program measured: its kind, the SHA-256 of binary and runtime, the engine's version."""

    kind: str
    sha256: str
    engine: str


@dataclass(frozen=True)
class RunConfig:
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

    passes: int = 3
    iters: int = 10
    warmup: int = 5
    threads: int = 1
    cpus: str = ""
    min_sample_us: float = 0.0
    turns: int = 1
    fill_bytes: int = 0
    thrash_bytes: int = 0
    warmup_share: float = 0.0
    most_iters: int = 0
    p50_share: float = 0.0
    canary_share: float = 0.0

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            kind = type(getattr(RunConfig, name))  # of its default: 0 and 0.0 are one setting
            object.__setattr__(self, name, kind(getattr(self, name)))

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> RunConfig:
        """Read a configuration of any version: fields that a version did not have are as they were then.

        Raises:
            TypeError: a field is unknown.
            OverflowError, ValueError: a value is not of its field's kind.
        """
        return cls(**{_FORMER_NAMES.get(name, name): value for name, value in fields.items()})

    def settings(self) -> dict[str, int | float | str]:
        """Give the fields that differ from the defaults, by name."""
        return {
            name: getattr(self, name)
            for name, known in self.__dataclass_fields__.items()
            if getattr(self, name) != known.default
        }


_FORMER_NAMES = {"group": "turns", "sweep_bytes": "thrash_bytes"}
"""Fields of RunConfig that journals know by other names."""


@dataclass(frozen=True)
class Segment:
    """A stretch of a journal that one device measured with one program and one configuration."""

    device: DeviceInfo
    program: ProgramInfo
    config: RunConfig
    started: str = field(default="", compare=False)
    """Time of day in ISO 8601, UTC."""

    @cached_property
    def id(self) -> str:
        """The name by which a journal's lines belong to it: 12 digits of a SHA-256.

        Made of the device's name, the program, and what differs from the configuration's defaults, so that
        it stays the same when a configuration gets further fields.
        """
        return self.make_id(self.device.name, vars(self.program), self.config.settings())

    @staticmethod
    def make_id(device: str, program: Mapping[str, Any], config: Mapping[str, Any]) -> str:
        """Make an id of its parts."""
        identity = (device, program, config)
        return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:12]

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Segment:
        """Read a segment of a journal or a sidecar.

        Raises:
            AttributeError, KeyError, OverflowError, TypeError, ValueError: it is none.
        """
        device, program = fields["device"], fields["program"]
        names = {name: value for name, value in device.items() if name != "facts"}
        return cls(
            DeviceInfo(**_read_texts(names), facts=_read_texts(device.get("facts", {}))),
            ProgramInfo(**_read_texts(program)),
            RunConfig.from_json(fields["config"]),
            str(fields["started"]),
        )

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON types, for `from_json`."""
        return asdict(self)

    def named(self, id_: str) -> Segment:
        """Give the segment under another id: older journals made theirs of all fields of their day."""
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


def _read_texts(fields: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in fields.items()}


_IDENTITY = {
    "device": ("name",),
    "program": tuple(ProgramInfo.__dataclass_fields__),
    "config": tuple(RunConfig.__dataclass_fields__),
}
"""What a segment's id is made of."""


@dataclass(frozen=True, slots=True)
class BlockState:
    """How a device was when a block of measurements began: values as text by name.

    What can't be read is "unavailable". The measurements up to the next state were made in this one.
    """

    segment: str
    values: Mapping[str, str]

    @property
    def celsius(self) -> float | None:
        """Degrees Celsius of the hottest zone, else of the battery; None where neither is known."""
        for name in ("zone_celsius", "battery_celsius"):
            try:
                return float(self.values[name])
            except (KeyError, ValueError):  # absent, or "unavailable"
                continue
        return None


@dataclass(frozen=True, slots=True)
class Round:
    """Operators that a run chose to measure next, by what it knew so far: their ids, in the order of choice.

    Those in `held_out` are measured to judge estimates by, and no estimate is ever fitted to them. `spent_s`
    is the device's time that the rounds before it took, in seconds. One without operators ends a run, to tell
    that.
    """

    segment: str
    chosen: tuple[str, ...]
    held_out: tuple[str, ...] = ()
    spent_s: float = 0.0

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all its operators."""
        return *self.chosen, *self.held_out

    @property
    def ends_run(self) -> bool:
        """Whether it has no operators, and only tells what the run took."""
        return not self.ids


@dataclass(frozen=True, slots=True)
class Conditions:
    """The state of a device around a visit; what could not be read is None, never zero.

    The canary is one operator that is timed again and again, to see the device itself change: its times in
    nanoseconds before and after the visit, and those of the memory that is read beside it. `settled` is
    False where too few of the visit's runs were fit to count, and `spoilt_by` then names the cause, one of
    `CAUSES`; None where nobody watched.
    """

    khz_before: int | None = None
    khz_after: int | None = None
    canary_before_ns: int | None = None
    canary_after_ns: int | None = None
    settled: bool | None = None
    spoilt_by: str | None = None
    memory_before_ns: int | None = None
    memory_after_ns: int | None = None

    def __post_init__(self) -> None:
        if self.settled is False and self.spoilt_by is None:  # as written when there was no other cause
            object.__setattr__(self, "spoilt_by", "canary")


CAUSES = {
    "canary": "measured while the canary was slow",
    "preempted": "measured while something else had the processor",
    "alone": "measured by itself, since its process ended when it took turns with others",
    "unsteady": "too few of its visits were as fast as the fastest",
}
"""What can spoil timed runs: a name, and the words for it."""


@dataclass(frozen=True, slots=True)
class Discarded:
    """Timed runs of a visit that count for nothing, in nanoseconds, by what spoilt them (see `CAUSES`)."""

    canary: tuple[int, ...] = ()
    preempted: tuple[int, ...] = ()

    def count(self) -> Counter[str]:
        """How many there are, by cause."""
        return Counter({"canary": len(self.canary), "preempted": len(self.preempted)})


@dataclass(frozen=True, slots=True)
class Measurement:
    """One visit to an operator: every timed run that counts, in nanoseconds, and those that do not.

    Where runs were too short for the clock, a sample is the mean of `repeats` runs. Operators that took turns
    with each other have the same `turn`: when it ended, in milliseconds since 1970. None is a visit that was
    made by itself.
    """

    op: OpSpec
    segment: str
    pass_index: int
    samples_ns: tuple[int, ...]
    warmup_ns: tuple[int, ...] = ()
    repeats: int = 1
    conditions: Conditions = Conditions()
    discarded: Discarded = Discarded()
    turn: int | None = None

    @property
    def key(self) -> OpKey:
        """The operator's key."""
        return self.op.key


@dataclass(frozen=True, slots=True)
class Repeated:
    """A visit that was spoilt and made again: kept for the record, and no part of any figure."""

    visit: Measurement

    @property
    def op(self) -> OpSpec:
        """The operator visited."""
        return self.visit.op

    @property
    def segment(self) -> str:
        """The segment it was measured in."""
        return self.visit.segment


@dataclass(frozen=True, slots=True)
class Failure:
    """An operator that could not be measured: data, not an exception.

    `stage` is where it went wrong (load, run, crash, timeout, parse), `reason` says what was seen.
    """

    op: OpSpec
    segment: str
    stage: str
    reason: str
