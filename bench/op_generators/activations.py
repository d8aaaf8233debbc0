"""Activations that are operators of their own: Relu, LeakyRelu, Sigmoid."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bench.op_generators.family import Axis, Family, activation, order_of
from lut.ops import OpSpec

__all__ = ["LEAKY_RELU", "RELU", "SIGMOID", "make"]


def make(
    precision: str, kind: str, *, height: int, width: int, channels: int, **args: float
) -> Iterator[OpSpec]:
    """Yield the activation of a feature map; Relu carries the order, as in the released nets."""
    tensor = activation(precision, height, width, channels)
    prefix = "Int8" if precision == "int8" else ""
    order = {"order": order_of(precision)} if kind == "Relu" else {}
    yield OpSpec.of(f"{prefix}{kind}", (tensor,), **order, **args)


def _family(kind: str, *axes: Axis) -> Family:
    space = (Axis("height"), Axis("width"), Axis("channels"))
    return Family((kind, f"Int8{kind}"), (*space, *axes), partial(make, kind=kind))


RELU = _family("Relu")
LEAKY_RELU = _family("LeakyRelu", Axis("alpha", 0.1, 0.0))
SIGMOID = _family("Sigmoid")
