"""Activations that are operators of their own, from Relu to HardSwish."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bench.op_generators.family import Axis, Family, activation, order_of
from lut.ops import OpSpec, TensorSpec

__all__ = ["CLIP", "HARD_SIGMOID", "HARD_SWISH", "LEAKY_RELU", "PRELU", "RELU", "SIGMOID", "make", "prelu"]


def make(
    precision: str, kind: str, *, height: int, width: int, channels: int, **args: float
) -> Iterator[OpSpec]:
    """Yield the activation of a feature map; Relu carries the order, as in the released nets."""
    tensor = activation(precision, height, width, channels)
    prefix = "Int8" if precision == "int8" else ""
    order = {"order": order_of(precision)} if kind == "Relu" else {}
    yield OpSpec.of(f"{prefix}{kind}", (tensor,), **order, **args)


def prelu(precision: str, *, height: int, width: int, channels: int) -> Iterator[OpSpec]:
    """Yield the activation with a slope for each channel."""
    tensor = activation(precision, height, width, channels)
    slopes = TensorSpec((channels,), tensor.dtype)
    op_type = "Int8PRelu" if precision == "int8" else "PRelu"
    yield OpSpec.of(op_type, (tensor, slopes), order=order_of(precision))


def _family(kind: str, *axes: Axis) -> Family:
    return Family((kind, f"Int8{kind}"), (*_SPACE, *axes), partial(make, kind=kind))


_SPACE = (Axis("height"), Axis("width"), Axis("channels"))

CLIP = _family("Clip", Axis("min", 0.0, -1e9), Axis("max", 6.0, -1e9))
HARD_SIGMOID = _family("HardSigmoid", Axis("alpha", 1 / 6, 0.0), Axis("beta", 0.5, 0.0))
HARD_SWISH = _family("HardSwish")
PRELU = Family(("PRelu", "Int8PRelu"), _SPACE, prelu)
RELU = _family("Relu")
LEAKY_RELU = _family("LeakyRelu", Axis("alpha", 0.1, 0.0))
SIGMOID = _family("Sigmoid")
