"""Normalisation by mean and variance, for which there is no node: made of means, products and sums."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from bench.engines.xnnpack.graph import Graph, Tensor
from bench.engines.xnnpack.lowering.shared import Lowering, give_dims, spread_over, with_dims
from lut.ops import OpSpec

__all__ = ["LOWERINGS"]


def _layer_norm(graph: Graph, op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    (x,) = inputs
    axis = op.arg("axis", 1) % len(x.dims)
    # One dimension of rows would do, but what lies in rows already is left as it is.
    dims = x.dims if axis == len(x.dims) - 1 else (prod(x.dims[:axis]), prod(x.dims[axis:]))
    result = give_dims(graph, output, dims)
    matrix = with_dims(graph, x, dims)
    if op.op_type == "LayerNorm":
        matrix = _centre(graph, matrix, (len(dims) - 1,))
    _scale(graph, op, _divide(graph, op, matrix, (len(dims) - 1,)), result)
    spread_over(graph, result, output)


def _group_norm(graph: Graph, op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    (x,) = inputs
    batch, height, width, channels = x.dims
    if op.op_type == "InstanceNorm":
        image, axes = x, (1, 2)
    else:
        group = op.arg("group", 32)
        image, axes = with_dims(graph, x, (batch, height * width, group, channels // group)), (1, 3)
    normal = _divide(graph, op, _centre(graph, image, axes), axes)
    _scale(graph, op, with_dims(graph, normal, x.dims), output)


def _centre(graph: Graph, x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """Subtract the mean over some dimensions."""
    mean = _mean(graph, x, axes)
    return _apply(graph, "subtract", x, mean)


def _divide(graph: Graph, op: OpSpec, x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """Divide by the root of the mean square over some dimensions."""
    square = _apply(graph, "square", x)
    epsilon = graph.constant(x.kind, op.arg("epsilon", 1e-5))
    variance = _apply(graph, "add", _mean(graph, square, axes), epsilon)
    return _apply(graph, "multiply", x, _apply(graph, "reciprocal_square_root", variance))


def _scale(graph: Graph, op: OpSpec, x: Tensor, output: Tensor) -> None:
    """Multiply by the factors, and add the summands where there are some."""
    last = x.dims[-1:]
    factors = graph.parameter(x.kind, last, graph.give(1))
    if len(op.inputs) == 2:
        graph.node("multiply", x, factors, output)
        return
    graph.node(
        "add", _apply(graph, "multiply", x, factors), graph.parameter(x.kind, last, graph.give(2)), output
    )


def _mean(graph: Graph, x: Tensor, axes: tuple[int, ...]) -> Tensor:
    kept = tuple(1 if axis in axes else size for axis, size in enumerate(x.dims))
    mean = graph.activation("inner", x.kind, kept)
    graph.node("mean", x, mean, ints=axes)
    return mean


def _apply(graph: Graph, kind: str, x: Tensor, *others: Tensor) -> Tensor:
    """Add a node whose output has the dimensions of its first input."""
    result = graph.activation("inner", x.kind, x.dims)
    graph.node(kind, x, *others, result)
    return result


LOWERINGS: dict[str, Lowering] = {
    "GroupNorm": _group_norm,
    "InstanceNorm": _group_norm,
    "LayerNorm": _layer_norm,
    "RMSNorm": _layer_norm,
}
