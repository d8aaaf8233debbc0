"""Poolings: AveragePool, MaxPool (fp32), and with Int8 before and Relu behind them (quantized, NHWC)."""

from __future__ import annotations

from lut.errors import ModelError
from lut.ops.rule import Outputs, Rule, check_count, check_dtypes, check_rank, int_arg
from lut.ops.window import Window, read_layout
from lut.records import FLOAT, UINT8, OpSpec

__all__ = ["RULES"]


def _infer(op: OpSpec) -> Outputs:
    quantized = op.op_type.startswith("Int8")
    check_count(op, 1)
    check_dtypes(op, UINT8 if quantized else FLOAT)
    check_rank(op, 0, 4)
    layout = read_layout(op)
    batch, channels, space = layout.split(op.inputs[0].shape)
    if int_arg(op, "global_pooling", 0):
        kernel, pooled = space, (1, 1)
    else:
        window = Window.read(op)
        kernel, pooled = window.kernel, window.slide(space)
        _check_window(window)
    if quantized and kernel == (1, 1):
        raise ModelError("a window of 1x1 pools nothing, and the quantized kernels refuse it")
    return (layout.join(batch, channels, pooled, op.inputs[0].dtype),)


def _check_window(window: Window) -> None:
    if window.dilation != (1, 1):
        raise ModelError("poolings know no dilation: the quantized ones corrupt memory on it")
    top, left, bottom, right = window.pads
    height, width = window.kernel
    if max(top, bottom) >= height or max(left, right) >= width:
        raise ModelError(f"pads {window.pads} must be smaller than the kernel {window.kernel}")


_RULE = Rule(_infer)

RULES = {
    "AveragePool": _RULE,
    "MaxPool": _RULE,
    "Int8AveragePool": _RULE,
    "Int8AveragePoolRelu": _RULE,
    "Int8MaxPool": _RULE,
    "Int8MaxPoolRelu": _RULE,
}
