"""Generators of operators: families by their axes, spaces as sets of operators to measure.

Adding a family or a space is one module and one line here.
"""

from __future__ import annotations

from bench.op_generators import (
    activations,
    attention,
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
    normalising,
    pool,
    quantize,
)
from bench.op_generators.family import PRECISIONS, Axis, Family
from bench.op_generators.space import Space, draw

__all__ = ["FAMILIES", "PRECISIONS", "SPACES", "Axis", "Family", "Space", "draw"]

FAMILIES: dict[str, Family] = {
    "add": elementwise.ADD,
    "average_pool": pool.AVERAGE,
    "batch_matmul": attention.BATCH_MATMUL,
    "block": block.FAMILY,
    "channel_shuffle": layout.SHUFFLE,
    "clip": activations.CLIP,
    "concat": joining.CONCAT,
    "conv": conv.FAMILY,
    "conv_transpose": enlarging.CONV_TRANSPOSE,
    "depth_to_space": enlarging.DEPTH_TO_SPACE,
    "div": elementwise.DIV,
    "fc": fc.FAMILY,
    "flatten": layout.FLATTEN,
    "gelu": activations.GELU,
    "group_norm": normalising.GROUP_NORM,
    "hard_sigmoid": activations.HARD_SIGMOID,
    "hard_swish": activations.HARD_SWISH,
    "instance_norm": normalising.INSTANCE_NORM,
    "layer_norm": attention.LAYER_NORM,
    "leaky_relu": activations.LEAKY_RELU,
    "max_pool": pool.MAXIMUM,
    "mean": pool.MEAN,
    "mul": elementwise.MUL,
    "pad": layout.PAD,
    "pow": activations.POW,
    "prelu": activations.PRELU,
    "quantize": quantize.FAMILY,
    "reduce_l2": pool.L2,
    "reduce_sum": pool.TOTAL,
    "relu": activations.RELU,
    "reshape": layout.RESHAPE,
    "resize_bilinear": enlarging.RESIZE_BILINEAR,
    "resize_nearest": enlarging.RESIZE_NEAREST,
    "rms_norm": attention.RMS_NORM,
    "sigmoid": activations.SIGMOID,
    "slice": joining.SLICE,
    "sub": elementwise.SUB,
    "sum": elementwise.SUM,
    "tile": layout.TILE,
    "transpose": layout.TRANSPOSE,
    **activations.FUNCTIONS,
}

SPACES: dict[str, Space] = {
    "chamnet": chamnet.SPACE,
    "fbnet": fbnet.SPACE,
    "grid": grid.make_space(FAMILIES),
    "models": models.SPACE,
}
