"""Activations and other functions of one value that are operators of their own, from Relu to Gelu."""

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
from lut.ops import OpSpec, TensorSpec

__all__ = [
    "CLIP",
    "FUNCTIONS",
    "GELU",
    "HARD_SIGMOID",
    "HARD_SWISH",
    "LEAKY_RELU",
    "POW",
    "PRELU",
    "RELU",
    "SIGMOID",
    "gelu",
    "make",
    "prelu",
]


def make(
    precision: str, kind: str, *, height: int, width: int, channels: int, **args: float
) -> Iterator[OpSpec]:
    """Yield the activation of a feature map; Relu carries the order, as in the released nets."""
    require_floats(precision, kind)
    tensor = activation(precision, height, width, channels)
    order = {"order": order_of(precision)} if kind == "Relu" else {}
    yield OpSpec.of(name_type(precision, kind), (tensor,), **order, **args)


def prelu(precision: str, *, height: int, width: int, channels: int) -> Iterator[OpSpec]:
    """Yield the activation with a slope for each channel."""
    tensor = activation(precision, height, width, channels)
    slopes = TensorSpec((channels,), tensor.dtype)
    yield OpSpec.of(name_type(precision, "PRelu"), (tensor, slopes), order=order_of(precision))


def gelu(precision: str, *, height: int, width: int, channels: int, fast: bool = False) -> Iterator[OpSpec]:
    """Yield the exact activation, or the one made of a tanh."""
    tensor = activation(precision, height, width, channels)
    yield OpSpec.of(name_type(precision, "Gelu"), (tensor,), **({"fast_gelu": 1} if fast else {}))


def _family(kind: str, *axes: Axis) -> Family:
    return Family(list_types(kind), (*_SPACE, *axes), partial(make, kind=kind))


_SPACE = (Axis("height"), Axis("width"), Axis("channels"))

CLIP = _family("Clip", Axis("min", 0.0, -1e9), Axis("max", 6.0, -1e9))
GELU = Family(("Gelu", "Int8Gelu"), (*_SPACE, Axis("fast", False, False)), gelu)
HARD_SIGMOID = _family("HardSigmoid", Axis("alpha", 1 / 6, 0.0), Axis("beta", 0.5, 0.0))
HARD_SWISH = _family("HardSwish")
POW = _family("Pow", Axis("exponent", 2.0, -1e9))
PRELU = Family(("PRelu", "Int8PRelu"), _SPACE, prelu)
RELU = _family("Relu")
LEAKY_RELU = _family("LeakyRelu", Axis("alpha", 0.1, 0.0))
SIGMOID = _family("Sigmoid")

FUNCTIONS = {
    "abs": _family("Abs"),
    "erf": _family("Erf"),
    "exp": _family("Exp"),
    "negative": _family("Negative"),
    "rsqrt": _family("Rsqrt"),
    "sqr": _family("Sqr"),
    "sqrt": _family("Sqrt"),
    "tanh": _family("Tanh"),
}
"""Functions without further arguments, by the names of their families."""
