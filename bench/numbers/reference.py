"""What every operator computes, in plain numpy and in float64, independently of any engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import erf, prod

import numpy as np

from bench.engines import Values
from bench.numbers import images
from lut.ops import OpSpec, Window, canonical_arguments, infer_outputs, unfused_type

__all__ = ["REFERENCES", "compute", "has_reference", "limit_domain"]

Reference = Callable[[OpSpec, Sequence[Values]], Values]


def has_reference(op: OpSpec) -> bool:
    """Tell whether it is known here what an operator computes; an operator of a user's own may not be."""
    return _plain_type(op) in REFERENCES


def _plain_type(op: OpSpec) -> str:
    return unfused_type(op.op_type).removeprefix("Int8")


def compute(op: OpSpec, values: Sequence[Values]) -> Values:
    """Compute an operator's first output from real values of its inputs.

    Raises:
        KeyError: there is no reference for its type.
    """
    result = REFERENCES[_plain_type(op)](op, values)
    if unfused_type(op.op_type) != op.op_type:
        result = np.maximum(result, 0)
    return result.reshape(infer_outputs(op)[0].shape)


def limit_domain(op: OpSpec, index: int, values: Values) -> Values:
    """Give values for an input that an operator is defined at: roots and divisors get those well above 0."""
    if (_plain_type(op), index) in _POSITIVE:
        return np.asarray(np.maximum(abs(values), 0.25))
    return values


_POSITIVE = {("Div", 1), ("Pow", 0), ("Rsqrt", 0), ("Sqrt", 0)}


def _is_nchw(op: OpSpec) -> bool:
    return bool(op.arg("order", "NHWC" if op.op_type.startswith("Int8") else "NCHW") == "NCHW")


def _on_image(function: Callable[[OpSpec, Values, Sequence[Values]], Values]) -> Reference:
    """Let a function see its input, and write its output, as NHWC."""

    def compute_image(op: OpSpec, values: Sequence[Values]) -> Values:
        x, *others = values
        if not _is_nchw(op):
            return function(op, x, others)
        return function(op, x.transpose(0, 2, 3, 1), others).transpose(0, 3, 1, 2)

    return compute_image


def _space(op: OpSpec) -> tuple[int, int]:
    """Give the output's height and width."""
    shape = infer_outputs(op)[0].shape
    return (shape[2], shape[3]) if _is_nchw(op) else (shape[1], shape[2])


def _convolution(op: OpSpec, x: Values, others: Sequence[Values]) -> Values:
    weight = others[0].transpose(0, 2, 3, 1) if _is_nchw(op) else others[0]
    result = images.convolve(x, weight, Window.read(op), op.arg("group", 1))
    return result + others[1] if len(others) > 1 else result


def _deconvolution(op: OpSpec, x: Values, others: Sequence[Values]) -> Values:
    weight = others[0].transpose(0, 2, 3, 1) if _is_nchw(op) else others[0]
    result = images.deconvolve(x, weight, Window.read(op), op.arg("group", 1), _space(op))
    return result + others[1] if len(others) > 1 else result


def _window(op: OpSpec, x: Values) -> Window:
    if op.arg("global_pooling", 0):
        return Window((x.shape[1], x.shape[2]), (1, 1), (1, 1), (0, 0, 0, 0))
    return Window.read(op)


def _dense(_op: OpSpec, values: Sequence[Values]) -> Values:
    x, weight, bias = values
    return np.asarray(x.reshape(-1, weight.shape[1]) @ weight.T + bias)


def _softmax(op: OpSpec, values: Sequence[Values]) -> Values:
    x = values[0]
    axis = op.arg("axis", 1)
    rows = x.reshape(prod(x.shape[:axis]), prod(x.shape[axis:]))
    powers = np.exp(rows - rows.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _shuffle(op: OpSpec, x: Values, _others: Sequence[Values]) -> Values:
    group = op.arg("group", 1)
    return x.reshape(*x.shape[:3], group, -1).swapaxes(3, 4).reshape(x.shape)


def _prelu(_op: OpSpec, x: Values, others: Sequence[Values]) -> Values:
    return np.where(x < 0, x * others[0], x)


def _concatenate(op: OpSpec, values: Sequence[Values]) -> Values:
    wanted = infer_outputs(op)[0].shape
    axis = next((at for at, size in enumerate(wanted) if size != values[0].shape[at]), 0)
    return np.concatenate(list(values), axis)


def _slice(op: OpSpec, values: Sequence[Values]) -> Values:
    starts = dict(canonical_arguments(op))["starts"]
    assert isinstance(starts, tuple)
    sizes = infer_outputs(op)[0].shape
    return values[0][tuple(slice(int(at), int(at) + size) for at, size in zip(starts, sizes, strict=True))]


def _tile(op: OpSpec, values: Sequence[Values]) -> Values:
    return np.concatenate([values[0]] * op.arg("tiles", 1), op.arg("axis", 0))


def _pad(op: OpSpec, values: Sequence[Values]) -> Values:
    places = list(zip(op.arg("before"), op.arg("after"), strict=True))
    return np.pad(values[0], places, constant_values=op.arg("value", 0.0))


def _reduce(function: Callable[..., Values]) -> Reference:
    """Let a function, such as numpy's mean, make one value of those along some axes."""

    def reduce(op: OpSpec, values: Sequence[Values]) -> Values:
        return function(values[0], axis=op.arg("axes"), keepdims=bool(op.arg("keepdims", 1)))

    return reduce


def _gelu(op: OpSpec, values: Sequence[Values]) -> Values:
    (x,) = values
    if op.arg("fast_gelu", 0):
        return np.asarray(x / 2 * (1 + np.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x**3))))
    return np.asarray(x / 2 * (1 + _ERF(x / 2**0.5)))


