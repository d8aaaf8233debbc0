"""From an ONNX graph to operators, with the fate of every node.

Nodes are simplified first, as engines do before they run a graph; each that is left is written by the mapper
of its type. What nothing stands for is named, and the net goes on behind it.
"""

from __future__ import annotations

from dataclasses import replace

from lut.errors import ModelError
from lut.frontends.fates import Fate
from lut.frontends.fusion import fuse_activations
from lut.frontends.named import NamedOp
from lut.frontends.nodes import elementwise, layers, moving, quantised
from lut.frontends.nodes.graph import Graph, Node
from lut.frontends.nodes.layers import count_multiply_adds
from lut.frontends.nodes.net import CONVERSIONS, MappedNet, Mapper
from lut.frontends.nodes.rewriting import Rewriting
from lut.frontends.nodes.simplifying import simplify
from lut.ops import FLOAT, UINT8, multiply_adds

__all__ = ["map_graph"]

MAPPERS: dict[str, Mapper] = {
    op_type: mapper
    for module in (elementwise, layers, moving, quantised)
    for op_type, mapper in module.MAPPERS.items()
}
"""By ONNX's operator type."""

_SHOWN = 5
"""So many nodes are named of a model of which none is known."""

_CONTROL_FLOW = {"If", "Loop", "Scan", "SequenceMap"}


def map_graph(graph: Graph, precision: str | None = None) -> tuple[tuple[NamedOp, ...], tuple[Fate, ...]]:
    """Write a graph's operators, and say what became of each of its nodes, in the graph's order.

    Args:
        graph: the model.
        precision: "int8" or "fp32", for a model of floats; None takes it as it is.

    Raises:
        ModelError: the model is quantised and `precision` is "fp32", a node decides what runs, or no node is
            known.
    """
    for node in graph.nodes:
        if node.op_type in _CONTROL_FLOW:
            raise ModelError(
                f"the node {node.name!r} ({node.op_type}) decides while the net runs what is computed; a "
                f"latency can't be told in advance. Export the model without control flow."
            )
    rewriting = Rewriting(graph)
    for node in rewriting:
        quantised.make_plain(rewriting, node)
    simplify(rewriting)
    quantized = quantised.find_quantized(rewriting)
    if quantized and precision == "fp32":
        raise ModelError(
            "the model is quantised: it runs in 8 bits. Leave --precision out, or export it in floats."
        )
    net = MappedNet(rewriting, None if precision == "int8" and not quantized else quantized)
    for name in graph.inputs:
        value = graph.value(name)
        net.feed(name, value.shape, UINT8 if net.is_quantized(name) and quantized else FLOAT)
    fates = dict(rewriting.fates)
    types = {node.outputs[0]: node.op_type for node in graph.nodes}
    for node in rewriting:
        key = rewriting.key(node)
        fates[key] = replace(_map_node(net, node), op_type=types[key])
    ends = _map_outputs(net)
    _drop_unread_conversions(net)
    ordered = (fates[node.outputs[0]] for node in graph.nodes)
    if not net.writer.named:
        named = [f"{fate.node!r} ({fate.op_type}): {fate.detail}" for fate in fates.values()]
        raise ModelError(f"it holds nothing that takes time and is known here. {'; '.join(named[:_SHOWN])}.")
    return fuse_activations(net.writer.named, {"Int8Conv"}), (*ordered, *ends)


def _map_node(net: MappedNet, node: Node) -> Fate:
    before = len(net.writer.named)
    mapper = MAPPERS.get(node.op_type)
    try:
        if mapper is None:
            raise ModelError(node.attributes.get("unmapped", "no operator here stands for its type"))
        reason = mapper(net, node)
    except ModelError as error:
        written = net.writer.named[before:]
        net.writer.named[before:] = [each for each in written if each.op.op_type in CONVERSIONS]
        _go_on_behind(net, node)
        return Fate(node.name, node.op_type, "unmapped", str(error), count_multiply_adds(net, node))
    written = net.writer.named[before:]
    if reason is not None and not written:
        return Fate(node.name, node.op_type, "free", reason)
    names = ", ".join(each.op.op_type for each in written)
    return Fate(node.name, node.op_type, "operators", names, sum(multiply_adds(each.op) for each in written))


def _go_on_behind(net: MappedNet, node: Node) -> None:
    """Let what follows an unmapped node read what that reads or, where shapes differ, an input of its own."""
    dynamic, _ = net.graph.split_constants(node)
    source = dynamic[0] if dynamic and net.is_held(dynamic[0]) else None
    for place, name in enumerate(node.outputs):
        if not name:
            continue
        value = net.graph.graph.values.get(name)
        if source is not None and value is not None and value.shape == net.shape(source) and not place:
            net.alias(name, source)
        elif value is not None:
            net.feed(name, value.shape, UINT8 if net.is_quantized(name) else FLOAT)
        else:
            raise ModelError(
                f"nothing stands for the node {node.name!r} ({node.op_type}), and the shape of what it gives "
                f"is not known, so that nothing can be told of what follows it. Export the model without it, "
                f"or with the shapes of all tensors."
            )


def _drop_unread_conversions(net: MappedNet) -> None:
    """Take out what was converted for a node that turned out to have no operator."""
    outputs = {held for name in net.graph.outputs for held in net.names_of(name)}
    while True:
        read = {name for each in net.writer.named for name in each.inputs} | outputs
        kept = [
            each for each in net.writer.named if each.op.op_type not in CONVERSIONS or each.outputs[0] in read
        ]
        if len(kept) == len(net.writer.named):
            return
        net.writer.named[:] = kept


def _map_outputs(net: MappedNet) -> list[Fate]:
    """Give what the net gives as floats, as the model does."""
    fates = []
    for name in net.graph.outputs:
        value = net.graph.graph.values.get(name)
        if not net.is_held(name) or value is None or value.dtype != FLOAT:
            continue
        before = len(net.writer.named)
        net.take(name, FLOAT)
        written = net.writer.named[before:]
        if written:
            fates.append(Fate(name, "output", "operators", ", ".join(each.op.op_type for each in written)))
    return fates
