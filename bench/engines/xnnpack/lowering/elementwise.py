"""Arithmetic, activations and other functions of one value, softmax."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, prod

from bench.engines.xnnpack.graph import FLOAT, Graph, Tensor
from bench.engines.xnnpack.lowering.shared import Lowering, align_dims, give_dims, spread_over, with_dims
from lut.errors import ModelError
from lut.ops import OpSpec

__all__ = ["LOWERINGS"]


def _sum(graph: Graph, op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    total = inputs[0]
    fused = op.op_type.endswith("Relu")
    for index, x in enumerate(inputs[1:], 1):
        last = index == len(inputs) - 1 and not fused
        result = output if last else graph.activation("inner", x.kind, output.dims)
        graph.node("add", total, x, result)
        total = result
    if fused:
        graph.node("clamp", total, output, floats=output.positive_range)


def _binary(kind: str) -> Lowering:
    def lower(graph: Graph, op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
        aligned = [align_dims(graph, op, x, len(output.dims)) for x in inputs]
        fused = op.op_type.endswith("Relu")
        result = graph.activation("inner", output.kind, output.dims) if fused else output
        graph.node(kind, *aligned, result)
        if fused:
            graph.node("clamp", result, output, floats=output.positive_range)

    return lower


def _unary(kind: str) -> Lowering:
    def lower(graph: Graph, _op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
        graph.node(kind, inputs[0], output)

    return lower


def _relu(graph: Graph, _op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    graph.node("clamp", inputs[0], output, floats=output.positive_range)


def _clip(graph: Graph, op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    """Clamp, to no more than the output's scale can hold."""
    least, most = output.full_range
    floats = (max(least, op.arg("min", -inf)), min(most, op.arg("max", inf)))
    graph.node("clamp", inputs[0], output, floats=floats)


def _gelu(graph: Graph, op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    graph.node("fast_gelu" if op.arg("fast_gelu", 0) else "gelu", inputs[0], output)


def _power(graph: Graph, op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    kind = _POWERS.get(op.arg("exponent"))
    if kind is None:
        raise ModelError(f"raises to the powers {', '.join(map(str, _POWERS))} only")
    graph.node(kind, inputs[0], output)


_POWERS = {-0.5: "reciprocal_square_root", 0.5: "square_root", 2.0: "square"}


def _leaky_relu(graph: Graph, op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    graph.node("leaky_relu", inputs[0], output, floats=(float(op.arg("alpha", 0.01)),))


def _prelu(graph: Graph, op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    (x,) = inputs
    graph.node("prelu", x, graph.parameter(x.kind, (1, 1, 1, *op.inputs[1].shape), graph.give(1)), output)


def _hard_sigmoid(graph: Graph, op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    """There is none as one operator: x is multiplied, something added, and the sum clamped."""
    (x,) = inputs
    factor, summand = (op.arg(name, default) for name, default in (("alpha", 0.2), ("beta", 0.5)))
    least, most = output.full_range
    if not least <= min(factor, summand) <= max(factor, summand) <= most:
        raise ModelError(f"takes alpha and beta from {least:.3g} to {most:.3g} in 8 bits")
    slope, offset = graph.constant(x.kind, factor), graph.constant(x.kind, summand)
    product = graph.activation("inner", x.kind, x.dims)
    total = graph.activation("inner", x.kind, x.dims)
    graph.node("multiply", x, slope, product)
    graph.node("add", product, offset, total)
    graph.node("clamp", total, output, floats=(0.0, min(1.0, output.full_range[1])))


def _softmax(graph: Graph, op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    """Normalise the rows of a matrix, as which the input is taken from `axis` on.

    There is a kernel for floats only: 8-bit values are made floats, and bytes of the result.
    """
    (x,) = inputs
    axis = op.arg("axis", 1)
    matrix = (prod(x.dims[:axis]), prod(x.dims[axis:]))
    if x.kind == FLOAT:
        result = give_dims(graph, output, matrix)
        graph.node("softmax", with_dims(graph, x, matrix), result)
        spread_over(graph, result, output)
        return
    floats, shares = (graph.activation("inner", FLOAT, matrix) for _ in range(2))
    result = give_dims(graph, output, matrix)
    graph.node("convert", with_dims(graph, x, matrix), floats)
    graph.node("softmax", floats, shares)
    graph.node("convert", shares, result)
    spread_over(graph, result, output)


_BY_PLAIN_NAME: dict[str, Lowering] = {
    "Abs": _unary("abs"),
    "Add": _binary("add"),
    "AddRelu": _binary("add"),
    "Clip": _clip,
    "Exp": _unary("exp"),
    "Gelu": _gelu,
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": _unary("hard_swish"),
    "LeakyRelu": _leaky_relu,
    "Mul": _binary("multiply"),
    "Negative": _unary("negate"),
    "PRelu": _prelu,
    "Relu": _relu,
    "Sigmoid": _unary("sigmoid"),
    "Softmax": _softmax,
    "Sqr": _unary("square"),
    "Sqrt": _unary("square_root"),
    "Sub": _binary("subtract"),
    "Sum": _sum,
    "SumRelu": _sum,
    "Tanh": _unary("tanh"),
}

LOWERINGS: dict[str, Lowering] = {
    f"{prefix}{name}": lowering for name, lowering in _BY_PLAIN_NAME.items() for prefix in ("", "Int8")
} | {
    "Div": _binary("divide"),
    "Int8Dequantize": _unary("convert"),
    "Int8Quantize": _unary("convert"),
    "Pow": _power,
    "Rsqrt": _unary("reciprocal_square_root"),
}
