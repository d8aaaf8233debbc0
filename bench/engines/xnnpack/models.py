"""Whole models as one subgraph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bench.engines.engine import NetSource
from bench.engines.xnnpack.graph import Graph, Role, Tensor
from bench.engines.xnnpack.lowering import add_op
from bench.engines.xnnpack.sources import FOLLOW_ORDER, kind_of, order_dims, tell_outputs
from lut.errors import ModelError
from lut.frontends import Model, NamedOp
from lut.ops import FLOAT, OpSpec, TensorSpec, count_activations, infer_outputs

__all__ = ["lower_model"]

_OF_IMAGES = FOLLOW_ORDER - {"NCHW2NHWC", "NHWC2NCHW"}
"""Operators that take an image as it is written when they run alone."""

_TO_NHWC, _FROM_NHWC = (0, 2, 3, 1), (0, 3, 1, 2)


def lower_model(net_id: str, model: Model, *, realisation: str) -> NetSource:
    """Write a model as one subgraph, its activations fused as the engine itself would.

    What nothing writes is an input, what nothing reads an output.

    Raises:
        ModelError: it holds an operator that XNNPACK does not run.
    """
    named = model.fused
    graph = Graph()
    values: dict[str, Tensor] = {}
    reads = Counter(name for each in named for name in _list_activations(each))
    for each in named:
        inputs = []
        for name, tensor in zip(_list_activations(each), each.op.inputs, strict=False):
            if name not in values:
                dims = _lie(each.op, tensor)
                values[name] = graph.activation("input", kind_of(tensor, realisation), dims)
            inputs.append(values[name])
        written = infer_outputs(each.op)[0]
        role: Role = "inner" if reads[each.outputs[0]] else "output"
        op, dims = _follow_order(each.op, inputs, written)
        output = graph.activation(role, kind_of(written, realisation), dims)
        add_op(graph, op, inputs, output)
        values[each.outputs[0]] = output
    return NetSource(net_id, tell_outputs(infer_outputs(named[-1].op)), graph.to_text().encode())


def _list_activations(each: NamedOp) -> Sequence[str]:
    return each.inputs[: count_activations(each.op)]


def _lie(op: OpSpec, tensor: TensorSpec) -> tuple[int, ...]:
    """Give the dimensions in which what an operator reads lies here: images of floats in NHWC."""
    if op.op_type in _OF_IMAGES and len(tensor.shape) == 4 and tensor.dtype == FLOAT:
        return _turn(tensor.shape)
    return order_dims(op, tensor.shape)


def _turn(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Give the shape of an image in NHWC."""
    return tuple(shape[place] for place in _TO_NHWC)


def _follow_order(op: OpSpec, inputs: Sequence[Tensor], output: TensorSpec) -> tuple[OpSpec, tuple[int, ...]]:
    """Let an operator read images as they lie here, in NHWC, where it was written for NCHW.

    Raises:
        ModelError: it would have to change their order first, which is not among the model's operators.
    """
    dims = order_dims(op, output.shape)
    if op.op_type not in FOLLOW_ORDER:
        for tensor, value in zip(op.inputs, inputs, strict=False):
            if value.dims != order_dims(op, tensor.shape):
                raise ModelError(
                    f"{op.describe()}: XNNPACK reads images in NHWC, and the operator before it gives "
                    f"{list(value.dims)}. The model can't be run whole in this precision."
                )
        return op, dims
    is_image = len(output.shape) == 4 and output.dtype == FLOAT
    if op.op_type == "Reshape" and is_image:
        return op, _turn(output.shape)
    if op.op_type == "Transpose" and is_image:
        axes = op.arg("axes", (3, 2, 1, 0))
        turned = tuple(_FROM_NHWC[axes[place]] for place in _TO_NHWC)
        x = TensorSpec(inputs[0].dims, FLOAT)
        return OpSpec.of("Transpose", [x], axes=turned), tuple(inputs[0].dims[axis] for axis in turned)
    return op, dims
