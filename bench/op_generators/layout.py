"""Operators that only move values: shuffles, flattening, reshaping, transposing, padding, repeating."""

from __future__ import annotations

from collections.abc import Iterator

from bench.op_generators.family import Axis, Family, activation, fit_group, name_type
from lut.ops import OpSpec

__all__ = [
    "FLATTEN",
    "PAD",
    "RESHAPE",
    "SHUFFLE",
    "TILE",
    "TRANSPOSE",
    "flatten",
    "pad",
    "reshape",
    "shuffle",
    "tile",
    "transpose",
]


def shuffle(precision: str, *, height: int, width: int, channels: int, group: int) -> Iterator[OpSpec]:
    """Yield a shuffle; the released nets write a kernel of 1 on it, and an order only in 8 bits."""
    fit_group(group, channels=channels)
    tensor = activation(precision, height, width, channels)
    if precision == "int8":
        yield OpSpec.of("Int8ChannelShuffle", (tensor,), group=group, kernel=1, order="NHWC")
    else:
        yield OpSpec.of("ChannelShuffle", (tensor,), group=group, kernel=1)


def flatten(precision: str, *, height: int, width: int, channels: int) -> Iterator[OpSpec]:
    """Yield a feature map as one row."""
    yield _move(precision, "Flatten", height, width, channels)


def reshape(precision: str, *, height: int, width: int, channels: int) -> Iterator[OpSpec]:
    """Yield a feature map with its height and width made one dimension, as detectors do."""
    shape = (1, -1, channels) if precision == "int8" else (1, channels, -1)
    yield _move(precision, "Reshape", height, width, channels, shape=shape)


def transpose(precision: str, *, height: int, width: int, channels: int) -> Iterator[OpSpec]:
    """Yield the change into the other order: to NCHW in 8 bits, to NHWC in fp32."""
    axes = (0, 3, 1, 2) if precision == "int8" else (0, 2, 3, 1)
    yield _move(precision, "Transpose", height, width, channels, axes=axes)


def pad(precision: str, *, height: int, width: int, channels: int, border: int = 1) -> Iterator[OpSpec]:
    """Yield a feature map with so many rows and columns of zeros around it."""
    around = (0, border, border, 0) if precision == "int8" else (0, 0, border, border)
    yield _move(precision, "Pad", height, width, channels, before=around, after=around)


def tile(precision: str, *, height: int, width: int, channels: int, tiles: int = 2) -> Iterator[OpSpec]:
    """Yield a feature map repeated so many times, one copy below the other."""
    axis = 1 if precision == "int8" else 2
    yield _move(precision, "Tile", height, width, channels, axis=axis, tiles=tiles)


def _move(
    precision: str, kind: str, height: int, width: int, channels: int, **args: int | tuple[int, ...]
) -> OpSpec:
    return OpSpec.of(name_type(precision, kind), (activation(precision, height, width, channels),), **args)


_SPACE = (Axis("height"), Axis("width"), Axis("channels"))

SHUFFLE = Family(("ChannelShuffle", "Int8ChannelShuffle"), (*_SPACE, Axis("group", least=2)), shuffle)
FLATTEN = Family(("Flatten", "Int8Flatten"), _SPACE, flatten)
RESHAPE = Family(("Reshape", "Int8Reshape"), _SPACE, reshape)
PAD = Family(("Pad", "Int8Pad"), (*_SPACE, Axis("border", 1)), pad)
TILE = Family(("Tile", "Int8Tile"), (*_SPACE, Axis("tiles", 2)), tile)
TRANSPOSE = Family(("Transpose", "Int8Transpose"), _SPACE, transpose)
