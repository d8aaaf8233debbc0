"""Sums and products of feature maps: residual blocks, and the factors of squeeze and excitation."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bench.op_generators.family import Axis, Family, activation, order_of
from lut.ops import OpSpec

__all__ = ["ADD", "MUL", "SUM", "make", "multiply"]


def make(precision: str, kind: str = "Sum", *, height: int, width: int, channels: int) -> Iterator[OpSpec]:
    """Yield the sum of two equal feature maps; the released fp32 nets write no argument on it."""
    tensor = activation(precision, height, width, channels)
    if precision == "int8":
        yield OpSpec.of(f"Int8{kind}", (tensor, tensor), order="NHWC")
    else:
        yield OpSpec.of(kind, (tensor, tensor))


def multiply(
    precision: str, *, height: int, width: int, channels: int, by_channel: bool = True
) -> Iterator[OpSpec]:
    """Yield the product with a factor for each channel, or with a feature map of the same size."""
    tensor = activation(precision, height, width, channels)
    factors = activation(precision, 1, 1, channels) if by_channel else tensor
    op_type = "Int8Mul" if precision == "int8" else "Mul"
    yield OpSpec.of(op_type, (tensor, factors), order=order_of(precision))


def _family(kind: str) -> Family:
    return Family((kind, f"Int8{kind}"), _SPACE, partial(make, kind=kind))


_SPACE = (Axis("height"), Axis("width"), Axis("channels"))

SUM = _family("Sum")
ADD = _family("Add")
MUL = Family(("Mul", "Int8Mul"), (*_SPACE, Axis("by_channel", True, False)), multiply)
