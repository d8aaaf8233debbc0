"""Whole models as one subgraph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bench.engines.engine import NetSource
from bench.engines.xnnpack.graph import Graph, Role, Tensor
from bench.engines.xnnpack.lowering import TO_NCHW, TO_NHWC, add_op, is_nchw, with_dims
from bench.engines.xnnpack.sources import FOLLOW_ORDER, KEEP_ORDER, kind_of, tell_outputs
from lut.errors import ModelError
from lut.frontends import Model, NamedOp
from lut.ops import FLOAT, UINT8, OpSpec, TensorSpec, count_activations, infer_outputs

__all__ = ["lower_model"]

_AS_WRITTEN = (KEEP_ORDER - FOLLOW_ORDER) | {"NCHW2NHWC", "NHWC2NCHW"}
"""Operators whose dimensions mean what they say, whatever wrote them."""


def lower_model(net_id: str, model: Model, *, realisation: str) -> NetSource:
    """Write a model as one subgraph, its activations fused as the engine itself would.

    What nothing writes is an input, what nothing reads an output.

    Raises:
        ModelError: it holds an operator that XNNPACK does not run.
    """
    named = model.fused
    graph = Graph()
    values: dict[str, Tensor] = {}
    turned: set[Tensor] = set()
    reads = Counter(name for each in named for name in _list_activations(each))
    nodes = []
    for each in named:
        before = len(graph.nodes)
        inputs = []
        for name, tensor in zip(_list_activations(each), each.op.inputs, strict=False):
            if name not in values:
                dims = _lie(each, tensor)
                values[name] = graph.activation("input", kind_of(tensor, realisation), dims)
                if dims != tensor.shape:
                    turned.add(values[name])
            inputs.append(_fit(graph, each, tensor, values[name]))
        written = infer_outputs(each.op)[0]
        role: Role = "inner" if reads[each.outputs[0]] else "output"
        output = graph.activation(role, kind_of(written, realisation), _lie(each, written))
        if _is_turned(each, written):
            turned.add(output)
        add_op(graph, _follow(each, inputs[0] in turned, is_turned=output in turned), inputs, output)
        values[each.outputs[0]] = output
        nodes.append(len(graph.nodes) - before)
    outputs = tell_outputs(infer_outputs(named[-1].op))
    return NetSource(net_id, outputs, graph.to_text().encode(), tuple(nodes))


def _list_activations(each: NamedOp) -> Sequence[str]:
    return each.inputs[: count_activations(each.op)]


def _is_turned(each: NamedOp, tensor: TensorSpec) -> bool:
    """Tell whether a tensor lies in another order than it is written: images of floats lie in NHWC here."""
    is_image = len(tensor.shape) == 4 and tensor.dtype == FLOAT and not each.is_of_rows
    if not is_image or each.op.op_type in _AS_WRITTEN:
        return False
    return each.op.op_type in KEEP_ORDER or is_nchw(each.op, len(tensor.shape))


def _lie(each: NamedOp, tensor: TensorSpec) -> tuple[int, ...]:
    """Give the dimensions in which a tensor lies here."""
    shape = tensor.shape
    return tuple(shape[axis] for axis in TO_NHWC) if _is_turned(each, tensor) else shape


def _fit(graph: Graph, each: NamedOp, tensor: TensorSpec, value: Tensor) -> Tensor:
    """Give a value in the dimensions in which an operator reads it.

    Where rows become an image, or an image rows, this engine has to turn them. In floats that is not among
    the model's operators, which are those of an engine that has both in one order.

    Raises:
        ModelError: they are no dimensions of the value.
    """
    dims = _lie(each, tensor)
    if value.dims == dims or each.op.op_type in ("Reshape", "Transpose"):
        return value
    lies_alike = tensor.dtype == UINT8 or _list_long(value.dims) == _list_long(dims)
    if lies_alike or each.op.op_type in KEEP_ORDER:
        return with_dims(graph, value, dims)
    for order in (TO_NHWC, TO_NCHW):
        if len(value.dims) == 4 and tuple(value.dims[axis] for axis in order) == dims:
            turned = graph.activation("inner", value.kind, dims)
            graph.node("transpose", value, turned, ints=order)
            return turned
    raise ModelError(
        f"{each.op.describe()}: XNNPACK reads {list(dims)} here, and the operator before it gives "
        f"{list(value.dims)}. The model can't be run whole in this precision."
    )


def _list_long(dims: Sequence[int]) -> list[int]:
    return [size for size in dims if size > 1]


def _follow(each: NamedOp, reads_turned: bool, *, is_turned: bool) -> OpSpec:
    """Write a transposition, or an operator on rows of four dimensions, for tensors as they lie here."""
    op = each.op
    if op.op_type == "Transpose" and len(op.inputs[0].shape) == 4:
        axes = op.arg("axes", (3, 2, 1, 0))
        places = TO_NHWC if is_turned else (0, 1, 2, 3)
        lying = tuple(TO_NCHW[axes[place]] if reads_turned else axes[place] for place in places)
        return OpSpec.of("Transpose", op.inputs, axes=lying)
    if each.is_of_rows and op.op_type not in KEEP_ORDER and op.inputs[0].dtype == FLOAT:
        return OpSpec.of(op.op_type, op.inputs, **{**dict(op.args), "order": "NHWC"})
    return op
