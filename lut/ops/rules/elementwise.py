"""Operators whose output is shaped like their inputs: sums, functions of one value, softmax.

As in ONNX, HardSigmoid is max(0, min(1, alpha x + beta)), HardSwish x max(0, min(1, x / 6 + 1 / 2)), and Clip
keeps values between `min` and `max`. Gelu is exact, or with `fast_gelu` 1 made of a tanh that
comes near it; Pow raises to the power of `exponent`.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf

from lut.errors import ModelError
from lut.ops.arguments import normalise_value
from lut.ops.rules.rule import Outputs, Rule, check_count, check_own_dtype, int_arg, take_input
from lut.ops.rules.view import see_matrix
from lut.ops.spec import OpSpec

__all__ = ["RULES"]


_ALPHA = 0.01
_SLOPE, _OFFSET = 0.2, 0.5


def _infer_unary(op: OpSpec) -> Outputs:
    return (take_input(op),)


def _infer_leaky_relu(op: OpSpec) -> Outputs:
    alpha = op.arg("alpha", _ALPHA)
    if not isinstance(alpha, float) or (op.op_type.startswith("Int8") and not 0 < alpha < 1):
        raise ModelError(f"alpha is {alpha!r}; expected a fraction such as 0.1")
    return _infer_unary(op)


def _infer_hard_sigmoid(op: OpSpec) -> Outputs:
    for name, default in (("alpha", _SLOPE), ("beta", _OFFSET)):
        if not isinstance(op.arg(name, default), float):
            raise ModelError(f"{name} is {op.arg(name)!r}; expected a number such as {default}")
    return _infer_unary(op)


def _infer_clip(op: OpSpec) -> Outputs:
    least, most = op.arg("min", -inf), op.arg("max", inf)
    if not isinstance(least, float) or not isinstance(most, float) or not least < most:
        raise ModelError(f"min and max are {least!r} and {most!r}; expected numbers such as 0.0 and 6.0")
    return _infer_unary(op)


def _infer_softmax(op: OpSpec) -> Outputs:
    outputs = _infer_unary(op)
    axis, rank = int_arg(op, "axis", 1), len(op.inputs[0].shape)
    if not -rank <= axis < rank:
        raise ModelError(f"axis {axis} is none of an input with {rank} dimensions")
    return outputs


def _infer_sum(op: OpSpec) -> Outputs:
    # The quantized kernel adds exactly two tensors; fp32 Sum takes any number.
    check_count(op, 2, 2 if op.op_type.startswith("Int8") else 64)
    check_own_dtype(op)
    shapes = {tensor.shape for tensor in op.inputs}
    if len(shapes) > 1:
        raise ModelError(f"its inputs differ in shape: {' and '.join(str(list(s)) for s in sorted(shapes))}")
    return op.inputs[:1]


def _infer_gelu(op: OpSpec) -> Outputs:
    outputs = _infer_unary(op)
    if int_arg(op, "fast_gelu", 0) not in (0, 1):
        raise ModelError(f"fast_gelu is {op.arg('fast_gelu')}; expected 0 or 1")
    return outputs


def _infer_pow(op: OpSpec) -> Outputs:
    outputs = _infer_unary(op)
    if not isinstance(op.arg("exponent"), float):
        raise ModelError(f"exponent is {op.arg('exponent')!r}; expected a number such as 2.0")
    return outputs


_UNARY = Rule(_infer_unary)
_GELU = Rule(_infer_gelu, defaults=(("fast_gelu", 0),))
_LEAKY_RELU = Rule(_infer_leaky_relu, defaults=(("alpha", normalise_value(_ALPHA)),))
_HARD_SIGMOID = Rule(
    _infer_hard_sigmoid, defaults=(("alpha", normalise_value(_SLOPE)), ("beta", normalise_value(_OFFSET)))
)
_CLIP = Rule(_infer_clip)
_SOFTMAX = Rule(
    _infer_softmax,
    sizes=frozenset({"axis"}),  # where the matrix begins whose rows are normalised
    defaults=(("axis", 1),),
    view=see_matrix,
)
_SUM = Rule(_infer_sum, order_free=True)

_FUNCTIONS = ("Abs", "Erf", "Exp", "Negative", "Rsqrt", "Sqr", "Sqrt", "Tanh")
"""Functions of one value without arguments, by Caffe2's names: Sqr squares, Negative changes the sign."""

_FLOAT_ONLY = {"Erf", "Rsqrt"}

RULES = {
    "Relu": _UNARY,
    "Int8Relu": _UNARY,
    "LeakyRelu": _LEAKY_RELU,
    "Int8LeakyRelu": _LEAKY_RELU,
    "Clip": _CLIP,
    "Int8Clip": _CLIP,
    "HardSigmoid": _HARD_SIGMOID,
    "Int8HardSigmoid": _HARD_SIGMOID,
    "HardSwish": _UNARY,
    "Int8HardSwish": _UNARY,
    "Sigmoid": _UNARY,
    "Int8Sigmoid": _UNARY,
    "Softmax": _SOFTMAX,
    "Int8Softmax": _SOFTMAX,
    "Sum": _SUM,
    "SumRelu": replace(_SUM, unfused="Sum"),
    "Int8Sum": _SUM,
    "Int8SumRelu": replace(_SUM, unfused="Int8Sum"),
    "Gelu": _GELU,
    "Int8Gelu": _GELU,
    "Pow": Rule(_infer_pow),
    **dict.fromkeys(_FUNCTIONS, _UNARY),
    **{f"Int8{name}": _UNARY for name in sorted(set(_FUNCTIONS) - _FLOAT_ONLY)},
}
