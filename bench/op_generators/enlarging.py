"""Transposed convolutions, resizing, depth to space: the way up in segmentation and detection."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bench.op_generators.family import Axis, Family, activation, bias, fit_group, name_type, order_of
from lut.ops import FLOAT, UINT8, OpSpec, TensorSpec

__all__ = [
    "CONV_TRANSPOSE",
    "DEPTH_TO_SPACE",
    "RESIZE_BILINEAR",
    "RESIZE_NEAREST",
    "conv_transpose",
    "depth_to_space",
    "resize",
]


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
        name_type(precision, "ConvTranspose"),
        (activation(precision, height, width, in_channels), weight, bias(precision, out_channels)),
        order=order_of(precision),
        **args,
    )


def resize(
    precision: str, kind: str, *, height: int, width: int, channels: int, scale: float = 2.0
) -> Iterator[OpSpec]:
    """Yield the feature map `scale` times as high and wide."""
    yield OpSpec.of(
        name_type(precision, f"Resize{kind}"),
        (activation(precision, height, width, channels),),
        height_scale=float(scale),
        width_scale=float(scale),
        order=order_of(precision),
    )


def depth_to_space(
    precision: str, *, height: int, width: int, channels: int, block: int = 2
) -> Iterator[OpSpec]:
    """Yield the feature map `block` times as high and wide, its channels spread over the new pixels."""
    fit_group(block**2, channels=channels)
    op_type = name_type(precision, "DepthToSpace")
    tensor = activation(precision, height, width, channels)
    yield OpSpec.of(op_type, (tensor,), block_size=block, order=order_of(precision))


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
DEPTH_TO_SPACE = Family(
    ("DepthToSpace", "Int8DepthToSpace"),
    (*_SPACE, Axis("channels"), Axis("block", 2, 2)),
    depth_to_space,
)


def _resize_family(kind: str) -> Family:
    axes = (*_SPACE, Axis("channels"), Axis("scale", 2.0, 0.0))
    return Family((f"Resize{kind}", f"Int8Resize{kind}"), axes, partial(resize, kind=kind))


RESIZE_BILINEAR = _resize_family("Bilinear")
RESIZE_NEAREST = _resize_family("Nearest")
