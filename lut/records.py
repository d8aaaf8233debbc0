"""The nouns of the project: operators, devices, measurements, table records. All are immutable.

An operator is written to disk in one form only, the one the look-up table uses:

    {"op_type": "Int8ConvRelu", "op_args": ["name: \\"kernel\\"\\ni: 3\\n", …],
     "input_shapes": [[1, 224, 224, 3], [16, 3, 3, 3], [16]], "input_dtypes": [6, 6, 2]}

Plans are lines of it, journals and tables hold it among other keys.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

from lut.argument_text import ArgumentValue, describe_value, format_argument, normalise_value, parse_argument
from lut.caffe2_pb2 import TensorProto

__all__ = [
    "CAUSES",
    "FLOAT",
    "IGNORED_ARGUMENTS",
    "INT32",
    "INT64",
    "PERCENTILES",
    "UINT8",
    "BlockState",
    "Conditions",
    "DeviceInfo",
    "Discarded",
    "Failure",
    "LutRecord",
    "Measurement",
    "OpKey",
    "OpSpec",
    "ProgramInfo",
    "Repeated",
    "RunConfig",
    "Segment",
    "TensorSpec",
]

FLOAT: int = TensorProto.FLOAT
INT32: int = TensorProto.INT32
INT64: int = TensorProto.INT64
UINT8: int = TensorProto.UINT8

IGNORED_ARGUMENTS = frozenset({"Y_scale", "Y_zero_point", "ws_nbytes_limit"})
"""Arguments that are no part of an operator's identity: latency does not depend on them."""

PERCENTILES = (0, 10, 50, 90, 100)
"""The percentiles a table record holds, as `runtime_us_p<N>`."""

Shape = tuple[int, ...]

_FIRST = itemgetter(0)


class OpKey(NamedTuple):
    """What two operators must share to be the same row of a table."""

    op_type: str
    op_args: tuple[str, ...]
    input_shapes: tuple[Shape, ...]
    input_dtypes: tuple[int, ...]

    @classmethod
    def from_json(cls, line: Mapping[str, Any]) -> OpKey:
        """Take the four key fields of a parsed JSON object as they stand."""
        return cls(
            line["op_type"],
            tuple(line["op_args"]),
            tuple(map(tuple, line["input_shapes"])),
            tuple(line["input_dtypes"]),
        )

    def to_json(self) -> dict[str, Any]:
        """Give the four key fields as JSON types."""
        return {
            "op_type": self.op_type,
            "op_args": list(self.op_args),
            "input_shapes": [list(shape) for shape in self.input_shapes],
            "input_dtypes": list(self.input_dtypes),
        }

    @property
    def text(self) -> bytes:
        """The key as the beginning of a table's line, up to the dtypes' closing bracket."""
        return self.to_line()[:-2].encode()

    @property
    def digest(self) -> bytes:
        """The 16 bytes that indexes hold instead of the key: BLAKE2b of its text."""
        return hashlib.blake2b(self.text, digest_size=16).digest()

    @property
    def id(self) -> str:
        """A name for files and manifests: 16 hexadecimal digits of the key's SHA-256."""
        before, behind = _frame(self.op_type, self.op_args, self.input_dtypes).sorted
        text = before + _nested_list(self.input_shapes).replace(" ", "") + behind
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def to_line(self) -> str:
        """Give the text of `to_json`, as json.dumps writes it, several times as fast."""
        before, behind = _frame(self.op_type, self.op_args, self.input_dtypes).plain
        return before + _nested_list(self.input_shapes) + behind


class _Frame(NamedTuple):
    """A key's JSON before and behind its shapes: in the order of its fields, and sorted without spaces."""

    plain: tuple[str, str]
    sorted: tuple[str, str]


