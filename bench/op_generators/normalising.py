"""Normalisation of images by groups of channels, or by each channel."""

from __future__ import annotations

from collections.abc import Iterator

from bench.op_generators.family import Axis, Family, activation, bias, fit_group, order_of, require_floats
from lut.ops import OpSpec

__all__ = ["GROUP_NORM", "INSTANCE_NORM", "by_channel", "by_group"]


def by_group(precision: str, *, height: int, width: int, channels: int, group: int) -> Iterator[OpSpec]:
    """Yield the normalisation of each of so many groups of channels."""
    require_floats(precision, "GroupNorm")
    fit_group(group, channels=channels)
    yield _make(precision, "GroupNorm", height, width, channels, group=group)


def by_channel(precision: str, *, height: int, width: int, channels: int) -> Iterator[OpSpec]:
    """Yield the normalisation of each channel."""
    require_floats(precision, "InstanceNorm")
    yield _make(precision, "InstanceNorm", height, width, channels)


def _make(precision: str, kind: str, height: int, width: int, channels: int, **args: int) -> OpSpec:
    parameters = [bias(precision, channels)] * 2
    x = activation(precision, height, width, channels)
    return OpSpec.of(kind, (x, *parameters), order=order_of(precision), **args)


_SPACE = (Axis("height"), Axis("width"), Axis("channels"))

GROUP_NORM = Family(("GroupNorm",), (*_SPACE, Axis("group")), by_group)
INSTANCE_NORM = Family(("InstanceNorm",), _SPACE, by_channel)
