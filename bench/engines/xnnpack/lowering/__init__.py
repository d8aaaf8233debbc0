"""Operators as nodes of a subgraph: what XNNPACK runs, in which realisation, and what it does not.

Activations are NHWC, in fp32 too. One module a kind of operators.
"""

from __future__ import annotations

from collections.abc import Sequence

from bench.engines.xnnpack.graph import Graph, Tensor
from bench.engines.xnnpack.lowering import convolution, elementwise, layout, normalising, pooling
from bench.engines.xnnpack.lowering.shared import (
    TO_NCHW,
    TO_NHWC,
    Lowering,
    check_dims,
    is_nchw,
    to_nhwc,
    with_dims,
)
from lut.errors import ModelError
from lut.ops import OpSpec

__all__ = ["LOWERINGS", "TO_NCHW", "TO_NHWC", "add_op", "is_nchw", "to_nhwc", "with_dims"]

LOWERINGS: dict[str, Lowering] = {
    op_type: lowering
    for module in (convolution, elementwise, layout, normalising, pooling)
    for op_type, lowering in module.LOWERINGS.items()
}
"""By operator type. What is not here, XNNPACK does not run."""


def add_op(graph: Graph, op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    """Add the nodes that run an operator from its activations to its first output.

    Raises:
        ModelError: XNNPACK has no such operator, or not with these arguments.
    """
    lowering = LOWERINGS.get(op.op_type)
    if lowering is None:
        raise ModelError(f"XNNPACK has no operator for {op.op_type}.")
    try:
        check_dims(*inputs, output)
        lowering(graph, op, inputs, output)
    except ModelError as error:
        raise ModelError(f"{op.describe()}: XNNPACK {error}.") from error
