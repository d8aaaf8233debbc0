"""Generators of operators: families by their axes, spaces as sets of operators to measure.

Adding a family or a space is one module and one line here.
"""

from __future__ import annotations

from bench.op_generators import (
    activations,
    block,
    chamnet,
    conv,
    elementwise,
    enlarging,
    fbnet,
    fc,
    grid,
    joining,
    layout,
    models,
    pool,
    quantize,
)
from bench.op_generators.family import PRECISIONS, Axis, Family
from bench.op_generators.space import Space, draw

__all__ = ["FAMILIES", "PRECISIONS", "SPACES", "Axis", "Family", "Space", "draw"]

FAMILIES: dict[str, Family] = {
    "add": elementwise.ADD,
    "average_pool": pool.AVERAGE,
    "block": block.FAMILY,
    "channel_shuffle": layout.SHUFFLE,
    "clip": activations.CLIP,
    "concat": joining.CONCAT,
    "conv": conv.FAMILY,
    "conv_transpose": enlarging.CONV_TRANSPOSE,
    "depth_to_space": enlarging.DEPTH_TO_SPACE,
    "fc": fc.FAMILY,
    "flatten": layout.FLATTEN,
    "hard_sigmoid": activations.HARD_SIGMOID,
    "hard_swish": activations.HARD_SWISH,
    "leaky_relu": activations.LEAKY_RELU,
    "max_pool": pool.MAXIMUM,
    "mean": pool.MEAN,
    "mul": elementwise.MUL,
    "pad": layout.PAD,
    "prelu": activations.PRELU,
    "quantize": quantize.FAMILY,
    "relu": activations.RELU,
    "reshape": layout.RESHAPE,
    "resize_bilinear": enlarging.RESIZE_BILINEAR,
    "resize_nearest": enlarging.RESIZE_NEAREST,
    "sigmoid": activations.SIGMOID,
    "slice": joining.SLICE,
    "sum": elementwise.SUM,
    "transpose": layout.TRANSPOSE,
}

SPACES: dict[str, Space] = {
    "chamnet": chamnet.SPACE,
    "fbnet": fbnet.SPACE,
    "grid": grid.make_space(FAMILIES),
    "models": models.SPACE,
}
