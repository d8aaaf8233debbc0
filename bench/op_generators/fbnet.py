"""The space `fbnet`: 22 layers, each with one of nine blocks, or of the tenth that released nets hold."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

from bench.op_generators import block, conv
from bench.op_generators.space import Precisions, Resolutions, Space, join_activations
from lut.ops import OpSpec
from lut.spaces import BLOCKS, RESOLUTIONS, FbnetLayer, list_layers, surroundings

__all__ = ["SPACE"]


def _walk(
    precisions: Precisions = ("int8",), resolutions: Resolutions = RESOLUTIONS, *, fused: bool = False
) -> Iterator[OpSpec]:
    for resolution in resolutions:
        for precision in precisions:
            yield from join_activations(_walk_one(precision, resolution), fused)


def _walk_one(precision: str, resolution: int) -> Iterator[OpSpec]:
    fixed = surroundings(resolution)
    yield from block.surroundings(precision, resolution, (fixed.stem,), (fixed.stages[-1],), fixed.lasts)
    for layer in dict.fromkeys(list_layers(resolution)):
        shape = _shape(layer)
        for each in BLOCKS:
            yield from block.make(
                precision, kernel=each.kernel, expansion=each.expansion, group=each.group, **shape
            )
        yield from block.make(precision, kernel=3, expansion=6, depthwise_count=2, **shape)
        if not layer.keeps_shape:
            # Where it can't be the identity, the skip is a convolution.
            yield from conv.make(precision, kernel=1, relu=True, **shape)


def _draw(
    chance: random.Random, precisions: Sequence[str] = ("int8",), resolutions: Sequence[int] = RESOLUTIONS
) -> Iterator[OpSpec]:
    """Yield the operators of a net: a block in each layer, or none, each as likely."""
    precision, resolution = chance.choice(precisions), chance.choice(resolutions)
    fixed = surroundings(resolution)
    last = chance.choice(fixed.lasts)
    yield from block.surroundings(precision, resolution, (fixed.stem,), (fixed.stages[-1],), (last,))
    for layer in list_layers(resolution):
        shape = _shape(layer)
        chosen = chance.choice((*BLOCKS, None))
        if chosen is not None:
            kind = {"kernel": chosen.kernel, "expansion": chosen.expansion, "group": chosen.group}
            yield from block.make(precision, **shape, **kind, every_writing=False)
        elif not layer.keeps_shape:
            yield from conv.make(precision, kernel=1, relu=True, **shape)


def _shape(layer: FbnetLayer) -> dict[str, Any]:
    return {
        "height": layer.size,
        "width": layer.size,
        "in_channels": layer.in_channels,
        "out_channels": layer.out_channels,
        "stride": layer.stride,
    }


SPACE = Space(
    "FBNet: 22 layers of ten blocks, for 224x224 images and, narrower, for 96x96 (--resolution)",
    _walk,
    draw=_draw,
)
