"""Convolutions: Conv, ConvRelu (fp32) and Int8Conv, Int8ConvRelu (quantized, NHWC).

Inputs are X, the weight, and the bias (optional for Conv). The weight of N output channels is
[N, C/group, kh, kw] in NCHW and [N, kh, kw, C/group] in NHWC, the bias [N].
"""

from __future__ import annotations

from dataclasses import replace

from lut.errors import ModelError
from lut.ops.rules.rule import (
    ANY_ORDER,
    NHWC_ONLY,
    Outputs,
    Rule,
    check_count,
    check_dtypes,
    check_rank,
    int_arg,
)
from lut.ops.rules.view import see_feature_map
from lut.ops.rules.window import Window, read_layout
from lut.ops.spec import FLOAT, INT32, UINT8, OpSpec

__all__ = ["RULES"]


def _infer(op: OpSpec) -> Outputs:
    quantized = op.op_type.startswith("Int8")
    check_count(op, 3 if quantized else 2, 3)
    check_dtypes(op, *((UINT8, UINT8, INT32) if quantized else (FLOAT,)))
    check_rank(op, 0, 4)
    check_rank(op, 1, 4)
    layout = read_layout(op)
    window = Window.read(op)
    group = int_arg(op, "group", 1)

    batch, channels, space = layout.split(op.inputs[0].shape)
    out_channels, group_channels, kernel = layout.split(op.inputs[1].shape)
    if kernel != window.kernel:
        raise ModelError(f"kernel is {window.kernel}, but the weight's is {kernel}")
    if group < 1 or channels % group or out_channels % group:
        raise ModelError(f"group {group} does not divide {channels} input and {out_channels} output channels")
    if group_channels != channels // group:
        raise ModelError(
            f"the weight has {group_channels} input channels a group, "
            f"the input has {channels} in {group} groups: {channels // group} expected"
        )
    if len(op.inputs) == 3 and op.inputs[2].shape != (out_channels,):
        raise ModelError(f"the bias is {list(op.inputs[2].shape)} where [{out_channels}] is expected")
    return (layout.join(batch, out_channels, window.slide(space), op.inputs[0].dtype),)


def _multiply_adds(op: OpSpec, outputs: Outputs) -> int:
    weight = op.inputs[1]
    return outputs[0].elements * (weight.elements // weight.shape[0])


_CONV = Rule(
    _infer,
    _multiply_adds,
    has_weights=True,
    has_window=True,
    has_groups=True,
    orders=ANY_ORDER,
    view=see_feature_map,
)
_QUANTIZED = replace(_CONV, orders=NHWC_ONLY)

RULES = {
    "Conv": _CONV,
    "ConvRelu": replace(_CONV, unfused="Conv"),
    "Int8Conv": _QUANTIZED,
    "Int8ConvRelu": replace(_QUANTIZED, unfused="Int8Conv"),
}
