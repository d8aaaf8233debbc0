"""An operator as everything here names it: its type, arguments, input shapes and dtypes.

It is written to disk in one form only, the one the look-up table uses:

    {"op_type": "Int8ConvRelu", "op_args": ["name: \\"kernel\\"\\ni: 3\\n", …],
     "input_shapes": [[1, 224, 224, 3], [16, 3, 3, 3], [16]], "input_dtypes": [6, 6, 2]}

Plans are lines of it, journals and tables hold it among other keys.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

from lut.caffe2_pb2 import TensorProto
from lut.ops.arguments import ArgumentValue, describe_value, format_argument, normalise_value, parse_argument
from lut.schema import Whole

__all__ = ["FLOAT", "IGNORED_ARGUMENTS", "INT32", "INT64", "UINT8", "OpKey", "OpSpec", "TensorSpec"]

FLOAT: int = TensorProto.FLOAT


INT32: int = TensorProto.INT32


INT64: int = TensorProto.INT64


UINT8: int = TensorProto.UINT8


IGNORED_ARGUMENTS = frozenset({"Y_scale", "Y_zero_point", "ws_nbytes_limit"})
"""Arguments that are no part of an operator's identity: latency does not depend on them."""


Shape: TypeAlias = tuple[Whole, ...]


_FIRST = itemgetter(0)


class OpKey(NamedTuple):
    """What two operators must share to be the same row of a table."""

    op_type: str
    op_args: tuple[str, ...]
    input_shapes: tuple[Shape, ...]
    input_dtypes: tuple[int, ...]

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
        """A name for files and manifests: the first 16 hexadecimal digits of the digest."""
        return self.digest.hex()[:16]

    def describe(self) -> str:
        """One line for people, also of a key that can't be understood."""
        try:
            return OpSpec.from_key(self).describe()
        except ValueError:
            shapes = (str(list(shape)).replace(" ", "") for shape in self.input_shapes)
            return " ".join([self.op_type, *shapes, *self.op_args])

    def to_line(self) -> str:
        """Give the text of `to_json`, as json.dumps writes it, several times as fast."""
        before, after = _frame(self.op_type, self.op_args, self.input_dtypes)
        return before + _nested_list(self.input_shapes) + after


@lru_cache(maxsize=65536)
def _frame(op_type: str, op_args: tuple[str, ...], input_dtypes: tuple[int, ...]) -> tuple[str, str]:
    """Write what comes before and after a key's shapes; a space has millions of keys but few of these."""
    key = {"op_type": op_type, "op_args": op_args, "input_shapes": "", "input_dtypes": input_dtypes}
    before, _, after = json.dumps(key).partition('"input_shapes": ""')
    return f'{before}"input_shapes": ', after


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
    dtype: Whole = FLOAT

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
    and rounds every float to the single precision of a table. Defaults that were not written
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
        """Read the operator that a key describes.

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
        """The operator's name everywhere but in tables: the first 16 hexadecimal digits of its digest."""
        return self.digest.hex()[:16]

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
