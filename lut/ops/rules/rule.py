"""The shape of a rule, and the checks that rules share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from lut.caffe2_pb2 import TensorProto
from lut.errors import ModelError
from lut.ops.arguments import ArgumentValue
from lut.ops.rules.view import View, see_values
from lut.ops.spec import FLOAT, UINT8, OpSpec, TensorSpec

__all__ = [
    "ANY_ORDER",
    "NHWC_ONLY",
    "Arguments",
    "Outputs",
    "Rule",
    "check_count",
    "check_dtypes",
    "check_own_dtype",
    "check_rank",
    "count_from_front",
    "int_arg",
    "keep_spelling",
    "no_kind",
    "no_multiply_adds",
    "take_input",
]

Outputs: TypeAlias = tuple[TensorSpec, ...]
Arguments: TypeAlias = dict[str, ArgumentValue]

ANY_ORDER = ("NCHW", "NHWC")
NHWC_ONLY = ("NHWC",)


def no_multiply_adds(op: OpSpec, outputs: Outputs) -> int:  # noqa: ARG001 - the signature is Rule's
    """Count none: the operator moves, compares or adds, but never multiplies and accumulates."""
    return 0


def no_kind(op: OpSpec) -> str:  # noqa: ARG001 - the signature is Rule's
    """Name no further kind: arguments tell all that decides the kernel."""
    return ""


def keep_spelling(args: Arguments, rank: int) -> Arguments:  # noqa: ARG001 - the signature is Rule's
    """Leave the arguments as they are written: each has one spelling only."""
    return args


@dataclass(frozen=True, slots=True)
class Rule:
    """How one operator type behaves, and all that is known about it: nothing else asks for its name.

    `infer` checks the inputs and gives the outputs, raising ModelError with a bare reason (the caller
    adds which operator). `multiply_adds` counts from the operator and its outputs. What is not stated
    below is taken as a difference in kind, so that a fact forgotten makes a family too small, never wrong.
    """

    infer: Callable[[OpSpec], Outputs]
    multiply_adds: Callable[[OpSpec, Outputs], int] = no_multiply_adds
    has_weights: bool = False
    """Only the first input comes from another operator; the others are parameters."""
    has_window: bool = False
    """It slides a window, whose arguments `Window` reads; otherwise it never looks at them."""
    has_groups: bool = False
    """Its channels are in groups, as many as the argument `group` says."""
    order_free: bool = False
    """Its inputs may change places."""
    orders: tuple[str, ...] = ()
    """The layouts it runs in, the default first; with none it never looks at the argument `order`."""
    sizes: frozenset[str] = frozenset()
    """Arguments that say how large something is, which the tensors say too, and not which kernel runs."""
    defaults: tuple[tuple[str, ArgumentValue], ...] = ()
    """What further arguments are when they are not written."""
    unfused: str = ""
    """The type's name without the ReLU that is fused into it; empty where none is."""
    kind: Callable[[OpSpec], str] = no_kind
    """Name what of the inputs' shapes decides which kernel runs; empty where nothing does."""
    view: Callable[[OpSpec, TensorSpec], View] = see_values
    """How its kernel sees its first input and its first output."""
    spell: Callable[[Arguments, int], Arguments] = keep_spelling
    """Write further arguments in one spelling, for a first input of so many dimensions.

    It is given arguments that no rule has checked, and leaves alone what it can't read.
    """


def check_count(op: OpSpec, least: int, most: int | None = None) -> None:
    """Refuse another number of inputs than `least` … `most` (`most` absent: exactly `least`)."""
    most = least if most is None else most
    if not least <= len(op.inputs) <= most:
        allowed = f"{least}" if least == most else f"{least} to {most}"
        raise ModelError(f"it has {len(op.inputs)} inputs where {allowed} are expected")


def check_dtypes(op: OpSpec, *expected: int) -> None:
    """Refuse inputs of other dtypes; the last dtype given applies to all further inputs."""
    last = len(expected) - 1
    for index, tensor in enumerate(op.inputs):
        wanted = expected[index if index < last else last]
        if tensor.dtype != wanted:
            raise ModelError(
                f"input {index} is {_dtype_name(tensor.dtype)} where {_dtype_name(wanted)} is expected"
            )


def check_own_dtype(op: OpSpec) -> None:
    """Refuse inputs of another dtype than the operator's precision: bytes of a quantized one, else floats."""
    check_dtypes(op, UINT8 if op.op_type.startswith("Int8") else FLOAT)


def take_input(op: OpSpec) -> TensorSpec:
    """Give the only input, which has to be of the operator's precision."""
    check_count(op, 1)
    check_own_dtype(op)
    return op.inputs[0]


def check_rank(op: OpSpec, index: int, rank: int) -> None:
    """Refuse an input with another number of dimensions."""
    shape = op.inputs[index].shape
    if len(shape) != rank:
        raise ModelError(f"input {index} of shape {list(shape)} has {len(shape)} dimensions; expected {rank}")


def int_arg(op: OpSpec, name: str, default: int) -> int:
    """Give a whole-number argument; another kind of value is refused, as the engine refuses it."""
    value = op.arg(name, default)
    if not isinstance(value, int):
        raise ModelError(f"{name} is {value!r}; expected a whole number")
    return value


def count_from_front(axis: ArgumentValue, rank: int) -> ArgumentValue:
    """Give the axis from 0 on that a negative one means; what is not an axis stays as it is."""
    return axis + rank if isinstance(axis, int) and -rank <= axis < 0 else axis


def _dtype_name(dtype: int) -> str:
    names = {number: name for name, number in TensorProto.DataType.items()}
    return f"{names.get(dtype, 'unknown').lower()} ({dtype})"
