"""Convolutions, transposed ones, and fully connected layers."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from bench.engines.xnnpack.graph import Graph, Tensor
from bench.engines.xnnpack.lowering.shared import Lowering, bounds, give_dims, spread_over, with_dims
from lut.errors import ModelError
from lut.ops import OpSpec, Window

__all__ = ["LOWERINGS"]


def _convolution(graph: Graph, op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    (x,) = inputs
    window, group = Window.read(op), op.arg("group", 1)
    channels, out_channels = x.dims[3], output.dims[3]
    top, left, bottom, right = window.pads
    common = (top, right, bottom, left, *window.kernel, *window.stride, *window.dilation)
    bias = graph.bias(x.kind, out_channels) if len(op.inputs) > 2 else None
    if group > 1 and group == channels:
        weight = graph.weight(x.kind, (1, *window.kernel, out_channels), 3)
        sizes = (out_channels // channels, channels)
        graph.node("depthwise", x, weight, bias, output, ints=(*common, *sizes), floats=bounds(op, output))
        return
    weight = graph.weight(x.kind, (out_channels, *window.kernel, channels // group))
    groups = (group, channels // group, out_channels // group)
    graph.node("convolution", x, weight, bias, output, ints=(*common, *groups), floats=bounds(op, output))


def _deconvolution(graph: Graph, op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    (x,) = inputs
    window, group = Window.read(op), op.arg("group", 1)
    if op.arg("adj", 0) or op.arg("adjs") or op.arg("adj_h", 0) or op.arg("adj_w", 0):
        raise ModelError("is not asked for transposed convolutions with an adjustment")
    channels, out_channels = x.dims[3], output.dims[3]
    top, left, bottom, right = window.pads
    common = (top, right, bottom, left, 0, 0, *window.kernel, *window.stride, *window.dilation)
    groups = (group, channels // group, out_channels // group)
    weight = graph.weight(x.kind, (out_channels, *window.kernel, channels // group))
    bias = graph.bias(x.kind, out_channels) if len(op.inputs) > 2 else None
    graph.node("deconvolution", x, weight, bias, output, ints=(*common, *groups), floats=bounds(op, output))


def _fully_connected(graph: Graph, op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    (x,) = inputs
    out_channels, columns = op.inputs[1].shape[0], prod(op.inputs[1].shape[1:])
    rows = prod(x.dims) // columns
    weight, bias = graph.weight(x.kind, (out_channels, columns)), graph.bias(x.kind, out_channels)
    result = give_dims(graph, output, (rows, out_channels))
    matrix = with_dims(graph, x, (rows, columns))
    graph.node("fully_connected", matrix, weight, bias, result, floats=bounds(op, output))
    spread_over(graph, result, output)


LOWERINGS: dict[str, Lowering] = {
    "Conv": _convolution,
    "ConvRelu": _convolution,
    "ConvTranspose": _deconvolution,
    "FC": _fully_connected,
    "FCRelu": _fully_connected,
    "Int8Conv": _convolution,
    "Int8ConvRelu": _convolution,
    "Int8ConvTranspose": _deconvolution,
    "Int8FC": _fully_connected,
    "Int8FCRelu": _fully_connected,
}
