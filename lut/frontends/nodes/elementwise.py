"""Activations, sums and products."""

from __future__ import annotations

from lut.errors import ModelError
from lut.frontends.nodes.constants import is_by_channel, read_bounds
from lut.frontends.nodes.graph import Node
from lut.frontends.nodes.net import MappedNet, Mapper
from lut.ops import UINT8, ArgumentValue, TensorSpec

__all__ = ["MAPPERS"]


def _activation(kind: str, **defaults: float) -> Mapper:
    """Write an activation, with its parameters where it has some."""

    def write(net: MappedNet, node: Node) -> None:
        args: dict[str, ArgumentValue] = {
            name: float(node.attributes.get(name, default)) for name, default in defaults.items()
        }
        net.writer.add(kind, [net.take_input(node)], net.give(node), **args)

    return write


def _relu(net: MappedNet, node: Node) -> None:
    source = net.take_input(node)
    net.writer.add("Relu", [source], net.give(node), **net.writer.spell_order(source))


def _clip(net: MappedNet, node: Node) -> None:
    """In 8 bits what an upper bound cuts off is outside of what the bytes stand for: it is a ReLU."""
    bounds = read_bounds(net.graph, node)
    if bounds is None:
        raise ModelError("its bounds are computed from the net's input")
    least, most = bounds
    source = net.take_input(node)
    if least == 0 and (most == float("inf") or net.dtype_of(node) == UINT8):
        net.writer.add("Relu", [source], net.give(node), **net.writer.spell_order(source))
        return
    net.writer.add("Clip", [source], net.give(node), min=least, max=most)


def _prelu(net: MappedNet, node: Node) -> None:
    source = net.take_input(node)
    slope = net.graph.graph.value(node.inputs[1]).shape
    if node.inputs[1] not in net.graph.constants or not is_by_channel(slope, net.shape(node.inputs[0])):
        raise ModelError("its slope is not one number, nor one for each channel")
    channels = max(slope, default=1)
    output = net.give(node)
    parameters = {f"{output}_slope": TensorSpec((channels,), net.writer.tensors[source].dtype)}
    net.writer.add("PRelu", [source], output, parameters, **net.writer.spell_order(source))


def _softmax(net: MappedNet, node: Node) -> None:
    """Until opset 12, all dimensions from the axis on are one row; from then on the axis is the row."""
    as_they_are = False if net.graph.graph.channels_last else None
    source = net.take_input(node, as_they_are)
    shape = net.writer.tensors[source].shape
    by_rows = net.graph.graph.opset < 13
    axis = node.attributes.get("axis", 1 if by_rows else -1) % len(shape)
    own = net.writer.axis(source, axis)
    if by_rows and axis <= 1:
        own = axis  # all that is behind lies together in any order
    elif any(size > 1 for size in shape[own + 1 :]) and not (by_rows and own == axis):
        raise ModelError(
            f"it runs along dimension {axis} of {len(shape)}, which is not the last one in memory"
        )
    is_plain = all(size == 1 for size in (shape[1:own] if own else shape[:1]))
    args: dict[str, ArgumentValue] = {} if is_plain else {"axis": own}
    output = net.give(node, image=as_they_are)
    net.writer.add("Softmax", [source], output, **args, **net.writer.spell_order(source))


def _sum(net: MappedNet, node: Node) -> str | None:
    _, fixed = net.graph.split_constants(node)
    if fixed:
        return _scale(net, node)
    sources = net.take_inputs(node)
    output = net.give(node)
    if len(sources) == 1:
        raise ModelError("it adds a tensor to itself")
    is_quantized = net.dtype_of(node) == UINT8
    order = net.writer.spell_order(sources[0]) if is_quantized else {}
    if is_quantized:
        for place, source in enumerate(sources[1:-1], 1):
            net.writer.add("Sum", [sources[0], source], f"{output}:{place}", **order)
            sources[0] = f"{output}:{place}"
        sources = [sources[0], sources[-1]]
    net.writer.add("Sum", sources, output, **order)
    return None


def _product(net: MappedNet, node: Node) -> str | None:
    _, fixed = net.graph.split_constants(node)
    if fixed:
        return _scale(net, node)
    first, second = net.take_inputs(node)
    tensors = net.writer.tensors
    if tensors[first].elements < tensors[second].elements:
        first, second = second, first
    net.writer.add("Mul", [first, second], net.give(node), **net.writer.spell_order(first))
    return None


def _scale(net: MappedNet, node: Node) -> str | None:
    """Write what adds or multiplies by constants, of which there is one for each channel, or one for all."""
    dynamic, fixed = net.graph.split_constants(node)
    if len(dynamic) != 1 or len(fixed) != 1 or (node.op_type == "Div" and node.inputs[0] != dynamic[0]):
        raise ModelError("nothing here stands for what it does with constants")
    net.taken.update(fixed)
    source = net.take(dynamic[0], net.dtype_of(node))
    if not net.writer.is_image(source) or not is_by_channel(net.graph.shape(fixed[0]), net.shape(dynamic[0])):
        raise ModelError("its constants are not one for each channel of a feature map, nor one for all")
    net.writer.scale_channels(source, net.give(node))
    return None


MAPPERS: dict[str, Mapper] = {
    "Add": _sum,
    "Clip": _clip,
    "Div": _scale,
    "HardSigmoid": _activation("HardSigmoid", alpha=0.2, beta=0.5),
    "HardSwish": _activation("HardSwish"),
    "LeakyRelu": _activation("LeakyRelu", alpha=0.01),
    "Mul": _product,
    "PRelu": _prelu,
    "Relu": _relu,
    "Sigmoid": _activation("Sigmoid"),
    "Softmax": _softmax,
    "Sub": _scale,
    "Sum": _sum,
}
