"""Arithmetic of two feature maps: residual blocks, the factors of squeeze and excitation, layer scales."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bench.op_generators.family import (
    Axis,
    Family,
    activation,
    list_types,
    name_type,
    order_of,
    require_floats,
)
from lut.ops import OpSpec

__all__ = ["ADD", "DIV", "MUL", "SUB", "SUM", "combine", "make"]


def make(precision: str, kind: str = "Sum", *, height: int, width: int, channels: int) -> Iterator[OpSpec]:
    """Yield the sum of two equal feature maps; the released fp32 nets write no argument on it."""
    tensor = activation(precision, height, width, channels)
    if precision == "int8":
        yield OpSpec.of(f"Int8{kind}", (tensor, tensor), order="NHWC")
    else:
        yield OpSpec.of(kind, (tensor, tensor))


def combine(
    precision: str, kind: str, *, height: int, width: int, channels: int, by_channel: bool = True
) -> Iterator[OpSpec]:
    """Yield a product, say, with a factor for each channel, or with a feature map of the same size."""
    require_floats(precision, kind)
    tensor = activation(precision, height, width, channels)
    other = activation(precision, 1, 1, channels) if by_channel else tensor
    yield OpSpec.of(name_type(precision, kind), (tensor, other), order=order_of(precision))


def _combining(kind: str) -> Family:
    return Family(list_types(kind), (*_SPACE, Axis("by_channel", True, False)), partial(combine, kind=kind))


def _family(kind: str) -> Family:
    return Family((kind, f"Int8{kind}"), _SPACE, partial(make, kind=kind))


_SPACE = (Axis("height"), Axis("width"), Axis("channels"))

SUM = _family("Sum")
ADD = _family("Add")
DIV = _combining("Div")
MUL = _combining("Mul")
SUB = _combining("Sub")
