"""Convolutions, fully connected layers and poolings."""

from __future__ import annotations

from math import prod

from lut.errors import ModelError
from lut.frontends.nodes.arithmetic import multiply_activations
from lut.frontends.nodes.constants import read_numbers
from lut.frontends.nodes.graph import Node
from lut.frontends.nodes.net import MappedNet, Mapper
from lut.frontends.writer import spell_window
from lut.ops import Window

__all__ = ["MAPPERS"]


def _read_window(net: MappedNet, node: Node, kernel: tuple[int, ...]) -> Window:
    """Read the window of a convolution or pooling; pads by themselves are computed as ONNX says.

    Raises:
        ModelError: it has another number of dimensions than two.
    """
    if len(kernel) != 2:
        raise ModelError(f"its window has {len(kernel)} dimensions where 2 are known")
    attributes = node.attributes
    stride = tuple(attributes.get("strides", (1, 1)))
    dilation = tuple(attributes.get("dilations", (1, 1)))
    begin_end = tuple(attributes.get("pads", (0, 0, 0, 0)))
    auto = attributes.get("auto_pad", "NOTSET")
    rounds_up = attributes.get("ceil_mode", 0)
    space = net.shape(node.inputs[0])[2:]
    pads = [0, 0, 0, 0]
    for place in range(2):
        reach = dilation[place] * (kernel[place] - 1) + 1
        before, after = begin_end[place], begin_end[place + 2]
        if auto in ("SAME_UPPER", "SAME_LOWER"):
            steps = -(-space[place] // stride[place])
            whole = max(0, (steps - 1) * stride[place] + reach - space[place])
            before, after = (whole // 2, whole - whole // 2)[:: 1 if auto == "SAME_UPPER" else -1]
        elif rounds_up:
            steps = net.graph.graph.value(node.outputs[0]).shape[place + 2]  # opsets differ in the last one
            after = max(after, (steps - 1) * stride[place] + reach - space[place] - before)
        pads[place], pads[place + 2] = before, after
    return Window(
        (kernel[0], kernel[1]),
        (stride[0], stride[1]),
        (dilation[0], dilation[1]),
        (pads[0], pads[1], pads[2], pads[3]),
    )


def _convolution(net: MappedNet, node: Node) -> None:
    shape = _read_kernels(net, node)
    window = _read_window(net, node, tuple(node.attributes.get("kernel_shape", shape[2:])))
    group = node.attributes.get("group", 1)
    source = net.take_input(node)
    net.writer.convolve(source, net.give(node), shape[0], window, group, has_bias=_has_bias(node))


def _transposed_convolution(net: MappedNet, node: Node) -> None:
    shape = _read_kernels(net, node)
    attributes = node.attributes
    if attributes.get("output_shape") or attributes.get("auto_pad", "NOTSET") != "NOTSET":
        raise ModelError("its pads are left to be computed from an output shape: export it with pads")
    window = _read_window(net, node, tuple(attributes.get("kernel_shape", shape[2:])))
    adjust = tuple(attributes.get("output_padding", (0, 0)))
    group = attributes.get("group", 1)
    source = net.take_input(node)
    net.writer.enlarge(source, net.give(node), shape[1], window, group, adjust, has_bias=_has_bias(node))


def _read_kernels(net: MappedNet, node: Node) -> tuple[int, ...]:
    """Give the shape of a convolution's weight."""
    if node.inputs[1] not in net.graph.constants:
        raise ModelError("its weight is computed from the net's input")
    _ = node.inputs[2:3]  # a bias, which `_has_bias` looks for
    return net.graph.graph.value(node.inputs[1]).shape


def _has_bias(node: Node) -> bool:
    """Tell whether a convolution has a bias of its own, or takes one in by what is folded into it."""
    takes_one_in = bool(node.attributes.get("has_bias"))
    return bool(node.inputs[2:3] and node.inputs[2]) or takes_one_in


def _matrix_product(net: MappedNet, node: Node) -> None:
    """The weight is [K, N], or [N, K] where it is transposed."""
    if node.inputs[0] in net.graph.constants:
        raise ModelError("its first factor is a constant, where fully connected layers have the second one")
    shape = net.graph.graph.value(node.inputs[1]).shape
    if node.inputs[1] not in net.graph.constants or len(shape) != 2:
        multiply_activations(net, node)
        return
    if node.attributes.get("transA"):
        raise ModelError("its input is transposed, which no fully connected layer does")
    columns, channels = shape[::-1] if node.attributes.get("transB") else shape
    _check_bias(net, node, channels)
    # A fully connected layer has a bias in any case; factors change the values of constants alone.
    _ = [node.attributes.get(name) for name in ("alpha", "beta", "has_bias")]
    rank = len(net.graph.shape(node.outputs[0]))
    if rank == 2 and prod(net.shape(node.inputs[0])[1:]) == columns:
        # All of an image is one row; the order of its values is that of the weight's columns.
        net.writer.connect(net.take_input(node), net.give(node), channels, columns, 1)
        return
    source, output = net.take_input(node, image=False), net.give(node, image=False)
    net.writer.connect(source, output, channels, columns, max(1, rank - 1))


def _check_bias(net: MappedNet, node: Node, channels: int) -> None:
    """Refuse a summand that is not one for each channel, nor one for all.

    Raises:
        ModelError: it is another, such as one for each row.
    """
    if not (node.inputs[2:3] and node.inputs[2]):
        return
    shape = net.graph.graph.value(node.inputs[2]).shape
    if shape[-1:] not in ((), (1,), (channels,)) or any(size != 1 for size in shape[:-1]):
        raise ModelError("its summand is not one for each channel, nor one for all")


def _pooling(kind: str, *, whole: bool = False) -> Mapper:
    """Write a pooling by the node's window, or over the whole feature map."""

    def write(net: MappedNet, node: Node) -> None:
        source = net.take_input(node)
        # Whether pads count in a mean changes its divisor alone, and indices are not known here at all.
        _ = node.attributes.get("count_include_pad"), node.attributes.get("storage_order")
        if whole:
            _, _, height, width = net.writer.image(source)
            window = Window((height, width), (1, 1), (1, 1), (0, 0, 0, 0))
        else:
            window = _read_window(net, node, tuple(node.attributes["kernel_shape"]))
        args = spell_window(window, has_pad=False) | net.writer.spell_order(source)
        net.writer.add(f"{kind}Pool", [source], net.give(node), **args)

    return write


def _reduction(kind: str) -> Mapper:
    return lambda net, node: _reduce(net, node, kind)


def _reduce(net: MappedNet, node: Node, kind: str) -> str | None:
    net.run_as(kind)
    source = net.take_input(node)
    rank = len(net.writer.tensors[source].shape)
    axes = read_numbers(net.graph, node, "axes", 1)
    if axes is None and node.inputs[1:2] and node.inputs[1]:
        raise ModelError("its axes are computed from the net's input")
    if not axes and node.attributes.get("noop_with_empty_axes"):
        net.alias(node.outputs[0], node.inputs[0])
        return "it has no axes, so that it gives its input"
    if not axes:
        axes = tuple(range(rank))
    turned = tuple(sorted(net.writer.axis(source, axis) for axis in axes))
    net.writer.add(kind, [source], net.give(node), axes=turned, keepdims=node.attributes.get("keepdims", 1))
    return None


MAPPERS: dict[str, Mapper] = {
    "AveragePool": _pooling("Average"),
    "Conv": _convolution,
    "ConvTranspose": _transposed_convolution,
    "Gemm": _matrix_product,
    "GlobalAveragePool": _pooling("Average", whole=True),
    "GlobalMaxPool": _pooling("Max", whole=True),
    "MatMul": _matrix_product,
    "MaxPool": _pooling("Max"),
    **{kind: _reduction(kind) for kind in ("ReduceL2", "ReduceMean", "ReduceSum")},
}
