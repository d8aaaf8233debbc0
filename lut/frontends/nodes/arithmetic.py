"""Sums, differences, products and quotients, and functions of one value."""

from __future__ import annotations

from math import prod

from lut.errors import ModelError
from lut.frontends.nodes.constants import is_by_channel
from lut.frontends.nodes.elementwise import write_function
from lut.frontends.nodes.graph import Node
from lut.frontends.nodes.net import MappedNet, Mapper
from lut.ops import UINT8

__all__ = ["MAPPERS", "multiply_activations"]


def _sum(net: MappedNet, node: Node) -> None:
    """Add tensors of one shape, of which there may be many, or two of which one is repeated."""
    dynamic, fixed = net.graph.split_constants(node)
    if fixed or len({net.shape(name) for name in dynamic}) > 1:
        _compute(net, node, "Add")
        return
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


def _arithmetic(kind: str) -> Mapper:
    return lambda net, node: _compute(net, node, kind)


def _compute(net: MappedNet, node: Node, kind: str) -> None:
    """Write what two tensors become; constants by channel of an image are a convolution of one value."""
    dynamic, fixed = net.graph.split_constants(node)
    if len(node.inputs) != 2:
        raise ModelError(f"it takes {len(node.inputs)} tensors, of which some are constants or are repeated")
    if len(fixed) == 1 and (kind != "Div" or node.inputs[0] == dynamic[0]):
        is_channels = is_by_channel(net.graph.shape(fixed[0]), net.shape(dynamic[0]))
        if net.is_image(dynamic[0]) and net.is_image(node.output) and is_channels:
            net.taken.update(fixed)
            source = net.take(dynamic[0], net.dtype_of(node))
            net.writer.scale_channels(source, net.give(node))
            return
    net.run_as(kind)
    sources, is_image = net.take_aligned(node)
    if kind == "Mul":  # what is repeated comes second
        sources.sort(key=lambda source: -net.writer.tensors[source].elements)
    order = net.writer.spell_order(sources[0]) if net.writer.is_image(sources[0]) else {}
    net.writer.add(kind, sources, net.give(node, image=is_image), **order)


def _gelu(net: MappedNet, node: Node) -> None:
    net.run_as("Gelu")
    fast = {"fast_gelu": 1} if node.attributes.get("approximate", "none") == "tanh" else {}
    net.writer.add("Gelu", [net.take_input(node)], net.give(node), **fast)


def _power(net: MappedNet, node: Node) -> None:
    exponent = net.graph.number(node.inputs[1])
    if exponent is None:
        raise ModelError("its exponent is not one number that is known")
    _write_power(net, node, exponent)


def _write_power(net: MappedNet, node: Node, exponent: float) -> None:
    kind = {2.0: "Sqr", 0.5: "Sqrt", -0.5: "Rsqrt"}.get(exponent, "Pow")
    net.run_as(kind)
    args = {"exponent": exponent} if kind == "Pow" else {}
    net.writer.add(kind, [net.take_input(node)], net.give(node), **args)


_FLAGS = {"trans_a": "transA", "trans_b": "transB"}


def multiply_activations(net: MappedNet, node: Node) -> None:
    """Write the product of two tensors, of which no matrix is repeated.

    Raises:
        ModelError: one is.
    """
    if any(node.inputs[2:3]):
        raise ModelError("it adds to the product of two tensors that are computed from the net's input")
    flags = {own: 1 for own, name in _FLAGS.items() if node.attributes.get(name)}
    net.run_as("BatchMatMul")
    sources = [net.take_rows(node, place) for place in range(2)]
    shapes = [net.writer.tensors[source].shape for source in sources]
    before = max((shape[:-2] for shape in shapes), key=len)
    for place, shape in enumerate(shapes):
        if len(shape) < 2 or prod(shape[:-2]) != prod(before):
            raise ModelError(
                f"it multiplies {list(shapes[0])} by {list(shapes[1])}, of which one is repeated"
            )
        sources[place] = net.view(sources[place], (*before, *shape[-2:]))
    net.writer.add("BatchMatMul", sources, net.give(node, image=False), **flags)


MAPPERS: dict[str, Mapper] = {
    "Abs": write_function("Abs"),
    "Add": _sum,
    "Div": _arithmetic("Div"),
    "Erf": write_function("Erf"),
    "Exp": write_function("Exp"),
    "Gelu": _gelu,
    "Mul": _arithmetic("Mul"),
    "Neg": write_function("Negative"),
    "Pow": _power,
    "Reciprocal": lambda net, node: _write_power(net, node, -1.0),
    "Sqrt": write_function("Sqrt"),
    "Sub": _arithmetic("Sub"),
    "Sum": _sum,
    "Tanh": write_function("Tanh"),
}
