"""Operators that run between others to tell slow phases of a device."""

from __future__ import annotations

from lut.ops import INT32, UINT8, OpSpec, TensorSpec

__all__ = ["CANARY", "make_canary"]


def make_canary(size: int, channels: int) -> OpSpec:
    """Make a pointwise convolution of an image `size` high and wide, from as many channels as to."""
    return OpSpec.of(
        "Int8ConvRelu",
        [
            TensorSpec((1, size, size, channels), UINT8),
            TensorSpec((channels, 1, 1, channels), UINT8),
            TensorSpec((channels,), INT32),
        ],
        kernel=1,
        order="NHWC",
        pad=0,
        stride=1,
    )


CANARY = make_canary(14, 64)
"""Of 0.8 million multiply-adds."""
