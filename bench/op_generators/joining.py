"""Joining the channels of feature maps, and cutting a part of them out."""

from __future__ import annotations

from collections.abc import Iterator

from bench.op_generators.family import Axis, Family, activation, name_type, order_of
from lut.errors import ModelError
from lut.ops import OpSpec

__all__ = ["CONCAT", "SLICE", "concat", "slice_channels"]


def concat(
    precision: str, *, height: int, width: int, channels: int, other_channels: int
) -> Iterator[OpSpec]:
    """Yield the join of two feature maps of equal height and width."""
    tensors = [activation(precision, height, width, count) for count in (channels, other_channels)]
    yield OpSpec.of(name_type(precision, "Concat"), tensors, order=order_of(precision))


def slice_channels(
    precision: str, *, height: int, width: int, channels: int, start: int = 0, end: int
) -> Iterator[OpSpec]:
    """Yield the cut of channels from `start` up to, not including, `end`."""
    if not start < end <= channels:
        raise ModelError(f"channels from {start} to {end} are no part of {channels}")
    tensor = activation(precision, height, width, channels)
    if precision == "int8":
        yield OpSpec.of("Int8Slice", (tensor,), starts=(0, 0, 0, start), ends=(-1, -1, -1, end))
    else:
        yield OpSpec.of("Slice", (tensor,), starts=(0, start, 0, 0), ends=(-1, end, -1, -1))


_SPACE = (Axis("height"), Axis("width"), Axis("channels"))

CONCAT = Family(("Concat", "Int8Concat"), (*_SPACE, Axis("other_channels")), concat)
SLICE = Family(("Slice", "Int8Slice"), (*_SPACE, Axis("start", 0, 0), Axis("end")), slice_channels)