@lru_cache(maxsize=65536)
def _frame(op_type: str, op_args: tuple[str, ...], input_dtypes: tuple[int, ...]) -> _Frame:
    """Write all of a key but its shapes: in the millions of keys of a space there are few of these."""
    key = {"op_type": op_type, "op_args": op_args, "input_shapes": "", "input_dtypes": input_dtypes}
    plain_before, _, plain_behind = json.dumps(key).partition('"input_shapes": ""')
    in_order = json.dumps(key, sort_keys=True, separators=(",", ":"))
    sorted_before, _, sorted_behind = in_order.partition('"input_shapes":""')
    return _Frame(
        (f'{plain_before}"input_shapes": ', plain_behind), (f'{sorted_before}"input_shapes":', sorted_behind)
    )


def _format_arguments(args: tuple[tuple[str, ArgumentValue], ...]) -> tuple[str, ...]:
    for _, value in args:
        if type(value) is not int and type(value) is not str:  # 1 and 1.0 would be one cache key
            return tuple([format_argument(name, value) for name, value in args])
    return _format_plain_arguments(args)


@lru_cache(maxsize=65536)
def _format_plain_arguments(args: tuple[tuple[str, ArgumentValue], ...]) -> tuple[str, ...]:
    return tuple([format_argument(name, value) for name, value in args])


def _nested_list(shapes: tuple[Shape, ...]) -> str:
    """Write shapes as JSON."""
    return f"[{', '.join(map(_format_shape, shapes))}]"


@lru_cache(maxsize=65536)
def _format_shape(shape: Shape) -> str:
    return json.dumps(shape)


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """A tensor without its values: dimensions, and the number of its `TensorProto.DataType`."""

    shape: Shape
    dtype: int = FLOAT

    @property
    def elements(self) -> int:
        """How many values the tensor holds."""
        product = 1
        for dimension in self.shape:
            product *= dimension
        return product


@dataclass(frozen=True, eq=False)
class OpSpec:
    """One operator with everything its latency depends on: type, arguments, input shapes and dtypes.

    The constructor is the only normaliser: it sorts the arguments by name, drops `IGNORED_ARGUMENTS`,
    and makes of every float the single-precision one that a table holds. Defaults that were not written
    stay unwritten, as in the published table.
    Two operators are equal when their keys are.
    """

    op_type: str
    args: tuple[tuple[str, ArgumentValue], ...]
    inputs: tuple[TensorSpec, ...]

    def __post_init__(self) -> None:
        kept = [(name, normalise_value(value)) for name, value in self.args if name not in IGNORED_ARGUMENTS]
        kept.sort(key=_FIRST)
        object.__setattr__(self, "args", tuple(kept))

    @classmethod
    def of(cls, op_type: str, inputs: Iterable[TensorSpec], **args: ArgumentValue) -> OpSpec:
        """Write an operator down in code: `OpSpec.of("Relu", [x], order="NCHW")`."""
        return cls(op_type, tuple(args.items()), tuple(inputs))

    @classmethod
    def from_key(cls, key: OpKey) -> OpSpec:
        """Read the operator behind a key.

        Raises:
            ValueError: an argument's text can't be read, or shapes and dtypes differ in number.
        """
        if len(key.input_shapes) != len(key.input_dtypes):
            raise ValueError(
                f"{len(key.input_shapes)} input shapes, but {len(key.input_dtypes)} input dtypes"
            )
        return cls(
            key.op_type,
            tuple(parse_argument(text) for text in key.op_args),
            tuple(TensorSpec(*pair) for pair in zip(key.input_shapes, key.input_dtypes, strict=True)),
        )

    def __eq__(self, other: object) -> bool:
        return self.key == other.key if isinstance(other, OpSpec) else NotImplemented

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        # Kept, since hashing a key costs more than finding it; and not hash(key), which differs from
        # process to process, so that operators can be pickled with it.
        return int.from_bytes(self.digest[:8], "little") >> 4

    @cached_property
    def digest(self) -> bytes:
        """The key's digest, by which tables find this operator; computed once."""
        return self.key.digest

    @cached_property
    def key(self) -> OpKey:
        """The key under which tables hold this operator."""
        return OpKey(
            self.op_type,
            _format_arguments(self.args),
            tuple([tensor.shape for tensor in self.inputs]),
            tuple([tensor.dtype for tensor in self.inputs]),
        )

    @cached_property
    def id(self) -> str:
        """The hash of the key, the operator's name everywhere but in tables."""
        return self.key.id

    def arg(self, name: str, default: Any = None) -> Any:
        """Give the argument's value, or the default if it is not written."""
        for present, value in self.args:
            if present == name:
                return value
        return default

    def describe(self) -> str:
        """One line for people: `Int8Conv [1,56,56,24] [24,3,3,1] [24] group=24 kernel=3 …`."""
        shapes = (str(list(tensor.shape)).replace(" ", "") for tensor in self.inputs)
        return " ".join(
            [self.op_type, *shapes, *(f"{name}={describe_value(value)}" for name, value in self.args)]
        )


