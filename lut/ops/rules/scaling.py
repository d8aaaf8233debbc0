"""Slopes of what is negative: PRelu (fp32) and Int8PRelu.

The second input is a slope for each channel [C] or for all [1].
"""

from __future__ import annotations

from dataclasses import replace

from lut.errors import ModelError
from lut.ops.rules.rule import ANY_ORDER, NHWC_ONLY, Outputs, Rule, check_count, check_own_dtype, check_rank
from lut.ops.rules.view import see_feature_map
from lut.ops.rules.window import read_layout
from lut.ops.spec import OpSpec

__all__ = ["RULES"]


def _infer_prelu(op: OpSpec) -> Outputs:
    check_count(op, 2)
    check_own_dtype(op)
    x, slope = op.inputs
    check_rank(op, 0, 4)
    _, channels, _ = read_layout(op).split(x.shape)
    if slope.shape not in ((channels,), (1,)):
        raise ModelError(f"the slope is {list(slope.shape)} where [{channels}] or [1] is expected")
    return (x,)


def _name_slope(op: OpSpec) -> str:
    return "one slope" if op.inputs[1].shape == (1,) else ""


_PRELU = Rule(_infer_prelu, has_weights=True, orders=ANY_ORDER, kind=_name_slope, view=see_feature_map)

RULES = {
    "PRelu": _PRELU,
    "Int8PRelu": replace(_PRELU, orders=NHWC_ONLY),
}
