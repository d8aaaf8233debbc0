"""From an ONNX graph to operators, with the fate of every node.

Nodes are simplified first, as engines do before they run a graph; each that is left is written by the mapper
of its type. What nothing stands for is named, and the net goes on behind it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from lut.errors import ModelError
from lut.frontends.fates import Fate
from lut.frontends.fusion import fuse_activations
from lut.frontends.named import NamedOp
from lut.frontends.nodes import arithmetic, elementwise, layers, moving, normalising, quantised
from lut.frontends.nodes.checking import check_types, check_use, check_written
from lut.frontends.nodes.graph import MALFORMED, Graph, Node
from lut.frontends.nodes.layouts import find_images
from lut.frontends.nodes.multiply_adds import count_multiply_adds
from lut.frontends.nodes.multiplying_nothing import MULTIPLY_NOTHING
from lut.frontends.nodes.net import MappedNet, Mapper
from lut.frontends.nodes.rewriting import Rewriting
from lut.frontends.nodes.simplifying import simplify
from lut.frontends.nodes.types import Types
from lut.frontends.nodes.watching import Watch
from lut.ops import FLOAT, UINT8, multiply_adds

__all__ = ["Mapped", "map_graph"]

MAPPERS: dict[str, Mapper] = {
    op_type: mapper
    for module in (arithmetic, elementwise, layers, moving, normalising, quantised)
    for op_type, mapper in module.MAPPERS.items()
}
"""By ONNX's operator type."""

_CONTROL_FLOW = {"If", "Loop", "Scan", "SequenceMap"}


@dataclass(frozen=True)
class Mapped:
    """A graph as operators, what became of each of its nodes, and the names of what the net gives."""

    named: tuple[NamedOp, ...]
    fates: tuple[Fate, ...]
    outputs: frozenset[str]


def map_graph(graph: Graph, precision: str | None = None) -> Mapped:
    """Write a graph's operators, and say what became of each of its nodes, in the graph's order.

    Args:
        graph: the model.
        precision: "int8" or "fp32", for a model of floats; None takes it as it is.

    Raises:
        ModelError: the model is quantised and `precision` is "fp32", a node decides what runs, or two write
            one tensor.
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
    types = Types(rewriting)
    if types.quantised and precision == "fp32":
        raise ModelError(
            "the model is quantised: it runs in 8 bits. Leave --precision out, or export it in floats."
        )
    in_bytes = None if precision == "int8" and not types.quantised else types.quantised
    images = graph.images if graph.channels_last else find_images(rewriting)
    net = MappedNet(rewriting, in_bytes, types, images)
    for name in graph.inputs:
        net.feed(name, graph.value(name).shape, UINT8 if name in types.quantised else FLOAT)
    fates = dict(rewriting.fates)
    for node in rewriting:
        fates[node.place] = _map_node(net, node, precision)
    ends = _map_outputs(net)
    _drop_unread_conversions(net)
    ordered = tuple(replace(fates[place], op_type=node.op_type) for place, node in enumerate(graph.nodes))
    given = {held for name in rewriting.outputs for held in net.names_of(name)}
    operators = fuse_activations(net.writer.named, {"Int8Conv"}, given)
    return Mapped(operators, (*ordered, *ends), frozenset(given))


def _map_node(net: MappedNet, node: Node, precision: str | None) -> Fate:
    before = len(net.writer.named)
    mapper = MAPPERS.get(node.op_type)
    net.begin()
    try:
        if node.refusal or mapper is None:
            raise ModelError(node.refusal or "no operator here stands for its type")
        check_types(net, node, precision)
        seen = Watch(node)
        reason = mapper(net, seen.node)
        check_use(net, seen, node)
        check_written(net, node, is_free=reason is not None, operators=len(net.writer.named) - before)
    except (ModelError, *MALFORMED) as error:
        written = net.writer.named[before:]
        conversions = [each for each in written if each.outputs[0] in net.converted]
        net.left_over |= {each.outputs[0] for each in conversions}
        net.writer.named[before:] = conversions
        _go_on_behind(net, node)
        words = str(error) if isinstance(error, ModelError) else f"it is malformed ({error})"
        lost = count_multiply_adds(net.graph.graph, node)
        return Fate(node.name, node.op_type, "unmapped", words, lost)
    written = net.writer.named[before:]
    if reason is not None and not written:
        return Fate(node.name, node.op_type, "free", reason)
    names = ", ".join(each.op.op_type for each in written)
    # A factor for each channel is a convolution for engines, and yet no sum of products.
    made = 0 if node.op_type in MULTIPLY_NOTHING else sum(multiply_adds(each.op) for each in written)
    return Fate(node.name, node.op_type, "operators", names, made)


def _go_on_behind(net: MappedNet, node: Node) -> None:
    """Let what follows an unmapped node read what that reads or, where it gives another shape, an input."""
    dynamic, _ = net.graph.split_constants(node)
    source = dynamic[0] if dynamic and net.is_held(dynamic[0]) else None
    values = net.graph.graph.values
    for name in filter(net.graph.is_read, node.outputs):
        value = values.get(name)
        if (
            source is not None
            and value is not None
            and name == node.output
            and value == values.get(source)
            and net.is_quantized(name) == net.is_quantized(source)
        ):
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
            each
            for each in net.writer.named
            if each.outputs[0] not in net.left_over or each.outputs[0] in read
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