@dataclass(frozen=True)
class DeviceInfo:
    """Whom a measurement comes from.

    `name` is what tables carry: `<model>-<release>-<version>`. `facts` are further properties, each
    as text (for a host: CPU model, cores, governor; for a phone: clusters, build). They describe
    the device and never tell two devices apart: that is for `name` alone.
    """

    name: str
    kind: str
    serial: str
    facts: Mapping[str, str] = field(default_factory=dict, compare=False)


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
        for name in ("min_sample_us", "warmup_share", "p50_share", "canary_share"):
            object.__setattr__(self, name, float(getattr(self, name)))  # 0 and 0.0 are one setting

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> RunConfig:
        """Read a configuration of any version: fields that a version did not have are as they were then.

        Raises:
            TypeError: a field is unknown.
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

    def named(self, id_: str) -> Segment:
        """Give the segment under another id: older journals made theirs of all fields of their day."""
        other = replace(self)
        vars(other)["id"] = id_
        return other

    def may_pool_with(self, other: Segment) -> bool:
        """Tell whether device, program and configuration are the same, so that samples may be pooled."""
        return (self.device.name, self.program, self.config) == (
            other.device.name,
            other.program,
            other.config,
        )


@dataclass(frozen=True, slots=True)
class BlockState:
    """How a device was when a block of measurements began: values as text by name.

    What can't be read is "unavailable". The measurements up to the next state were made in this one.
    """

    segment: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Conditions:
    """The state of a device around a visit; what could not be read is None, never zero.

    The canary is one operator that is timed again and again, to see the device itself change: its times in
    nanoseconds before and after the visit. `settled` is False where too few of the visit's runs were fit to
    count, and `spoilt_by` then names the cause, one of `CAUSES`; None where nobody watched.
    """

    khz_before: int | None = None
    khz_after: int | None = None
    canary_before_ns: int | None = None
    canary_after_ns: int | None = None
    settled: bool | None = None
    spoilt_by: str | None = None

    def __post_init__(self) -> None:
        if self.settled is False and self.spoilt_by is None:  # as written when there was no other cause
            object.__setattr__(self, "spoilt_by", "canary")


CAUSES = {
    "canary": "measured while the canary was slow",
    "preempted": "measured while something else had the processor",
    "alone": "measured by itself, since its process ended when it took turns with others",
    "unsteady": "half of its visits were slower than the others",
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

    Where runs were too short for the clock, a sample is the mean of `repeats` runs.
    """

    op: OpSpec
    segment: str
    pass_index: int
    samples_ns: tuple[int, ...]
    warmup_ns: tuple[int, ...] = ()
    repeats: int = 1
    conditions: Conditions = Conditions()
    discarded: Discarded = Discarded()


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


@dataclass(frozen=True, slots=True)
class LutRecord:
    """One row of a table: a key, the percentiles in microseconds (see `PERCENTILES`), the device."""

    key: OpKey
    runtime_us: tuple[float, ...]
    device: str

    @property
    def p50(self) -> float:
        """The median run time in microseconds, the figure that sums are made of."""
        return self.runtime_us[PERCENTILES.index(50)]

    @property
    def p10(self) -> float:
        """The time that a tenth of the runs did not exceed, in microseconds."""
        return self.runtime_us[PERCENTILES.index(10)]

    @property
    def p90(self) -> float:
        """The time that a tenth of the runs exceeded, in microseconds."""
        return self.runtime_us[PERCENTILES.index(90)]
