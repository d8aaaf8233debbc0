"""Operators that draws leave out, and that easily come out wrong: uneven borders, softmax on each axis."""

from __future__ import annotations

from collections.abc import Iterator

from lut.ops import FLOAT, INT32, UINT8, OpSpec, TensorSpec, Window

__all__ = ["FEATURES", "list_chosen", "list_features"]

FEATURES = {
    "border",
    "uneven border",
    "window that is no square",
    "stride",
    "uneven stride",
    "dilation",
    "groups",
    "depthwise",
}
"""What a convolution's window does that lowerings and kernels get wrong, if anything does."""

_BORDERS = (
    {"pad_t": 0, "pad_l": 1, "pad_b": 2, "pad_r": 3},
    {"pad_t": 2, "pad_l": 0, "pad_b": 1, "pad_r": 1},
)

_STEPS: tuple[dict[str, int], ...] = ({}, {"dilation": 2}, {"stride_h": 2, "stride_w": 3})


def list_chosen() -> list[OpSpec]:
    """List them in both precisions, each once, whichever engine runs them."""
    return [op for dtype in (FLOAT, UINT8) for make in (_windows, _softmaxes) for op in make(dtype)]


def _windows(dtype: int) -> Iterator[OpSpec]:
    prefix, order, bias = ("Int8", "NHWC", INT32) if dtype == UINT8 else ("", "NCHW", FLOAT)

    def tensor(count: int, channels: int, height: int, width: int) -> TensorSpec:
        nhwc, nchw = (count, height, width, channels), (count, channels, height, width)
        return TensorSpec(nhwc if dtype == UINT8 else nchw, dtype)

    x, kernel = tensor(1, 8, 9, 11), {"kernel_h": 5, "kernel_w": 4}
    for border in _BORDERS:
        for steps in _STEPS:
            for group, outputs in ((1, 12), (2, 12), (8, 8)):
                inputs = x, tensor(outputs, 8 // group, 5, 4), TensorSpec((outputs,), bias)
                args = kernel | border | steps | {"group": group}
                yield OpSpec.of(f"{prefix}Conv", inputs, order=order, **args)
        args = kernel | border | {"stride_h": 2, "stride_w": 3}
        inputs = x, tensor(8, 6, 5, 4), TensorSpec((6,), bias)
        yield OpSpec.of(f"{prefix}ConvTranspose", inputs, order=order, **args)
        for op_type in ("MaxPool", "AveragePool"):
            yield OpSpec.of(f"{prefix}{op_type}", [x], order=order, **args)


def _softmaxes(dtype: int) -> Iterator[OpSpec]:
    """Of few values, where another axis gives other bytes: of many, all shares are close to nothing."""
    for shape in ((2, 5), (2, 3, 4), (2, 3, 2, 2)):
        for axis in range(-len(shape), len(shape)):
            op_type = "Int8Softmax" if dtype == UINT8 else "Softmax"
            yield OpSpec.of(op_type, [TensorSpec(shape, dtype)], axis=axis)


def list_features(op: OpSpec) -> set[str]:
    """List those of `FEATURES` that a convolution has."""
    window, group = Window.read(op), op.arg("group", 1)
    top, left, bottom, right = window.pads
    order = op.arg("order", "NHWC" if op.op_type.startswith("Int8") else "NCHW")
    channels = op.inputs[0].shape[3 if order == "NHWC" else 1]
    holds = {
        "border": any(window.pads),
        "uneven border": (top, left) != (bottom, right),
        "window that is no square": window.kernel[0] != window.kernel[1],
        "stride": max(window.stride) > 1,
        "uneven stride": window.stride[0] != window.stride[1],
        "dilation": max(window.dilation) > 1,
        "groups": 1 < group < channels,
        "depthwise": 1 < group == channels,
    }
    return {name for name, is_so in holds.items() if is_so}
