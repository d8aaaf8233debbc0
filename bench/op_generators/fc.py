"""Fully connected layers and the softmax after them: the end of a classifier."""

from __future__ import annotations

from collections.abc import Iterator

from bench.op_generators.family import Axis, Family, activation, bias, order_of
from lut.ops import OpSpec, TensorSpec, infer_outputs

__all__ = ["FAMILY", "make"]


def make(precision: str, *, in_channels: int, classes: int) -> Iterator[OpSpec]:
    """Yield the layer on a pooled feature map of 1 by 1, and the softmax over its classes."""
    x = activation(precision, 1, 1, in_channels)
    order = order_of(precision)
    prefix = "Int8" if precision == "int8" else ""
    layer = OpSpec.of(
        f"{prefix}FC",
        (x, TensorSpec((classes, in_channels), x.dtype), bias(precision, classes)),
        order=order,
    )
    yield layer
    yield OpSpec.of(f"{prefix}Softmax", infer_outputs(layer), order=order)


FAMILY = Family(
    op_types=("FC", "Int8FC", "Softmax", "Int8Softmax"),
    axes=(Axis("in_channels"), Axis("classes")),
    make=make,
)
