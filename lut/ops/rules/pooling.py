"""Poolings: AveragePool, MaxPool (fp32), and their Int8 and fused Relu variants (quantized, NHWC)."""

from __future__ import annotations

from dataclasses import replace

from lut.errors import ModelError
from lut.ops.rules.rule import (
    ANY_ORDER,
    NHWC_ONLY,
    Outputs,
    Rule,
    check_rank,
    int_arg,
    take_input,
)
from lut.ops.rules.view import see_feature_map
from lut.ops.rules.window import Window, read_layout
from lut.ops.spec import OpSpec

__all__ = ["RULES"]


def _infer(op: OpSpec) -> Outputs:
    quantized = op.op_type.startswith("Int8")
    x = take_input(op)
    check_rank(op, 0, 4)
    layout = read_layout(op)
    batch, channels, space = layout.split(x.shape)
    if int_arg(op, "global_pooling", 0):
        kernel, pooled = space, (1, 1)
    else:
        window = Window.read(op)
        kernel, pooled = window.kernel, window.slide(space)
        _check_window(window)
    if quantized and kernel == (1, 1):
        raise ModelError("a window of 1x1 pools nothing, and the quantized kernels refuse it")
    return (layout.join(batch, channels, pooled, x.dtype),)


def _check_window(window: Window) -> None:
    if window.dilation != (1, 1):
        raise ModelError("poolings know no dilation: the quantized ones corrupt memory on it")
    top, left, bottom, right = window.pads
    height, width = window.kernel
    if max(top, bottom) >= height or max(left, right) >= width:
        raise ModelError(f"pads {window.pads} must be smaller than the kernel {window.kernel}")


_POOL = Rule(
    _infer, has_window=True, orders=ANY_ORDER, defaults=(("global_pooling", 0),), view=see_feature_map
)
_QUANTIZED = replace(_POOL, orders=NHWC_ONLY)

RULES = {
    "AveragePool": _POOL,
    "MaxPool": _POOL,
    "Int8AveragePool": _QUANTIZED,
    "Int8AveragePoolRelu": replace(_QUANTIZED, unfused="Int8AveragePool"),
    "Int8MaxPool": _QUANTIZED,
    "Int8MaxPoolRelu": replace(_QUANTIZED, unfused="Int8MaxPool"),
}
