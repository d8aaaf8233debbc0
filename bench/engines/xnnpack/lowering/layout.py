"""Operators that move values: shuffles, other shapes, slices, joins, repetition, padding, resizing."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from bench.engines.xnnpack.graph import Graph, Tensor
from bench.engines.xnnpack.lowering.shared import (
    TO_NCHW,
    TO_NHWC,
    Lowering,
    check_dims,
    give_dims,
    spread_over,
    to_nhwc,
    with_dims,
)
from lut.errors import ModelError
from lut.ops import OpSpec, canonical_arguments

__all__ = ["LOWERINGS"]


def _shuffle(graph: Graph, op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    """There is none as one operator: channels become two dimensions, which change places."""
    (x,) = inputs
    batch, height, width, channels = x.dims
    group = op.arg("group", 1)
    apart = with_dims(graph, x, (batch, height, width, group, channels // group))
    swapped = graph.activation("inner", x.kind, (batch, height, width, channels // group, group))
    graph.node("transpose", apart, swapped, ints=(0, 1, 2, 4, 3))
    graph.node("reshape", swapped, output, ints=output.dims)


def _reshape(graph: Graph, _op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    graph.node("reshape", inputs[0], output, ints=output.dims)


def _transpose(order: tuple[int, ...] | None) -> Lowering:
    def lower(graph: Graph, op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
        rank = len(op.inputs[0].shape)
        axes = order or op.arg("axes") or tuple(reversed(range(rank)))
        graph.node("transpose", inputs[0], output, ints=axes)

    return lower


def _slice(graph: Graph, op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    starts = dict(canonical_arguments(op))["starts"]  # however they are spelled
    assert isinstance(starts, tuple)
    graph.node("slice", inputs[0], output, ints=(*to_nhwc(op, tuple(map(int, starts))), *output.dims))


def _concatenate(graph: Graph, _op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    if len(inputs) < 2:
        raise ModelError("joins two inputs or more")
    axis = next(
        (
            axis
            for axis in range(len(output.dims))
            if any(each.dims[axis] != output.dims[axis] for each in inputs)
        ),
        0,
    )
    joined = list(inputs)
    while len(joined) > _MOST_JOINED:  # what was joined is joined to the next ones
        parts, joined = joined[:_MOST_JOINED], joined[_MOST_JOINED:]
        dims = (*output.dims[:axis], sum(each.dims[axis] for each in parts), *output.dims[axis + 1 :])
        between = graph.activation("inner", output.kind, dims)
        graph.node("concatenate", *parts, between, ints=(axis, len(parts)))
        joined.insert(0, between)
    graph.node("concatenate", *joined, output, ints=(axis, len(joined)))


_MOST_JOINED = 5
"""More have no kernel."""


def _tile(graph: Graph, op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    """What is repeated gets a dimension of its own before it, of size 1, for the engine to repeat."""
    (x,) = inputs
    axis = op.arg("axis", 0) % len(x.dims)
    apart = (*x.dims[:axis], 1, *x.dims[axis:])
    repeated = (*x.dims[:axis], op.arg("tiles", 1), *x.dims[axis:])
    if x.dims[axis] == 1:
        apart, repeated = x.dims, output.dims
    result = give_dims(graph, output, repeated)
    source = with_dims(graph, x, apart)
    check_dims(source)
    graph.node("broadcast", source, result, ints=repeated)
    spread_over(graph, result, output)


def _pad(graph: Graph, op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    value = float(op.arg("value", 0.0))
    if not isfinite(value):
        raise ModelError("is asked to pad with finite values only")
    before, after = (to_nhwc(op, op.arg(name)) for name in ("before", "after"))
    graph.node("pad", inputs[0], output, ints=(*before, *after), floats=(value,))


def _resize(graph: Graph, _op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    graph.node("resize_bilinear", inputs[0], output, ints=output.dims[1:3])


def _depth_to_space(graph: Graph, op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    graph.node("depth_to_space", inputs[0], output, ints=(op.arg("block_size"),))


_BY_PLAIN_NAME: dict[str, Lowering] = {
    "ChannelShuffle": _shuffle,
    "Concat": _concatenate,
    "DepthToSpace": _depth_to_space,
    "Flatten": _reshape,
    "Pad": _pad,
    "Reshape": _reshape,
    "ResizeBilinear": _resize,
    "Slice": _slice,
    "Tile": _tile,
    "Transpose": _transpose(None),
}

LOWERINGS: dict[str, Lowering] = {
    f"{prefix}{name}": lowering for name, lowering in _BY_PLAIN_NAME.items() for prefix in ("", "Int8")
} | {
    "NCHW2NHWC": _transpose(TO_NHWC),
    "NHWC2NCHW": _transpose(TO_NCHW),
}