def _multiply_matrices(op: OpSpec, values: Sequence[Values]) -> Values:
    first, second = (
        each.swapaxes(-1, -2) if op.arg(name, 0) else each
        for name, each in zip(("trans_a", "trans_b"), values, strict=True)
    )
    return np.asarray(first @ second)


def _normalise(x: Values, axes: tuple[int, ...], epsilon: float, centred: bool = True) -> Values:
    if centred:
        x = x - x.mean(axes, keepdims=True)
    return np.asarray(x / np.sqrt((x**2).mean(axes, keepdims=True) + epsilon))


def _normalise_rows(op: OpSpec, values: Sequence[Values]) -> Values:
    x = values[0]
    axis = op.arg("axis", 1) % x.ndim
    rows = x.reshape(prod(x.shape[:axis]), -1)
    result = _normalise(rows, (1,), op.arg("epsilon", 1e-5), op.op_type != "RMSNorm") * values[1].ravel()
    return result + values[2].ravel() if len(values) > 2 else result


def _normalise_groups(op: OpSpec, x: Values, others: Sequence[Values]) -> Values:
    group = x.shape[3] if op.op_type == "InstanceNorm" else op.arg("group", 32)
    apart = x.reshape(*x.shape[:3], group, -1)
    factor, summand = others
    return _normalise(apart, (1, 2, 4), op.arg("epsilon", 1e-5)).reshape(x.shape) * factor + summand


def _transpose(op: OpSpec, values: Sequence[Values]) -> Values:
    return values[0].transpose(op.arg("axes"))


def _unary(function: Callable[[Values], Values]) -> Reference:
    return lambda _op, values: np.asarray(function(values[0]))


def _sum(_op: OpSpec, values: Sequence[Values]) -> Values:
    return np.asarray(sum(values))


def _clip(op: OpSpec, values: Sequence[Values]) -> Values:
    return np.clip(values[0], op.arg("min", -np.inf), op.arg("max", np.inf))


_ERF = np.vectorize(erf, otypes=[float])

REFERENCES: dict[str, Reference] = {
    "Abs": _unary(np.abs),
    "Add": lambda _op, values: values[0] + values[1],
    "AveragePool": _on_image(lambda op, x, _: images.average_pool(x, _window(op, x))),
    "BatchMatMul": _multiply_matrices,
    "ChannelShuffle": _on_image(_shuffle),
    "Clip": _clip,
    "Concat": _concatenate,
    "Conv": _on_image(_convolution),
    "ConvTranspose": _on_image(_deconvolution),
    "DepthToSpace": _on_image(lambda op, x, _: images.depth_to_space(x, op.arg("block_size"))),
    "Dequantize": _unary(lambda x: x),
    "Div": lambda _op, values: values[0] / values[1],
    "Erf": _unary(_ERF),
    "Exp": _unary(np.exp),
    "FC": _dense,
    "Flatten": _unary(lambda x: x),
    "Gelu": _gelu,
    "GroupNorm": _on_image(_normalise_groups),
    "HardSigmoid": lambda op, values: np.clip(values[0] * op.arg("alpha", 0.2) + op.arg("beta", 0.5), 0, 1),
    "HardSwish": _unary(lambda x: x * np.clip(x / 6 + 0.5, 0, 1)),
    "InstanceNorm": _on_image(_normalise_groups),
    "LayerNorm": _normalise_rows,
    "LeakyRelu": lambda op, values: np.where(values[0] < 0, values[0] * op.arg("alpha", 0.01), values[0]),
    "MaxPool": _on_image(lambda op, x, _: images.max_pool(x, _window(op, x))),
    "Mul": lambda _op, values: values[0] * values[1],
    "NCHW2NHWC": _unary(lambda x: x.transpose(0, 2, 3, 1)),
    "NHWC2NCHW": _unary(lambda x: x.transpose(0, 3, 1, 2)),
    "Negative": _unary(np.negative),
    "PRelu": _on_image(_prelu),
    "Pad": _pad,
    "Pow": lambda op, values: values[0] ** op.arg("exponent"),
    "Quantize": _unary(lambda x: x),
    "RMSNorm": _normalise_rows,
    "ReduceL2": _reduce(lambda x, **places: np.sqrt((x**2).sum(**places))),
    "ReduceMean": _reduce(np.mean),
    "ReduceSum": _reduce(np.sum),
    "Relu": _unary(lambda x: np.maximum(x, 0)),
    "Reshape": _unary(lambda x: x),
    "ResizeBilinear": _on_image(lambda op, x, _: images.resize_bilinear(x, _space(op))),
    "ResizeNearest": _on_image(lambda op, x, _: images.resize_nearest(x, op, _space(op))),
    "Rsqrt": _unary(lambda x: x**-0.5),
    "Sigmoid": _unary(lambda x: 1 / (1 + np.exp(-x))),
    "Slice": _slice,
    "Softmax": _softmax,
    "Sqr": _unary(np.square),
    "Sqrt": _unary(np.sqrt),
    "Sub": lambda _op, values: values[0] - values[1],
    "Sum": _sum,
    "Tanh": _unary(np.tanh),
    "Tile": _tile,
    "Transpose": _transpose,
}
"""By operator type, without the precision and without a ReLU that is fused into it."""
