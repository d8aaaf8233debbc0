"""Transposed convolutions and nearest-neighbour resizing: the way up in segmentation and detection."""

from __future__ import annotations

from collections.abc import Iterator

from bench.op_generators.family import Axis, Family, activation, bias, order_of
from lut.ops import FLOAT, UINT8, OpSpec, TensorSpec

__all__ = ["CONV_TRANSPOSE", "RESIZE_NEAREST", "conv_transpose", "resize_nearest"]


def conv_transpose(
    precision: str,
    *,
    height: int,
    width: int,
    in_channels: int,
    out_channels: int,
    kernel: int,
    stride: int = 2,
    pad: int = 0,
    adjust: int = 0,
) -> Iterator[OpSpec]:
    """Yield a transposed convolution; `adjust` adds rows and columns at the far ends."""
    if precision == "int8":
        weight = TensorSpec((in_channels, kernel, kernel, out_channels), UINT8)
    else:
        weight = TensorSpec((in_channels, out_channels, kernel, kernel), FLOAT)
    args = {"kernel": kernel, "stride": stride, "pad": pad, **({"adj": adjust} if adjust else {})}
    yield OpSpec.of(
        "Int8ConvTranspose" if precision == "int8" else "ConvTranspose",
        (activation(precision, height, width, in_channels), weight, bias(precision, out_channels)),
        order=order_of(precision),
        **args,
    )


def resize_nearest(
    precision: str, *, height: int, width: int, channels: int, scale: float = 2.0
) -> Iterator[OpSpec]:
    """Yield the feature map `scale` times as high and wide."""
    yield OpSpec.of(
        "Int8ResizeNearest" if precision == "int8" else "ResizeNearest",
        (activation(precision, height, width, channels),),
        height_scale=float(scale),
        width_scale=float(scale),
        order=order_of(precision),
    )


_SPACE = (Axis("height"), Axis("width"))

CONV_TRANSPOSE = Family(
    op_types=("ConvTranspose", "Int8ConvTranspose"),
    axes=(
        *_SPACE,
        Axis("in_channels"),
        Axis("out_channels"),
        Axis("kernel"),
        Axis("stride", 2),
        Axis("pad", 0, 0),
        Axis("adjust", 0, 0),
    ),
    make=conv_transpose,
)
RESIZE_NEAREST = Family(
    ("ResizeNearest", "Int8ResizeNearest"),
    (*_SPACE, Axis("channels"), Axis("scale", 2.0, 0.0)),
    resize_nearest,
)
