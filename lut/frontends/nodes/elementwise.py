"""Activations."""

from __future__ import annotations

from lut.errors import ModelError
from lut.frontends.nodes.constants import is_by_channel, read_bounds
from lut.frontends.nodes.graph import Node
from lut.frontends.nodes.net import MappedNet, Mapper
from lut.ops import UINT8, ArgumentValue, TensorSpec

__all__ = ["MAPPERS", "write_function"]


def write_function(kind: str, **defaults: float) -> Mapper:
    """Return a mapper to a function of one value, with its parameters where it has some."""

    def write(net: MappedNet, node: Node) -> None:
        args: dict[str, ArgumentValue] = {
            name: float(node.attributes.get(name, default)) for name, default in defaults.items()
        }
        net.run_as(kind)
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
    own = axis if by_rows and axis <= 1 else net.writer.axis(source, axis)
    is_one_row = by_rows and own == axis  # of all that is behind, which lies together
    output = net.give(node, image=as_they_are)
    order = net.writer.spell_order(source)
    if any(size > 1 for size in shape[own + 1 :]) and not is_one_row:
        if by_rows:
            raise ModelError(f"its rows begin with dimension {axis} and don't lie together in 8 bits")
        there = (*(place for place in range(len(shape)) if place != own), own)
        back = tuple(there.index(place) for place in range(len(shape)))
        net.writer.add("Transpose", [source], f"{output}:there", axes=there)
        net.writer.add("Softmax", [f"{output}:there"], f"{output}:rows", axis=len(shape) - 1, **order)
        net.writer.add("Transpose", [f"{output}:rows"], output, axes=back)
        return
    is_plain = all(size == 1 for size in (shape[1:own] if own else shape[:1]))
    args: dict[str, ArgumentValue] = {} if is_plain else {"axis": own}
    net.writer.add("Softmax", [source], output, **args, **order)


MAPPERS: dict[str, Mapper] = {
    "Clip": _clip,
    "HardSigmoid": write_function("HardSigmoid", alpha=0.2, beta=0.5),
    "HardSwish": write_function("HardSwish"),
    "LeakyRelu": write_function("LeakyRelu", alpha=0.01),
    "PRelu": _prelu,
    "Relu": _relu,
    "Sigmoid": write_function("Sigmoid"),
    "Softmax": _softmax,
}
