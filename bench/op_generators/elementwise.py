"""Sums of two feature maps: the end of a residual block, as Sum or as Add."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bench.op_generators.family import Axis, Family, activation
from lut.ops import OpSpec

__all__ = ["ADD", "SUM", "make"]


def make(precision: str, kind: str = "Sum", *, height: int, width: int, channels: int) -> Iterator[OpSpec]:
    """Yield the sum of two equal feature maps; the released fp32 nets write no argument on it."""
    tensor = activation(precision, height, width, channels)
    if precision == "int8":
        yield OpSpec.of(f"Int8{kind}", (tensor, tensor), order="NHWC")
    else:
        yield OpSpec.of(kind, (tensor, tensor))


def _family(kind: str) -> Family:
    axes = (Axis("height"), Axis("width"), Axis("channels"))
    return Family((kind, f"Int8{kind}"), axes, partial(make, kind=kind))


SUM = _family("Sum")
ADD = _family("Add")
