"""The shape of a rule, and the checks that rules share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from lut.caffe2_pb2 import TensorProto
from lut.errors import ModelError
from lut.records import OpSpec, TensorSpec

__all__ = ["Rule", "check_count", "check_dtypes", "check_rank", "int_arg", "no_multiply_adds"]

Outputs: TypeAlias = tuple[TensorSpec, ...]


def no_multiply_adds(op: OpSpec, outputs: Outputs) -> int:  # noqa: ARG001 - the signature is Rule's
    """Count none: the operator moves, compares or adds, but never multiplies and accumulates."""
    return 0


@dataclass(frozen=True, slots=True)
class Rule:
    """How one operator type behaves.

    `infer` checks the inputs and gives the outputs, raising ModelError with a bare reason (the caller
    adds which operator). `multiply_adds` counts from the operator and its outputs. Where it `has_weights`,
    only the first input comes from another operator; the others are parameters.
    """

    infer: Callable[[OpSpec], Outputs]
    multiply_adds: Callable[[OpSpec, Outputs], int] = no_multiply_adds
    has_weights: bool = False


def check_count(op: OpSpec, least: int, most: int | None = None) -> None:
    """Refuse another number of inputs than `least` … `most` (`most` absent: exactly `least`)."""
    most = least if most is None else most
    if not least <= len(op.inputs) <= most:
        allowed = f"{least}" if least == most else f"{least} to {most}"
        raise ModelError(f"it has {len(op.inputs)} inputs where {allowed} are expected")


def check_dtypes(op: OpSpec, *expected: int) -> None:
    """Refuse inputs of other dtypes; the last dtype given stands for all further inputs."""
    last = len(expected) - 1
    for index, tensor in enumerate(op.inputs):
        wanted = expected[index if index < last else last]
        if tensor.dtype != wanted:
            raise ModelError(
                f"input {index} is {_dtype_name(tensor.dtype)} where {_dtype_name(wanted)} is expected"
            )


def check_rank(op: OpSpec, index: int, rank: int) -> None:
    """Refuse an input with another number of dimensions."""
    shape = op.inputs[index].shape
    if len(shape) != rank:
        raise ModelError(
            f"input {index} of shape {list(shape)} has {len(shape)} dimensions, expected are {rank}"
        )


def int_arg(op: OpSpec, name: str, default: int) -> int:
    """Give a whole-number argument; another kind of value is refused, as the engine refuses it."""
    value = op.arg(name, default)
    if not isinstance(value, int):
        raise ModelError(f"{name} is {value!r}, expected is a whole number")
    return value


def _dtype_name(dtype: int) -> str:
    names = {number: name for name, number in TensorProto.DataType.items()}
    return f"{names.get(dtype, 'unknown').lower()} ({dtype})"
