"""Convolutions, transposed ones, fully connected layers, and products of two activations."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from bench.engines.engine import Values
from bench.engines.xnnpack.graph import UNSIGNED, Graph, Tensor
from bench.engines.xnnpack.lowering.shared import Lowering, bounds, give_dims, is_nchw, spread_over, with_dims
from lut.errors import ModelError
from lut.ops import OpSpec, Window, canonical_arguments

__all__ = ["LOWERINGS"]


def _convolution(graph: Graph, op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    (x,) = inputs
    window, group = Window.read(op), op.arg("group", 1)
    channels, out_channels = x.dims[3], output.dims[3]
    top, left, bottom, right = window.pads
    common = (top, right, bottom, left, *window.kernel, *window.stride, *window.dilation)
    bias = graph.bias(x.kind, out_channels, graph.give(2)) if len(op.inputs) > 2 else None
    values = graph.give(1)
    if values is not None and is_nchw(op, 4):
        values = values.transpose(0, 2, 3, 1)
    if group > 1 and group == channels:
        if values is not None:
            values = values[..., 0].transpose(1, 2, 0)
        weight = graph.weight(x.kind, (1, *window.kernel, out_channels), 3, values)
        sizes = (out_channels // channels, channels)
        graph.node("depthwise", x, weight, bias, output, ints=(*common, *sizes), floats=bounds(op, output))
        return
    weight = graph.weight(x.kind, (out_channels, *window.kernel, channels // group), values=values)
    groups = (group, channels // group, out_channels // group)
    graph.node("convolution", x, weight, bias, output, ints=(*common, *groups), floats=bounds(op, output))


def _deconvolution(graph: Graph, op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    (x,) = inputs
    window, group = Window.read(op), op.arg("group", 1)
    channels, out_channels = x.dims[3], output.dims[3]
    top, left, bottom, right = window.pads
    adjusted = dict(canonical_arguments(op)).get("adjs", (0, 0))  # however it is spelled
    assert isinstance(adjusted, tuple)
    common = (top, right, bottom, left, *map(int, adjusted), *window.kernel, *window.stride, *window.dilation)
    groups = (group, channels // group, out_channels // group)
    values = graph.give(1)
    if values is not None:
        values = _turn_weight(values if is_nchw(op, 4) else values.transpose(0, 3, 1, 2), group)
    weight = graph.weight(x.kind, (out_channels, *window.kernel, channels // group), values=values)
    bias = graph.bias(x.kind, out_channels, graph.give(2)) if len(op.inputs) > 2 else None
    graph.node("deconvolution", x, weight, bias, output, ints=(*common, *groups), floats=bounds(op, output))


def _turn_weight(values: Values, group: int) -> Values:
    """From [channels, outputs of a group, height, width] to [outputs, height, width, channels of a group]."""
    channels, group_outputs, height, width = values.shape
    apart = values.reshape(group, channels // group, group_outputs, height, width).transpose(0, 2, 3, 4, 1)
    return apart.reshape(group * group_outputs, height, width, channels // group)


def _fully_connected(graph: Graph, op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    (x,) = inputs
    out_channels, columns = op.inputs[1].shape[0], prod(op.inputs[1].shape[1:])
    rows = prod(x.dims) // columns
    weight = graph.weight(x.kind, (out_channels, columns), values=graph.give(1))
    bias = graph.bias(x.kind, out_channels, graph.give(2))
    result = give_dims(graph, output, (rows, out_channels))
    matrix = with_dims(graph, x, (rows, columns))
    graph.node("fully_connected", matrix, weight, bias, result, floats=bounds(op, output))
    spread_over(graph, result, output)


def _multiply_matrices(graph: Graph, op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    """The engine takes the second factor either way round; the first is turned before."""
    first, second = inputs
    if first.kind == UNSIGNED:
        raise ModelError("multiplies no two activations whose bytes have no sign")
    if op.arg("trans_a", 0):
        rank = len(first.dims)
        turned = graph.activation("inner", first.kind, (*first.dims[:-2], first.dims[-1], first.dims[-2]))
        graph.node("transpose", first, turned, ints=(*range(rank - 2), rank - 1, rank - 2))
        first = turned
    graph.node("batch_matrix_multiply", first, second, output, ints=(op.arg("trans_b", 0),))


LOWERINGS: dict[str, Lowering] = {
    "BatchMatMul": _multiply_matrices,
    "Conv": _convolution,
    "ConvRelu": _convolution,
    "ConvTranspose": _deconvolution,
    "FC": _fully_connected,
    "FCRelu": _fully_connected,
    "Int8BatchMatMul": _multiply_matrices,
    "Int8Conv": _convolution,
    "Int8ConvRelu": _convolution,
    "Int8ConvTranspose": _deconvolution,
    "Int8FC": _fully_connected,
    "Int8FCRelu": _fully_connected,
}
