"""What lowerings share: how activations are realised, bounds, other dimensions for the same values."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bench.engines.xnnpack.graph import Graph, Range, Tensor
from lut.errors import ModelError
from lut.ops import OpSpec

__all__ = [
    "TO_NCHW",
    "TO_NHWC",
    "Lowering",
    "align_dims",
    "bounds",
    "check_dims",
    "give_dims",
    "is_nchw",
    "spread_over",
    "to_nhwc",
    "with_dims",
]

_MOST_DIMS = 6

TO_NCHW, TO_NHWC = (0, 3, 1, 2), (0, 2, 3, 1)
"""Which dimension of a feature map in the other order comes to each place."""

Lowering = Callable[[Graph, OpSpec, Sequence[Tensor], Tensor], None]
"""Adds the nodes that run an operator from its activations to its first output; raises ModelError."""


def check_dims(*tensors: Tensor) -> None:
    """Refuse tensors of more dimensions than the engine's have."""
    most = max(len(tensor.dims) for tensor in tensors)
    if most > _MOST_DIMS:
        raise ModelError(f"takes tensors of at most {_MOST_DIMS} dimensions, not of {most}")


def is_nchw(op: OpSpec, rank: int) -> bool:
    """Tell whether an activation with so many dimensions is one that this engine has in another order."""
    return rank == 4 and op.arg("order", "NHWC" if op.op_type.startswith("Int8") else "NCHW") == "NCHW"


def to_nhwc(op: OpSpec, numbers: Sequence[int]) -> tuple[int, ...]:
    """Give numbers that belong to an activation's dimensions in the order in which this engine has them."""
    if is_nchw(op, len(numbers)):
        batch, channels, height, width = numbers
        return batch, height, width, channels
    return tuple(numbers)


def bounds(op: OpSpec, output: Tensor) -> Range:
    """Give what an operator clamps its output to: to nothing below zero where a ReLU is fused into it."""
    return output.positive_range if op.op_type.endswith("Relu") else output.full_range


def with_dims(graph: Graph, x: Tensor, dims: tuple[int, ...]) -> Tensor:
    """Give a value with other dimensions, by a node where they differ."""
    if x.dims == dims:
        return x
    result = graph.activation("inner", x.kind, dims)
    graph.node("reshape", x, result, ints=dims)
    return result


def align_dims(graph: Graph, op: OpSpec, x: Tensor, rank: int) -> Tensor:
    """Give a value that is repeated over an image, written with fewer dimensions, in the engine's order."""
    if not is_nchw(op, rank) or len(x.dims) == rank:
        return x
    written = (1,) * (rank - len(x.dims)) + x.dims
    dims = to_nhwc(op, written)
    places = [axis for axis in TO_NHWC if written[axis] > 1]
    if places == sorted(places):  # its values lie the same way in either order
        return with_dims(graph, x, dims)
    turned = graph.activation("inner", x.kind, dims)
    graph.node("transpose", with_dims(graph, x, written), turned, ints=TO_NHWC)
    return turned


def give_dims(graph: Graph, output: Tensor, dims: tuple[int, ...]) -> Tensor:
    """Give what a node with other dimensions writes; `spread_over` makes the output of it."""
    return output if output.dims == dims else graph.activation("inner", output.kind, dims)


def spread_over(graph: Graph, result: Tensor, output: Tensor) -> None:
    """Make the output of what `give_dims` gave."""
    if result is not output:
        graph.node("reshape", result, output, ints=output.dims)
