"""What a family is, and the tensors that families are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lut.errors import ModelError
from lut.ops import FLOAT, INT32, UINT8, OpSpec, TensorSpec, has_int8

__all__ = [
    "PRECISIONS",
    "Axis",
    "Family",
    "activation",
    "bias",
    "fit_group",
    "list_types",
    "name_type",
    "order_of",
    "require_floats",
    "weight",
]

PRECISIONS = ("int8", "fp32")


@dataclass(frozen=True)
class Axis:
    """One axis of a family: its name, the value where none is given (None: one must be), the least value.

    The type of `least` is the type of the axis' values: int, float or bool.
    """

    name: str
    default: int | float | bool | None = None
    least: int | float | bool = 1


@dataclass(frozen=True)
class Family:
    """Operators of one kind: the types it makes, its axes, and the generator over one point of them.

    `make` takes a precision ("int8" or "fp32") and the axes by name, and yields the operators that a
    net has at that point: in fp32, an activation is an operator of its own. It raises ModelError with a
    bare reason where the axes don't fit each other.
    """

    op_types: tuple[str, ...]
    axes: tuple[Axis, ...]
    make: Callable[..., Iterator[OpSpec]]


def order_of(precision: str) -> str:
    """The order of dimensions: quantized kernels run in NHWC, the released fp32 nets in NCHW."""
    return "NHWC" if precision == "int8" else "NCHW"


def activation(precision: str, height: int, width: int, channels: int) -> TensorSpec:
    """A feature map of batch 1."""
    if precision == "int8":
        return TensorSpec((1, height, width, channels), UINT8)
    return TensorSpec((1, channels, height, width), FLOAT)


def weight(precision: str, out_channels: int, kernel: int, group_channels: int) -> TensorSpec:
    """A convolution's weight: `group_channels` input channels for each of its outputs."""
    if precision == "int8":
        return TensorSpec((out_channels, kernel, kernel, group_channels), UINT8)
    return TensorSpec((out_channels, group_channels, kernel, kernel), FLOAT)


def bias(precision: str, out_channels: int) -> TensorSpec:
    """A bias; quantized kernels add it to their 32-bit sums."""
    return TensorSpec((out_channels,), INT32 if precision == "int8" else FLOAT)


def fit_group(group: int, **channels: int) -> None:
    """Refuse a group that does not divide the channels, given by the names of their axes.

    Raises:
        ModelError: it does not.
    """
    for name, count in channels.items():
        if count % group:
            raise ModelError(
                f"group {group} does not divide {name} {count}: "
                f"give divisors only, or the constraint `{name} % group == 0`"
            )


def list_types(kind: str) -> tuple[str, ...]:
    """Return the types of a kind of operator: the one in floats, and the quantized one if there is one."""
    return (kind, f"Int8{kind}") if has_int8(kind) else (kind,)


def name_type(precision: str, kind: str) -> str:
    """Return the type of a kind of operator in a precision."""
    return f"Int8{kind}" if precision == "int8" else kind


def require_floats(precision: str, op_type: str) -> None:
    """Refuse another precision than fp32 for a type that has no quantized one.

    Raises:
        ModelError: the precision is int8, and there is no such type.
    """
    if precision != "fp32" and not has_int8(op_type):
        raise ModelError(f"there is no quantized {op_type}: give --precision fp32")
