"""Nodes that do nothing: those that give what they are given."""

from __future__ import annotations

from collections.abc import Callable

from lut.frontends.nodes.constants import read_numbers
from lut.frontends.nodes.graph import Node
from lut.frontends.nodes.rewriting import Rewriting

__all__ = ["RESHAPES", "drop_idle", "gives_more", "is_after_training"]

RESHAPES = {"Flatten", "Reshape", "Squeeze", "Unsqueeze"}


def drop_idle(graph: Rewriting, node: Node) -> None:
    if gives_more(graph, node):
        return
    if node.op_type == "Dropout" and is_after_training(graph, node):
        graph.drop(node, "it does nothing after training")
    elif node.op_type == "Identity" or (
        node.op_type in ("Concat", "Sum", "Max", "Min") and len(node.inputs) == 1
    ):
        graph.drop(node, "it gives its input")
    elif node.op_type in (*RESHAPES, "Cast", "Expand", *_IDLE) and _gives_its_input(graph, node):
        graph.drop(node, "its output is its input")


def _gives_its_input(graph: Rewriting, node: Node) -> bool:
    values = graph.graph.values
    before, after = values.get(node.inputs[0]), values.get(node.outputs[0])
    if before is None or before != after:
        return False
    if node.op_type in RESHAPES and graph.graph.own_shape(node.inputs[0]) != graph.graph.own_shape(
        node.outputs[0]
    ):
        return False
    return _IDLE[node.op_type](graph, node) if node.op_type in _IDLE else True


def _cuts_nothing(graph: Rewriting, node: Node) -> bool:
    """Tell whether a Slice to the same shape runs forwards."""
    if not (node.inputs[4:5] and node.inputs[4]):
        return True
    steps = read_numbers(graph, node, "steps", 4)
    return steps is not None and min(steps, default=1) > 0


def _resizes_nothing(graph: Rewriting, node: Node) -> bool:
    """Tell whether a Resize to the same shape takes each pixel as it is."""
    if node.attributes.get("coordinate_transformation_mode") == "tf_crop_and_resize":
        return False
    scales = node.attributes.get("scales")
    place = 1 if node.op_type == "Upsample" or graph.graph.opset < 11 else 2
    if node.inputs[place : place + 1] and node.inputs[place] and graph.shape(node.inputs[place]) != (0,):
        given = graph.numbers(node.inputs[place])
        scales = None if given is None else given.reshape(-1)
        if scales is None:
            return False
    return scales is None or all(scale == 1 for scale in scales)


_IDLE: dict[str, Callable[[Rewriting, Node], bool]] = {
    "Resize": _resizes_nothing,
    "Slice": _cuts_nothing,
    "Upsample": _resizes_nothing,
}
"""Operators that may give another tensor of the same shape, and what tells whether they do."""


def gives_more(graph: Rewriting, node: Node) -> bool:
    """Tell whether more is read of a node than its first output."""
    return not node.outputs[0] or any(map(graph.is_read, node.outputs[1:]))


def is_after_training(graph: Rewriting, node: Node) -> bool:
    """Tell whether a Dropout or batch normalisation does nothing but what it does after training."""
    if node.op_type == "Dropout" and node.inputs[2:3] and node.inputs[2]:
        return graph.number(node.inputs[2]) == 0
    if graph.graph.opset < 7:
        return bool(node.attributes.get("is_test"))
    return not node.attributes.get("training_mode")
