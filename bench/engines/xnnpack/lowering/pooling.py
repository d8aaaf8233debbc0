"""Poolings, and means and sums over dimensions."""

from __future__ import annotations

from collections.abc import Sequence

from bench.engines.xnnpack.graph import FLOAT, Graph, Tensor
from bench.engines.xnnpack.lowering.shared import TO_NCHW, Lowering, bounds, is_nchw
from lut.errors import ModelError
from lut.ops import OpSpec, Window

__all__ = ["LOWERINGS"]


def _average_pool(graph: Graph, op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    (x,) = inputs
    if _covers_all(op, x):
        graph.node("global_average", x, output, floats=bounds(op, output))
        return
    window = Window.read(op)
    top, left, bottom, right = window.pads
    ints = (top, right, bottom, left, *window.kernel, *window.stride)
    if x.kind == FLOAT:
        graph.node("average_pooling", x, output, ints=ints, floats=bounds(op, output))
        return
    # There is a kernel for windows of floats only: bytes are made floats, and bytes of the result.
    floats, means = (graph.activation("inner", FLOAT, tensor.dims) for tensor in (x, output))
    graph.node("convert", x, floats)
    graph.node("average_pooling", floats, means, ints=ints, floats=bounds(op, means))
    graph.node("convert", means, output)


def _covers_all(op: OpSpec, x: Tensor) -> bool:
    """Tell whether the window is the whole image, and nothing besides."""
    if op.arg("global_pooling", 0):
        return True
    window = Window.read(op)
    return window.kernel == x.dims[1:3] and not any(window.pads)


def _max_pool(graph: Graph, op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    (x,) = inputs
    if op.arg("global_pooling", 0):  # there is no kernel of its own: the window is the image
        window = Window((x.dims[1], x.dims[2]), (1, 1), (1, 1), (0, 0, 0, 0))
    else:
        window = Window.read(op)
    top, left, bottom, right = window.pads
    ints = (top, right, bottom, left, *window.kernel, *window.stride, *window.dilation)
    graph.node("max_pooling", x, output, ints=ints, floats=bounds(op, output))


def _reduce(kind: str) -> Lowering:
    def lower(graph: Graph, op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
        _add_reduction(graph, op, kind, inputs[0], output)

    return lower


def _reduce_l2(graph: Graph, op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    """There is none as one operator: the root of the sum of squares."""
    (x,) = inputs
    squares = graph.activation("inner", x.kind, x.dims)
    total = graph.activation("inner", x.kind, output.dims)
    graph.node("square", x, squares)
    _add_reduction(graph, op, "sum", squares, total)
    graph.node("square_root", total, output)


def _add_reduction(graph: Graph, op: OpSpec, kind: str, x: Tensor, output: Tensor) -> None:
    rank = len(x.dims)
    axes = [int(axis) % rank for axis in op.arg("axes")]
    if is_nchw(op, rank):
        axes = [TO_NCHW[axis] for axis in axes]
    kept = tuple(1 if axis in axes else size for axis, size in enumerate(x.dims))
    if op.arg("keepdims", 1):
        graph.node(kind, x, output, ints=sorted(axes))
        return
    if is_nchw(op, rank - len(axes)):
        raise ModelError("is not asked for what leaves an image in NCHW")
    result = graph.activation("inner", x.kind, kept)
    graph.node(kind, x, result, ints=sorted(axes))
    if is_nchw(op, rank):  # what is left is a tensor in the operator's own order
        turned = graph.activation("inner", x.kind, tuple(kept[axis] for axis in TO_NCHW))
        graph.node("transpose", result, turned, ints=TO_NCHW)
        result = turned
    graph.node("reshape", result, output, ints=output.dims)


LOWERINGS: dict[str, Lowering] = {
    "AveragePool": _average_pool,
    "Int8AveragePool": _average_pool,
    "Int8AveragePoolRelu": _average_pool,
    "Int8MaxPool": _max_pool,
    "Int8MaxPoolRelu": _max_pool,
    "Int8ReduceMean": _reduce("mean"),
    "MaxPool": _max_pool,
    "ReduceL2": _reduce_l2,
    "ReduceMean": _reduce("mean"),
    "ReduceSum": _reduce("sum"),
}
