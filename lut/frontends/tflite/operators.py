"""What each of TFLite's operators is among the nodes of ONNX."""

from __future__ import annotations

from math import prod
from typing import Any

import tflite

from lut.errors import ModelError
from lut.frontends.tflite.options import activation_of
from lut.frontends.tflite.reading import TfliteOperator
from lut.frontends.tflite.writing import Translate, Translation, turn_shape

__all__ = ["TRANSLATIONS"]

_AUTO_PAD = {tflite.Padding.SAME: "SAME_UPPER", tflite.Padding.VALID: "VALID"}


def _convolve(net: Translation, op: TfliteOperator) -> None:
    out_channels, height, width, channels = net.sizes(op.inputs[1], 4)
    whole = net.sizes(op.inputs[0], 4)[3]
    weight = net.weigh(op.inputs[1], (out_channels, channels, height, width))
    _add_convolution(net, op, weight, whole // channels)


def _convolve_depthwise(net: Translation, op: TfliteOperator) -> None:
    _, height, width, out_channels = net.sizes(op.inputs[1], 4)
    channels = net.sizes(op.inputs[0], 4)[3]
    op.options.ignore("DepthMultiplier")  # which the weight's shape says
    weight = net.weigh(op.inputs[1], (out_channels, 1, height, width))
    _add_convolution(net, op, weight, channels)


def _add_convolution(net: Translation, op: TfliteOperator, weight: str, group: int) -> None:
    options = op.options
    options.ignore("QuantizedBiasType")
    net.add(
        op,
        "Conv",
        [net.name(op.inputs[0]), weight, *_bias(net, op, 2)],
        options.get("FusedActivationFunction"),
        strides=(options.get("StrideH"), options.get("StrideW")),
        dilations=(options.get("DilationHFactor"), options.get("DilationWFactor")),
        auto_pad=_AUTO_PAD[options.get("Padding")],
        group=group,
    )


def _bias(net: Translation, op: TfliteOperator, place: int) -> list[str]:
    return [net.name(number) for number in op.inputs[place : place + 1] if number >= 0]


def _convolve_transposed(net: Translation, op: TfliteOperator) -> None:
    """Its pads follow from the sizes of input and output; what is left over is cut off at the end."""
    options = op.options
    options.ignore("Padding", "QuantizedBiasType")
    out_channels, height, width, channels = net.sizes(op.inputs[1], 4)
    weight = net.weigh(op.inputs[1], (channels, out_channels, height, width))
    before, after = net.sizes(op.inputs[2], 4), net.sizes(op.outputs[0], 4)
    strides = (options.get("StrideH"), options.get("StrideW"))
    begins, ends, adjusts = [], [], []
    for place, (kernel, stride) in enumerate(zip((height, width), strides, strict=True), 1):
        total = (before[place] - 1) * stride + kernel - after[place]
        begins.append(max(0, total) // 2)
        ends.append(max(0, total) - max(0, total) // 2)
        adjusts.append(max(0, -total))
    net.add(
        op,
        "ConvTranspose",
        [net.name(op.inputs[2]), weight, *_bias(net, op, 3)],
        activation_of(options),
        strides=strides,
        pads=(*begins, *ends),
        output_padding=tuple(adjusts),
    )


def _connect(net: Translation, op: TfliteOperator) -> None:
    op.options.ignore("AsymmetricQuantizeInputs", "KeepNumDims", "QuantizedBiasType")
    channels, columns = net.sizes(op.inputs[1], 2)
    weight = net.weigh(op.inputs[1], (channels, columns))
    inputs = [net.name(op.inputs[0]), weight, *_bias(net, op, 2)]
    net.add(op, "Gemm", inputs, activation_of(op.options), transB=1)


def _pool(kind: str) -> Translate:
    def write(net: Translation, op: TfliteOperator) -> None:
        options = op.options
        net.add(
            op,
            kind,
            [net.name(op.inputs[0])],
            options.get("FusedActivationFunction"),
            kernel_shape=(options.get("FilterHeight"), options.get("FilterWidth")),
            strides=(options.get("StrideH"), options.get("StrideW")),
            auto_pad=_AUTO_PAD[options.get("Padding")],
        )

    return write


def _plain(op_type: str, *ignored: str, **attributes: Any) -> Translate:
    """Write an operator of one input; the options named change no time that shapes don't tell."""

    def write(net: Translation, op: TfliteOperator) -> None:
        op.options.ignore(*ignored)
        net.add(op, op_type, [net.name(op.inputs[0])], **attributes)

    return write


def _spread(net: Translation, op: TfliteOperator, number: int) -> str:
    """Name a tensor; a constant has its dimensions, from the end, in ONNX's order where it meets an image."""
    shape = net.sizes(number)
    if net.name(number) not in net.fixed or not net.is_on_images(op) or not 0 < len(shape) <= 4:
        return net.name(number)
    return net.weigh(number, turn_shape((*(1,) * (4 - len(shape)), *shape)))


def _binary(op_type: str) -> Translate:
    def write(net: Translation, op: TfliteOperator) -> None:
        op.options.ignore("PotScaleInt16")
        first, second = (_spread(net, op, number) for number in op.inputs)
        net.add(op, op_type, [first, second], activation_of(op.options))

    return write


def _leaky_relu(net: Translation, op: TfliteOperator) -> None:
    net.add(op, "LeakyRelu", [net.name(op.inputs[0])], alpha=op.options.get("Alpha"))


def _prelu(net: Translation, op: TfliteOperator) -> None:
    slope = net.sizes(op.inputs[1])
    if slope[-1:] != (prod(slope),):
        raise ModelError("its slope is not one number, nor one for each channel")
    weight = net.weigh(op.inputs[1], (prod(slope), 1, 1))
    net.add(op, "PRelu", [net.name(op.inputs[0]), weight])


def _join(net: Translation, op: TfliteOperator) -> None:
    rank = len(net.sizes(op.outputs[0]))
    net.add(
        op,
        "Concat",
        [_spread(net, op, number) for number in op.inputs],
        activation_of(op.options),
        axis=net.turn_axis(op, op.options.get("Axis"), rank),
    )


def _mean(net: Translation, op: TfliteOperator) -> None:
    rank = len(net.sizes(op.inputs[0]))
    axes = tuple(sorted(net.turn_axis(op, axis, rank) for axis in net.numbers(op.inputs[1])))
    keepdims = int(op.options.get("KeepDims"))
    net.add(op, "ReduceMean", [net.name(op.inputs[0])], axes=axes, keepdims=keepdims)


def _pad(net: Translation, op: TfliteOperator) -> None:
    pairs = net.numbers(op.inputs[1])
    rank = len(net.sizes(op.inputs[0]))
    places = sorted(range(rank), key=lambda axis: net.turn_axis(op, axis, rank))
    pads = [pairs[2 * axis] for axis in places] + [pairs[2 * axis + 1] for axis in places]
    net.add(op, "Pad", [net.name(op.inputs[0]), net.constant(pads)])


def _resize(mode: str) -> Translate:
    def write(net: Translation, op: TfliteOperator) -> None:
        way = "asymmetric"
        if op.options.are_there:
            centred, aligned = op.options.get("HalfPixelCenters"), op.options.get("AlignCorners")
            way = "align_corners" if aligned else "half_pixel" if centred else way
        # Of whole factors, the pixel whose place is cut off is the one that rounding gives.
        rounds = "round_prefer_floor" if way == "half_pixel" else "floor"
        attributes: dict[str, Any] = {"mode": mode, "coordinate_transformation_mode": way}
        if mode == "nearest":
            attributes["nearest_mode"] = rounds
        net.add(op, "Resize", [net.name(op.inputs[0])], **attributes)

    return write


def _slice(net: Translation, op: TfliteOperator) -> None:
    """SLICE has begins and sizes, STRIDED_SLICE begins, ends and steps; where it ends the shapes say."""
    rank = len(net.sizes(op.inputs[0]))
    starts = net.numbers(op.inputs[1])
    if op.op_type == "STRIDED_SLICE":
        if set(net.numbers(op.inputs[3])) != {1}:
            raise ModelError("it takes steps")
        op.options.ignore("EndMask")
        mask = op.options.get("BeginMask") if op.options.are_there else 0
        starts = [0 if mask >> axis & 1 else start for axis, start in enumerate(starts)]
    places = sorted(range(rank), key=lambda axis: net.turn_axis(op, axis, rank))
    ordered = net.constant([starts[axis] for axis in places])
    axes = net.constant(list(range(rank)))
    net.add(op, "Slice", [net.name(op.inputs[0]), ordered, ordered, axes])


def _softmax(net: Translation, op: TfliteOperator) -> None:
    op.options.ignore("Beta")
    net.add(op, "Softmax", [net.name(op.inputs[0])], axis=-1)


def _split(net: Translation, op: TfliteOperator) -> None:
    op.options.ignore("NumSplits")
    source, axis = (op.inputs[1], op.inputs[0]) if op.op_type == "SPLIT" else (op.inputs[0], op.inputs[2])
    rank = len(net.sizes(source))
    inputs = [net.name(source)]
    if op.op_type == "SPLIT_V":
        inputs.append(net.constant(net.numbers(op.inputs[1])))
    net.add(op, "Split", inputs, axis=net.turn_axis(op, net.numbers(axis)[0], rank))


def _transpose(net: Translation, op: TfliteOperator) -> None:
    net.add(op, "Transpose", [net.name(op.inputs[0])], perm=tuple(net.numbers(op.inputs[1])))


def _depth_to_space(net: Translation, op: TfliteOperator) -> None:
    net.add(op, "DepthToSpace", [net.name(op.inputs[0])], blocksize=op.options.get("BlockSize"))


TRANSLATIONS: dict[str, Translate] = {
    "ADD": _binary("Add"),
    "AVERAGE_POOL_2D": _pool("AveragePool"),
    "CONCATENATION": _join,
    "CONV_2D": _convolve,
    "DEPTHWISE_CONV_2D": _convolve_depthwise,
    "DEPTH_TO_SPACE": _depth_to_space,
    "DEQUANTIZE": _plain("DequantizeLinear"),
    "DIV": _binary("Div"),
    "EXPAND_DIMS": _plain("Unsqueeze"),
    "FULLY_CONNECTED": _connect,
    "HARD_SWISH": _plain("HardSwish"),
    "LEAKY_RELU": _leaky_relu,
    "LOGISTIC": _plain("Sigmoid"),
    "MAX_POOL_2D": _pool("MaxPool"),
    "MEAN": _mean,
    "MUL": _binary("Mul"),
    "PAD": _pad,
    "PRELU": _prelu,
    "QUANTIZE": _plain("QuantizeLinear"),
    "RELU": _plain("Relu"),
    "RELU6": _plain("Clip", min=0.0, max=6.0),
    "RESHAPE": _plain("Reshape"),
    "RESIZE_BILINEAR": _resize("linear"),
    "RESIZE_NEAREST_NEIGHBOR": _resize("nearest"),
    "SHAPE": _plain("Shape", "OutType"),
    "SLICE": _slice,
    "SOFTMAX": _softmax,
    "SPLIT": _split,
    "SPLIT_V": _split,
    "SQUEEZE": _plain("Squeeze"),
    "STRIDED_SLICE": _slice,
    "SUB": _binary("Sub"),
    "TANH": _plain("Tanh"),
    "TRANSPOSE": _transpose,
    "TRANSPOSE_CONV": _convolve_transposed,
}
