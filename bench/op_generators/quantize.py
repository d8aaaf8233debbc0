"""A quantized net's ends: from an fp32 image in NCHW to 8 bits in NHWC, and from 8 bits to fp32."""

from __future__ import annotations

from collections.abc import Iterator

from bench.op_generators.family import Axis, Family
from lut.ops import FLOAT, UINT8, OpSpec, TensorSpec

__all__ = ["FAMILY", "make"]


def make(
    precision: str, *, height: int, width: int, channels: int = 3, classes: int = 1000
) -> Iterator[OpSpec]:
    """Yield the two operators before the first convolution and the one after the softmax."""
    if precision != "int8":
        return
    yield OpSpec.of("NCHW2NHWC", (TensorSpec((1, channels, height, width), FLOAT),))
    yield OpSpec.of("Int8Quantize", (TensorSpec((1, height, width, channels), FLOAT),))
    yield OpSpec.of("Int8Dequantize", (TensorSpec((1, classes), UINT8),))


FAMILY = Family(
    op_types=("NCHW2NHWC", "Int8Quantize", "Int8Dequantize"),
    axes=(Axis("height"), Axis("width"), Axis("channels", 3), Axis("classes", 1000)),
    make=make,
)
