"""TFLite's arithmetic and functions of one value as nodes of ONNX."""

from __future__ import annotations

from typing import Any

from lut.frontends.tflite.options import activation_of
from lut.frontends.tflite.reading import TfliteOperator
from lut.frontends.tflite.writing import Translate, Translation

__all__ = ["TRANSLATIONS", "plain"]


def plain(op_type: str, *ignored: str, **attributes: Any) -> Translate:
    """Write an operator of one input; the options named change no time that shapes don't tell."""

    def write(net: Translation, op: TfliteOperator) -> None:
        op.options.ignore(*ignored)
        net.add(op, op_type, [net.name(op.inputs[0])], **attributes)

    return write


def _binary(op_type: str) -> Translate:
    def write(net: Translation, op: TfliteOperator) -> None:
        op.options.ignore("PotScaleInt16")
        first, second = (net.spread(op, number) for number in op.inputs)
        net.add(op, op_type, [first, second], activation_of(op.options))

    return write


def _leaky_relu(net: Translation, op: TfliteOperator) -> None:
    net.add(op, "LeakyRelu", [net.name(op.inputs[0])], alpha=op.options.get("Alpha"))


def _raise(exponent: float) -> Translate:
    """Write a power whose exponent the operator's type says."""

    def write(net: Translation, op: TfliteOperator) -> None:
        net.add(op, "Pow", [net.name(op.inputs[0]), net.number(exponent)])

    return write


def _square_difference(net: Translation, op: TfliteOperator) -> None:
    between = net.add_part(op, "Sub", [net.spread(op, number) for number in op.inputs])
    net.add(op, "Pow", [between, net.number(2.0)])


def _gelu(net: Translation, op: TfliteOperator) -> None:
    way: dict[str, Any] = {"approximate": "tanh"} if op.options.get("Approximate") else {}
    net.add(op, "Gelu", [net.name(op.inputs[0])], **way)


TRANSLATIONS: dict[str, Translate] = {
    "ABS": plain("Abs"),
    "ADD": _binary("Add"),
    "DIV": _binary("Div"),
    "EXP": plain("Exp"),
    "GELU": _gelu,
    "HARD_SWISH": plain("HardSwish"),
    "LEAKY_RELU": _leaky_relu,
    "LOGISTIC": plain("Sigmoid"),
    "MUL": _binary("Mul"),
    "NEG": plain("Neg"),
    "RELU": plain("Relu"),
    "RELU6": plain("Clip", min=0.0, max=6.0),
    "RELU_N1_TO_1": plain("Clip", min=-1.0, max=1.0),
    "RSQRT": _raise(-0.5),
    "SQRT": _raise(0.5),
    "SQUARE": _raise(2.0),
    "SQUARED_DIFFERENCE": _square_difference,
    "SUB": _binary("Sub"),
    "TANH": plain("Tanh"),
}
