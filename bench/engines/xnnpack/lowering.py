"""Operators as nodes of a subgraph: what XNNPACK runs, in which realisation, and what it does not.

Activations are NHWC, in fp32 too; 8-bit ones have a sign and one scale, and weights a scale for each channel
("qs8"), as LiteRT and ExecuTorch have them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

from bench.engines.xnnpack.graph import FLOAT, INT8, Graph, Range, Tensor
from lut.errors import ModelError
from lut.ops import UINT8, OpSpec, TensorSpec, Window, canonical_arguments

__all__ = ["LOWERINGS", "add_op", "kind_of", "to_nhwc"]

Lowering = Callable[[Graph, OpSpec, Sequence[Tensor], Tensor], None]


def kind_of(tensor: TensorSpec) -> str:
    """Give the type in which an activation of this data type is realised."""
    return INT8 if tensor.dtype == UINT8 else FLOAT


def to_nhwc(op: OpSpec, shape: Sequence[int]) -> tuple[int, ...]:
    """Give an activation's dimensions in the order in which this engine has them."""
    order = op.arg("order", "NHWC" if op.op_type.startswith("Int8") else "NCHW")
    if len(shape) == 4 and order == "NCHW":
        batch, channels, height, width = shape
        return batch, height, width, channels
    return tuple(shape)


