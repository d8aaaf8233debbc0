"""TFLite's convolutions, fully connected layers, products of activations and poolings as nodes of ONNX."""

from __future__ import annotations

from typing import Any

import tflite

from lut.frontends.tflite.options import activation_of
from lut.frontends.tflite.reading import TfliteOperator
from lut.frontends.tflite.writing import Translate, Translation

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


def _multiply_matrices(net: Translation, op: TfliteOperator) -> None:
    op.options.ignore("AsymmetricQuantizeInputs")
    flags: dict[str, Any] = {
        name: 1 for name, own in (("transA", "AdjX"), ("transB", "AdjY")) if op.options.get(own)
    }
    net.add(op, "MatMul", [net.name(number) for number in op.inputs], **flags)


TRANSLATIONS: dict[str, Translate] = {
    "AVERAGE_POOL_2D": _pool("AveragePool"),
    "BATCH_MATMUL": _multiply_matrices,
    "CONV_2D": _convolve,
    "DEPTHWISE_CONV_2D": _convolve_depthwise,
    "FULLY_CONNECTED": _connect,
    "MAX_POOL_2D": _pool("MaxPool"),
    "TRANSPOSE_CONV": _convolve_transposed,
}
