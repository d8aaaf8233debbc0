"""Operators as the program takes them, and what whole models share with them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import repeat

from bench.engines.engine import NetSource, Values
from bench.engines.xnnpack.graph import FLOAT, Graph, decode
from bench.engines.xnnpack.lowering import add_op, is_nchw, to_nhwc
from bench.engines.xnnpack.reshapes import drop_outer_reshapes
from lut.errors import ModelError
from lut.ops import UINT8, OpSpec, TensorSpec, count_activations, infer_outputs

__all__ = [
    "FOLLOW_ORDER",
    "KEEP_ORDER",
    "kind_of",
    "lower",
    "order_dims",
    "read_output",
    "refusal",
    "tell_outputs",
]

FOLLOW_ORDER = {"NCHW2NHWC", "NHWC2NCHW", "Transpose", "Flatten", "Reshape", "Softmax", "FC", "FCRelu"}
"""Operators that in a whole model take an image in the order in which it lies."""

KEEP_ORDER = FOLLOW_ORDER | {"BatchMatMul", "LayerNorm", "RMSNorm", "Tile"}
"""Operators whose dimensions are no image in an order of its own: they are taken as they are written."""


def kind_of(tensor: TensorSpec, realisation: str) -> str:
    """Give the type in which an activation of this data type is realised."""
    return realisation if tensor.dtype == UINT8 else FLOAT


def lower(op: OpSpec, values: Sequence[Values] | None = None, *, realisation: str) -> NetSource:
    """Write the subgraph that runs one operator, on values given for its inputs or on the program's own.

    `realisation` is the type of 8-bit activations.

    Raises:
        ModelError: it does not fit its shape rule, or XNNPACK does not run it.
    """
    return NetSource(
        op.id, tell_outputs(infer_outputs(op)), _build(op, values, realisation).to_text().encode()
    )


def _build(op: OpSpec, values: Sequence[Values] | None, realisation: str) -> Graph:
    outputs = infer_outputs(op)
    graph = Graph(given=values)
    inputs = [
        graph.activation("input", kind_of(tensor, realisation), order_dims(op, tensor.shape), given)
        for tensor, given in zip(op.inputs[: count_activations(op)], _turn(op, values), strict=False)
    ]
    output = graph.activation("output", kind_of(outputs[0], realisation), order_dims(op, outputs[0].shape))
    add_op(graph, op, inputs, output)
    drop_outer_reshapes(graph)
    return graph


def read_output(op: OpSpec, content: bytes, *, realisation: str) -> Values:
    """Read an operator's first output, in the operator's own order of dimensions."""
    output = infer_outputs(op)[0]
    values = decode(kind_of(output, realisation), content).reshape(order_dims(op, output.shape))
    return values.transpose(0, 3, 1, 2) if _is_turned(op, len(output.shape)) else values


def refusal(op: OpSpec, *, realisation: str) -> str | None:
    """Say why XNNPACK does not run an operator; None if it does."""
    try:
        _build(op, None, realisation)
    except ModelError as error:
        return str(error)
    return None


def _is_turned(op: OpSpec, rank: int) -> bool:
    """Tell whether a tensor of so many dimensions lies in another order here than the operator writes it."""
    return op.op_type not in KEEP_ORDER and is_nchw(op, rank)


def order_dims(op: OpSpec, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Give a tensor's dimensions in the order in which it lies here."""
    return to_nhwc(op, shape) if _is_turned(op, len(shape)) else shape


def _turn(op: OpSpec, values: Sequence[Values] | None) -> Iterable[Values | None]:
    """Give activations' values in the order in which this engine has them; None for each of none."""
    if values is None:
        return repeat(None)
    return (each.transpose(0, 2, 3, 1) if _is_turned(op, each.ndim) else each for each in values)


def tell_outputs(outputs: Sequence[TensorSpec]) -> bytes:
    """Write outputs as the program shall report them: as every engine's are, in the order of the operator."""
    told = [
        {"name": f"output_{index}", "shape": list(tensor.shape), "dtype": tensor.dtype}
        for index, tensor in enumerate(outputs)
    ]
    return json.dumps(told, separators=(",", ":")).encode()
