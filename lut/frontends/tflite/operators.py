"""What each of TFLite's operators is among the nodes of ONNX."""

from __future__ import annotations

from math import prod
from typing import Any

import tflite

from lut.errors import ModelError
from lut.frontends.tflite.reading import TfliteOperator
from lut.frontends.tflite.writing import Translate, Translation, turn_axis

__all__ = ["TRANSLATIONS"]

_AUTO_PAD = {tflite.Padding.SAME: "SAME_UPPER", tflite.Padding.VALID: "VALID"}


def _convolve(net: Translation, op: TfliteOperator) -> None:
    options = op.options
    out_channels, height, width, channels = net.tensor(op.inputs[1]).shape
    _, whole = net.tensor(op.inputs[0]).shape[::3]
    weight = net.weigh(op.inputs[1], (out_channels, channels, height, width))
    _add_convolution(net, op, weight, options, whole // channels)


def _convolve_depthwise(net: Translation, op: TfliteOperator) -> None:
    _, height, width, out_channels = net.tensor(op.inputs[1]).shape
    _, channels = net.tensor(op.inputs[0]).shape[::3]
    weight = net.weigh(op.inputs[1], (out_channels, 1, height, width))
    _add_convolution(net, op, weight, op.options, channels)


def _add_convolution(net: Translation, op: TfliteOperator, weight: str, options: object, group: int) -> None:
    bias = [net.name(number) for number in op.inputs[2:3] if number >= 0]
    assert isinstance(options, (tflite.Conv2DOptions, tflite.DepthwiseConv2DOptions))
    net.add(
        op,
        "Conv",
        [net.name(op.inputs[0]), weight, *bias],
        options.FusedActivationFunction(),
        strides=(options.StrideH(), options.StrideW()),
        dilations=(options.DilationHFactor(), options.DilationWFactor()),
        auto_pad=_AUTO_PAD[options.Padding()],
        group=group,
    )


def _convolve_transposed(net: Translation, op: TfliteOperator) -> None:
    """Its pads follow from the sizes of input and output; what is left over is cut off at the end."""
    options = op.options
    out_channels, height, width, channels = net.tensor(op.inputs[1]).shape
    weight = net.weigh(op.inputs[1], (channels, out_channels, height, width))
    before, after = net.tensor(op.inputs[2]).shape, net.tensor(op.outputs[0]).shape
    strides = (options.StrideH(), options.StrideW())
    begins, ends, adjusts = [], [], []
    for place, (kernel, stride) in enumerate(zip((height, width), strides, strict=True), 1):
        total = (before[place] - 1) * stride + kernel - after[place]
        begins.append(max(0, total) // 2)
        ends.append(max(0, total) - max(0, total) // 2)
        adjusts.append(max(0, -total))
    net.add(
        op,
        "ConvTranspose",
        [net.name(op.inputs[2]), weight, *(net.name(number) for number in op.inputs[3:4] if number >= 0)],
        strides=strides,
        pads=(*begins, *ends),
        output_padding=tuple(adjusts),
    )


def _connect(net: Translation, op: TfliteOperator) -> None:
    channels, columns = net.tensor(op.inputs[1]).shape
    weight = net.weigh(op.inputs[1], (channels, columns))
    bias = [net.name(number) for number in op.inputs[2:3] if number >= 0]
    inputs = [net.name(op.inputs[0]), weight, *bias]
    net.add(op, "Gemm", inputs, op.options.FusedActivationFunction(), transB=1)


def _pool(kind: str) -> Translate:
    def write(net: Translation, op: TfliteOperator) -> None:
        options = op.options
        net.add(
            op,
            kind,
            [net.name(op.inputs[0])],
            options.FusedActivationFunction(),
            kernel_shape=(options.FilterHeight(), options.FilterWidth()),
            strides=(options.StrideH(), options.StrideW()),
            auto_pad=_AUTO_PAD[options.Padding()],
        )

    return write


def _plain(op_type: str, **attributes: Any) -> Translate:
    """Write an operator that has no options, or none that matter."""

    def write(net: Translation, op: TfliteOperator) -> None:
        net.add(op, op_type, [net.name(number) for number in op.inputs], 0, **attributes)

    return write


def _first(op_type: str, **attributes: Any) -> Translate:
    """Write an operator of which only the first input matters."""

    def write(net: Translation, op: TfliteOperator) -> None:
        net.add(op, op_type, [net.name(op.inputs[0])], 0, **attributes)

    return write


def _binary(op_type: str) -> Translate:
    def write(net: Translation, op: TfliteOperator) -> None:
        activation = op.options.FusedActivationFunction() if op.options is not None else 0
        net.add(op, op_type, [net.name(number) for number in op.inputs], activation)

    return write


def _leaky_relu(net: Translation, op: TfliteOperator) -> None:
    net.add(op, "LeakyRelu", [net.name(op.inputs[0])], alpha=op.options.Alpha())


def _prelu(net: Translation, op: TfliteOperator) -> None:
    slope = net.tensor(op.inputs[1])
    weight = net.weigh(op.inputs[1], (prod(slope.shape), 1, 1))
    net.add(op, "PRelu", [net.name(op.inputs[0]), weight])


def _join(net: Translation, op: TfliteOperator) -> None:
    rank = len(net.tensor(op.outputs[0]).shape)
    net.add(
        op,
        "Concat",
        [net.name(number) for number in op.inputs],
        op.options.FusedActivationFunction(),
        axis=turn_axis(op.options.Axis(), rank),
    )


def _mean(net: Translation, op: TfliteOperator) -> None:
    rank = len(net.tensor(op.inputs[0]).shape)
    axes = tuple(sorted(turn_axis(axis, rank) for axis in net.numbers(op.inputs[1])))
    net.add(op, "ReduceMean", [net.name(op.inputs[0])], axes=axes, keepdims=int(op.options.KeepDims()))


def _pad(net: Translation, op: TfliteOperator) -> None:
    pairs = net.numbers(op.inputs[1])
    rank = len(net.tensor(op.inputs[0]).shape)
    places = sorted(range(rank), key=lambda axis: turn_axis(axis, rank))
    pads = [pairs[2 * axis] for axis in places] + [pairs[2 * axis + 1] for axis in places]
    net.add(op, "Pad", [net.name(op.inputs[0]), net.constant(pads)])


def _resize(mode: str) -> Translate:
    def write(net: Translation, op: TfliteOperator) -> None:
        net.add(op, "Resize", [net.name(op.inputs[0])], mode=mode)

    return write


def _slice(net: Translation, op: TfliteOperator) -> None:
    """SLICE has begins and sizes, STRIDED_SLICE begins, ends and steps; what is cut the shapes say."""
    rank = len(net.tensor(op.inputs[0]).shape)
    starts = net.numbers(op.inputs[1])
    if op.op_type == "STRIDED_SLICE" and set(net.numbers(op.inputs[3])) != {1}:
        raise ModelError("it takes steps")
    places = sorted(range(rank), key=lambda axis: turn_axis(axis, rank))
    ordered = net.constant([starts[axis] for axis in places])
    axes = net.constant(list(range(rank)))
    net.add(op, "Slice", [net.name(op.inputs[0]), ordered, ordered, axes])


def _split(net: Translation, op: TfliteOperator) -> None:
    source, axis = (op.inputs[1], op.inputs[0]) if op.op_type == "SPLIT" else (op.inputs[0], op.inputs[2])
    rank = len(net.tensor(source).shape)
    net.add(op, "Split", [net.name(source)], axis=turn_axis(net.numbers(axis)[0], rank))


def _transpose(net: Translation, op: TfliteOperator) -> None:
    perm = net.numbers(op.inputs[1])
    rank = len(perm)
    places = sorted(range(rank), key=lambda axis: turn_axis(axis, rank))
    net.add(
        op, "Transpose", [net.name(op.inputs[0])], perm=tuple(turn_axis(perm[axis], rank) for axis in places)
    )


def _depth_to_space(net: Translation, op: TfliteOperator) -> None:
    net.add(op, "DepthToSpace", [net.name(op.inputs[0])], blocksize=op.options.BlockSize())


TRANSLATIONS: dict[str, Translate] = {
    "ADD": _binary("Add"),
    "AVERAGE_POOL_2D": _pool("AveragePool"),
    "CONCATENATION": _join,
    "CONV_2D": _convolve,
    "DEPTHWISE_CONV_2D": _convolve_depthwise,
    "DEPTH_TO_SPACE": _depth_to_space,
    "DEQUANTIZE": _first("DequantizeLinear"),
    "DIV": _binary("Div"),
    "EXPAND_DIMS": _first("Unsqueeze"),
    "FULLY_CONNECTED": _connect,
    "HARD_SWISH": _plain("HardSwish"),
    "LEAKY_RELU": _leaky_relu,
    "LOGISTIC": _plain("Sigmoid"),
    "MAX_POOL_2D": _pool("MaxPool"),
    "MEAN": _mean,
    "MUL": _binary("Mul"),
    "PAD": _pad,
    "PRELU": _prelu,
    "QUANTIZE": _first("QuantizeLinear"),
    "RELU": _plain("Relu"),
    "RELU6": _first("Clip", min=0.0, max=6.0),
    "RESHAPE": _first("Reshape"),
    "RESIZE_BILINEAR": _resize("linear"),
    "RESIZE_NEAREST_NEIGHBOR": _resize("nearest"),
    "SHAPE": _plain("Shape"),
    "SLICE": _slice,
    "SOFTMAX": _first("Softmax", axis=-1),
    "SPLIT": _split,
    "SPLIT_V": _split,
    "SQUEEZE": _first("Squeeze"),
    "STRIDED_SLICE": _slice,
    "SUB": _binary("Sub"),
    "TANH": _plain("Tanh"),
    "TRANSPOSE": _transpose,
    "TRANSPOSE_CONV": _convolve_transposed,
}
