"""Operators that make feature maps larger: ConvTranspose, ResizeBilinear, ResizeNearest, and each with Int8.

The weight of a transposed convolution from C to N channels is [C, N/group, kh, kw] in NCHW and
[C, kh, kw, N] in NHWC. The quantized one has no groups and always a bias [N]. Bilinear resizing takes values
at the centres of pixels, and does not align corners (`half_pixel` in ONNX).
"""

from __future__ import annotations

import struct
from dataclasses import replace

from lut.errors import ModelError
from lut.ops.arguments import describe_value
from lut.ops.rules.rule import (
    ANY_ORDER,
    NHWC_ONLY,
    Arguments,
    Outputs,
    Rule,
    check_count,
    check_dtypes,
    check_rank,
    int_arg,
    take_input,
)
from lut.ops.rules.view import see_feature_map
from lut.ops.rules.window import Window, read_layout
from lut.ops.spec import FLOAT, INT32, UINT8, OpSpec

__all__ = ["RULES"]


def _infer_conv_transpose(op: OpSpec) -> Outputs:
    quantized = op.op_type.startswith("Int8")
    check_count(op, 3 if quantized else 2, 3)
    check_dtypes(op, *((UINT8, UINT8, INT32) if quantized else (FLOAT,)))
    check_rank(op, 0, 4)
    check_rank(op, 1, 4)
    layout, window = read_layout(op), Window.read(op)
    group = int_arg(op, "group", 1)
    batch, channels, space = layout.split(op.inputs[0].shape)
    weight_channels, group_channels, kernel = layout.split(op.inputs[1].shape)
    if window.dilation != (1, 1):
        raise ModelError("dilation is not supported by transposed convolutions")
    if kernel != window.kernel:
        raise ModelError(f"kernel is {window.kernel}, but the weight's is {kernel}")
    if weight_channels != channels:
        raise ModelError(f"the weight is for {weight_channels} input channels, the input has {channels}")
    if group < 1 or channels % group or (layout.order == "NHWC" and group > 1):
        raise ModelError(f"group {group} is not possible for {channels} channels in order {layout.order}")
    out_channels = group_channels * group
    if len(op.inputs) == 3 and op.inputs[2].shape != (out_channels,):
        raise ModelError(f"the bias is {list(op.inputs[2].shape)} where [{out_channels}] is expected")
    return (layout.join(batch, out_channels, _enlarge(op, window, space), op.inputs[0].dtype),)


def _enlarge(op: OpSpec, window: Window, space: tuple[int, int]) -> tuple[int, int]:
    top, left, bottom, right = window.pads
    single = op.arg("adj", 0)
    adjust = op.arg("adjs", (op.arg("adj_h", single), op.arg("adj_w", single)))
    if (
        not isinstance(adjust, tuple)
        or len(adjust) != 2
        or not all(isinstance(extra, int) for extra in adjust)
    ):
        raise ModelError(f"adj is {adjust}; expected one or two whole numbers from 0")
    if any(not 0 <= extra < stride for extra, stride in zip(adjust, window.stride, strict=True)):
        raise ModelError(f"adj is {adjust}; expected less than the stride {window.stride}")
    height, width = (
        (size - 1) * stride + kernel + extra - padding
        for size, stride, kernel, extra, padding in zip(
            space, window.stride, window.kernel, adjust, (top + bottom, left + right), strict=True
        )
    )
    if height < 1 or width < 1:
        raise ModelError(f"the pads {window.pads} leave nothing of an input of {space}")
    return height, width


def _conv_transpose_multiply_adds(op: OpSpec, _outputs: Outputs) -> int:
    weight = op.inputs[1]
    return op.inputs[0].elements * (weight.elements // weight.shape[0])


def _infer_resize(op: OpSpec) -> Outputs:
    quantized = op.op_type.startswith("Int8")
    x = take_input(op)
    check_rank(op, 0, 4)
    layout = read_layout(op, "NHWC" if quantized else "NCHW")
    batch, channels, (height, width) = layout.split(x.shape)
    scales = op.arg("height_scale", 1.0), op.arg("width_scale", 1.0)
    if not all(isinstance(scale, float) and 0 < scale <= _MOST_SCALE for scale in scales):
        raise ModelError(
            f"height_scale and width_scale are {describe_value(scales)}; expected numbers such as 2.0"
        )
    resized = _scale(height, scales[0]), _scale(width, scales[1])
    if min(resized) < 1:
        raise ModelError(
            f"the scales {describe_value(scales)} leave nothing of an input of ({height}, {width})"
        )
    return (layout.join(batch, channels, resized, x.dtype),)


def _scale(size: int, scale: float) -> int:
    """Multiply and cut off as the engine does, in single precision: 10 times 0.7 is 7, not 6.99…."""
    return int(_single(size * _single(scale)))


def _single(value: float) -> float:
    (rounded,) = struct.unpack("f", struct.pack("f", value))
    return float(rounded)


_MOST_SCALE = 2.0**31
"""No dimension of a tensor is larger; above it, and at infinity, there is no output to speak of."""


def _spell_adjust(args: Arguments, _rank: int) -> Arguments:
    single = args.get("adj", 0)
    adjust = args.get("adjs", (args.get("adj_h", single), args.get("adj_w", single)))
    if not isinstance(adjust, tuple):
        return args
    whole = tuple(extra for extra in adjust if isinstance(extra, int))
    if len(whole) != len(adjust):
        return args
    kept = {name: value for name, value in args.items() if name not in ("adj", "adj_h", "adj_w")}
    return kept | {"adjs": whole}


_CONV_TRANSPOSE = Rule(
    _infer_conv_transpose,
    _conv_transpose_multiply_adds,
    has_weights=True,
    has_window=True,
    has_groups=True,
    orders=ANY_ORDER,
    defaults=(("adjs", (0, 0)),),
    view=see_feature_map,
    spell=_spell_adjust,
)
# The scales are no sizes: twice as large is a kernel of its own.
_RESIZE = Rule(
    _infer_resize,
    orders=ANY_ORDER,
    defaults=(("height_scale", 1.0), ("width_scale", 1.0)),
    view=see_feature_map,
)

RULES = {
    "ConvTranspose": _CONV_TRANSPOSE,
    "Int8ConvTranspose": replace(_CONV_TRANSPOSE, orders=NHWC_ONLY),
    "ResizeBilinear": _RESIZE,
    "Int8ResizeBilinear": replace(_RESIZE, orders=NHWC_ONLY),
    "ResizeNearest": _RESIZE,
    "Int8ResizeNearest": replace(_RESIZE, orders=NHWC_ONLY),
}
