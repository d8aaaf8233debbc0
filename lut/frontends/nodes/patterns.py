"""Operators that exporters write as several nodes: GELU by its error function, GroupNorm by InstanceNorm.

What is quantised between the parts is looked through: an engine computes such an operator at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isclose, sqrt

from lut.frontends.nodes.constants import is_by_channel
from lut.frontends.nodes.graph import Node
from lut.frontends.nodes.rewriting import Rewriting

__all__ = ["find_gelu", "find_group_norm"]


@dataclass(frozen=True)
class _Origin:
    """What lies behind a tensor: the node that computes it, and those that quantise it in between.

    `name` is what it gives or, where nothing gives it, what is read.
    """

    name: str
    node: Node | None
    between: tuple[Node, ...] = ()

    @property
    def parts(self) -> list[Node]:
        """All of these nodes."""
        return [*self.between, *([] if self.node is None else [self.node])]


_QUANTISING = ("DequantizeLinear", "QuantizeLinear")


def _trace(graph: Rewriting, name: str) -> _Origin:
    """Follow a tensor back to what computes it."""
    between: list[Node] = []
    node = graph.writer_of(name)
    while node is not None and node.op_type in _QUANTISING:
        between.append(node)
        name = node.inputs[0]
        node = graph.writer_of(name)
    return _Origin(name, node, tuple(between))


def _follow(graph: Rewriting, name: str) -> _Origin:
    """Follow a tensor to the one node that computes with it; what is read more than once ends there."""
    between: list[Node] = []
    node = graph.only_reader(name)
    while node is not None and node.op_type in _QUANTISING:
        between.append(node)
        name = node.output
        node = graph.only_reader(name)
    return _Origin(name, node, tuple(between))


def _undo(graph: Rewriting, node: Node | None, op_types: tuple[str, ...], number: float) -> str | None:
    """Give the tensor that a node adds a number to, multiplies by it or divides; None if it is another."""
    if node is None or node.op_type not in op_types or len(node.inputs) != 2:
        return None
    for variable, fixed in (node.inputs, node.inputs[::-1]):
        found = graph.number(fixed)
        if not found or (node.op_type == "Div" and variable != node.inputs[0]):
            continue
        factor = 1 / found if node.op_type == "Div" else found
        return variable if isclose(factor, number, rel_tol=_NEAR) else None
    return None


_NEAR = 0.02
"""A number that is stored in 8 bits may be off by so much."""


def find_gelu(graph: Rewriting, last: Node) -> None:
    """Take x / 2 (1 + erf(x / √2)), in whatever order it is multiplied, as a Gelu."""
    if last.op_type != "Mul":
        return
    factor, leaves, parts = _list_factors(graph, last)
    if len(leaves) != 2 or not isclose(factor, 0.5, rel_tol=_NEAR):
        return
    for source, gate in (leaves, leaves[::-1]):
        found = _match_gate(graph, gate, _trace(graph, source).name)
        if found is not None and _are_read_within(graph, last, [*parts, *found]):
            graph.put(last, [*parts, *found], Node(last.name, "Gelu", (source,), last.outputs))
            return


def _list_factors(graph: Rewriting, node: Node) -> tuple[float, list[str], list[Node]]:
    """Give the number and the tensors that are multiplied, and the nodes before the last that do it."""
    factor, leaves, parts = 1.0, list[str](), list[Node]()
    for name in node.inputs:
        number = graph.number(name)
        origin = _trace(graph, name)
        before = origin.node
        if number is not None:
            factor *= number
        elif before is not None and before.op_type == "Mul" and _is_read_by_one(graph, origin):
            inner, its_leaves, its_parts = _list_factors(graph, before)
            factor *= inner
            leaves += its_leaves
            parts += [*origin.parts, *its_parts]
        else:
            leaves.append(name)
    return factor, leaves, parts


def _is_read_by_one(graph: Rewriting, origin: _Origin) -> bool:
    return all(graph.only_reader(part.output) is not None for part in origin.parts)


def _match_gate(graph: Rewriting, gate: str, source: str) -> list[Node] | None:
    """Give the nodes that compute 1 + erf(x / √2) of a tensor."""
    parts: list[Node] = []
    for op_types, number in ((("Add",), 1.0), (("Erf",), 0.0), (("Div", "Mul"), 1 / sqrt(2))):
        origin = _trace(graph, gate)
        node = origin.node
        if node is None or node.op_type not in op_types:
            return None
        before = _undo(graph, node, op_types, number) if number else node.inputs[0]
        if before is None:
            return None
        parts += origin.parts
        gate = before
    return parts if _trace(graph, gate).name == source else None


def find_group_norm(graph: Rewriting, last: Node) -> None:
    """Take an InstanceNorm over groups of channels, with factors and summands behind it, as a GroupNorm.

    The groups are the channels of a tensor of three dimensions; `last` gives an image its own again.
    """
    if last.op_type != "Reshape":
        return
    behind = _trace(graph, last.inputs[0])
    if behind.node is None or behind.node.op_type != "InstanceNormalization":
        return
    before = _trace(graph, behind.node.inputs[0])
    if before.node is None or before.node.op_type != "Reshape":
        return
    source = before.node.inputs[0]
    image, apart = graph.shape(source), graph.shape(before.node.output)
    if len(image) != 4 or graph.shape(last.output) != image or len(apart) != 3 or apart[0] != image[0]:
        return
    parts, end = [*behind.parts, *before.parts], last
    for op_type in ("Mul", "Add"):
        origin = _follow(graph, end.output)
        reader = origin.node
        fixed = [] if reader is None else graph.split_constants(reader)[1]
        if reader is None or reader.op_type != op_type or reader.refusal or len(fixed) != 1:
            break
        if not is_by_channel(graph.shape(fixed[0]), image):
            break
        parts += [end, *origin.between]
        end = reader
    if _are_read_within(graph, end, parts):
        inputs, groups = (source, *behind.node.inputs[1:]), {"num_groups": apart[1]}
        graph.put(end, parts, Node(end.name, "GroupNormalization", inputs, end.outputs, groups))


def _are_read_within(graph: Rewriting, last: Node, parts: list[Node]) -> bool:
    """Tell whether what parts give is read by them and the last node alone."""
    places = {part.place for part in parts} | {last.place}
    return all(
        name not in graph.outputs and all(reader.place in places for reader in graph.readers_of(name))
        for part in parts
        for name in part.outputs
    )