def add_op(graph: Graph, op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    """Add the nodes that run an operator from its activations to its first output.

    Raises:
        ModelError: XNNPACK has no such operator, or not with these arguments.
    """
    lowering = LOWERINGS.get(op.op_type)
    if lowering is None:
        raise ModelError(f"XNNPACK has no operator for {op.op_type}.")
    try:
        lowering(graph, op, inputs, output)
    except ModelError as error:
        raise ModelError(f"{op.describe()}: XNNPACK {error}.") from error


def _bounds(op: OpSpec, output: Tensor) -> Range:
    return output.positive_range if op.op_type.endswith("Relu") else output.full_range


def _convolution(graph: Graph, op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    (x,) = inputs
    window, group = Window.read(op), op.arg("group", 1)
    channels, out_channels = x.dims[3], output.dims[3]
    top, left, bottom, right = window.pads
    common = (top, right, bottom, left, *window.kernel, *window.stride, *window.dilation)
    bias = graph.bias(x.kind, out_channels) if len(op.inputs) > 2 else None
    bounds = _bounds(op, output)
    if group > 1 and group == channels:
        weight = graph.weight(x.kind, (1, *window.kernel, out_channels), 3)
        sizes = (out_channels // channels, channels)
        graph.node("depthwise", x, weight, bias, output, ints=(*common, *sizes), floats=bounds)
        return
    weight = graph.weight(x.kind, (out_channels, *window.kernel, channels // group))
    groups = (group, channels // group, out_channels // group)
    graph.node("convolution", x, weight, bias, output, ints=(*common, *groups), floats=bounds)


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
    graph.node("deconvolution", x, weight, bias, output, ints=(*common, *groups), floats=_bounds(op, output))


def _fully_connected(graph: Graph, op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    (x,) = inputs
    out_channels, columns = op.inputs[1].shape[0], prod(op.inputs[1].shape[1:])
    rows = prod(x.dims) // columns
    x = _reshaped(graph, x, (rows, columns))
    weight, bias = graph.weight(x.kind, (out_channels, columns)), graph.bias(x.kind, out_channels)
    flat = output.dims == (rows, out_channels)
    result = output if flat else graph.activation("inner", x.kind, (rows, out_channels))
    graph.node("fully_connected", x, weight, bias, result, floats=output.full_range)
    if not flat:
        graph.node("reshape", result, output, ints=output.dims)


def _reshaped(graph: Graph, x: Tensor, dims: tuple[int, ...]) -> Tensor:
    if x.dims == dims:
        return x
    result = graph.activation("inner", x.kind, dims)
    graph.node("reshape", x, result, ints=dims)
    return result


def _average_pool(graph: Graph, op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    (x,) = inputs
    if op.arg("global_pooling", 0) or output.dims[1:3] == (1, 1):
        graph.node("global_average", x, output, floats=_bounds(op, output))
        return
    if x.kind == INT8:
        raise ModelError("averages windows of bytes with a sign only over a whole image")
    window = Window.read(op)
    top, left, bottom, right = window.pads
    ints = (top, right, bottom, left, *window.kernel, *window.stride)
    graph.node("average_pooling", x, output, ints=ints, floats=_bounds(op, output))


def _max_pool(graph: Graph, op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    (x,) = inputs
    if op.arg("global_pooling", 0):
        raise ModelError("takes no maximum over a whole image")
    window = Window.read(op)
    top, left, bottom, right = window.pads
    ints = (top, right, bottom, left, *window.kernel, *window.stride, *window.dilation)
    graph.node("max_pooling", x, output, ints=ints, floats=_bounds(op, output))


def _sum(graph: Graph, op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    total = inputs[0]
    fused = op.op_type.endswith("Relu")
    for index, x in enumerate(inputs[1:], 1):
        last = index == len(inputs) - 1 and not fused
        result = output if last else graph.activation("inner", x.kind, output.dims)
        graph.node("add", total, x, result)
        total = result
    if fused:
        graph.node("clamp", total, output, floats=output.positive_range)


def _unary(kind: str) -> Lowering:
    def lower(graph: Graph, _op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
        graph.node(kind, inputs[0], output)

    return lower


def _relu(graph: Graph, _op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    least, most = output.positive_range
    graph.node("clamp", inputs[0], output, floats=(least, min(most, 3e38)))


def _leaky_relu(graph: Graph, op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    graph.node("leaky_relu", inputs[0], output, floats=(float(op.arg("alpha", 0.01)),))


def _softmax(graph: Graph, _op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    """There is a kernel for floats only: 8-bit ones are made floats, and bytes of the result."""
    (x,) = inputs
    if x.kind == FLOAT:
        graph.node("softmax", x, output)
        return
    floats, shares = (graph.activation("inner", FLOAT, x.dims) for _ in range(2))
    graph.node("convert", x, floats)
    graph.node("softmax", floats, shares)
    graph.node("convert", shares, output)


def _shuffle(graph: Graph, op: OpSpec, inputs: Sequence[Tensor], output: Tensor) -> None:
    """There is none as one operator: channels become two dimensions, which change places."""
    (x,) = inputs
    batch, height, width, channels = x.dims
    group = op.arg("group", 1)
    apart = _reshaped(graph, x, (batch, height, width, group, channels // group))
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
    if not 2 <= len(inputs) <= 4:
        raise ModelError("joins 2 to 4 inputs")
    axis = next(
        (
            axis
            for axis in range(len(output.dims))
            if any(each.dims[axis] != output.dims[axis] for each in inputs)
        ),
        0,
    )
    graph.node("concatenate", *inputs, output, ints=(axis, len(inputs)))


LOWERINGS: dict[str, Lowering] = {
    "Add": _sum,
    "AveragePool": _average_pool,
    "ChannelShuffle": _shuffle,
    "Concat": _concatenate,
    "Conv": _convolution,
    "ConvTranspose": _deconvolution,
    "FC": _fully_connected,
    "Flatten": _reshape,
    "Int8Add": _sum,
    "Int8AddRelu": _sum,
    "Int8AveragePool": _average_pool,
    "Int8AveragePoolRelu": _average_pool,
    "Int8ChannelShuffle": _shuffle,
    "Int8Concat": _concatenate,
    "Int8Conv": _convolution,
    "Int8ConvRelu": _convolution,
    "Int8ConvTranspose": _deconvolution,
    "Int8Dequantize": _unary("convert"),
    "Int8FC": _fully_connected,
    "Int8Flatten": _reshape,
    "Int8LeakyRelu": _leaky_relu,
    "Int8MaxPool": _max_pool,
    "Int8MaxPoolRelu": _max_pool,
    "Int8Quantize": _unary("convert"),
    "Int8Relu": _relu,
    "Int8Reshape": _reshape,
    "Int8Sigmoid": _unary("sigmoid"),
    "Int8Slice": _slice,
    "Int8Softmax": _softmax,
    "Int8Sum": _sum,
    "Int8SumRelu": _sum,
    "Int8Transpose": _transpose(None),
    "LeakyRelu": _leaky_relu,
    "MaxPool": _max_pool,
    "NCHW2NHWC": _transpose((0, 2, 3, 1)),
    "NHWC2NCHW": _transpose((0, 3, 1, 2)),
    "Relu": _relu,
    "Reshape": _reshape,
    "Sigmoid": _unary("sigmoid"),
    "Slice": _slice,
    "Softmax": _softmax,
    "Sum": _sum,
    "Transpose": _transpose(None),
}
"""By operator type. What is not here, XNNPACK does not run."""
