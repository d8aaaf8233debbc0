"""What the constants of a graph say of its nodes: bounds, pads, axes, factors of channels."""

from __future__ import annotations

from math import prod

from lut.frontends.nodes.graph import Node
from lut.frontends.nodes.rewriting import Rewriting

__all__ = ["is_by_channel", "read_bounds", "read_numbers", "read_pads"]


def read_numbers(graph: Rewriting, node: Node, name: str, place: int) -> tuple[int, ...] | None:
    """Give whole numbers that are an attribute in old opsets, and the input at a place in new ones.

    None where they are not given, or computed from the net's input.
    """
    if name in node.attributes:
        return tuple(map(int, node.attributes[name]))
    if len(node.inputs) <= place or not node.inputs[place]:
        return None
    numbers = graph.numbers(node.inputs[place])
    return None if numbers is None else tuple(map(int, numbers.reshape(-1)))


def read_bounds(graph: Rewriting, clip: Node) -> tuple[float, float] | None:
    """Give the least and the most that a Clip leaves; None where they are computed from the input."""
    bounds = [clip.attributes.get("min", -float("inf")), clip.attributes.get("max", float("inf"))]
    for place, name in enumerate(clip.inputs[1:3]):
        if name:
            number = graph.number(name)
            if number is None:
                return None
            bounds[place] = number
    return float(bounds[0]), float(bounds[1])


def read_pads(graph: Rewriting, node: Node) -> tuple[int, ...] | None:
    """Give the pads of a Pad by zeros, those before all dimensions first; None where it is another."""
    if node.attributes.get("mode", "constant") != "constant":
        return None
    pads = read_numbers(graph, node, "pads", 1)
    value = node.attributes.get("value", 0.0)
    if len(node.inputs) > 2 and node.inputs[2]:
        value = graph.number(node.inputs[2])
    if pads is None or value != 0 or len(node.inputs) > 3:
        return None
    return pads


def is_by_channel(constant: tuple[int, ...], shape: tuple[int, ...], axis: int = 1) -> bool:
    """Tell whether a constant holds one number, or one for each channel of a tensor; those are an axis of it.

    It adds no dimensions to the tensor.
    """
    if not shape or len(constant) > len(shape):
        return False
    if prod(constant) == 1:
        return True
    padded = (1,) * (len(shape) - len(constant)) + constant
    return padded == tuple(size if at == axis % len(shape) else 1 for at, size in enumerate(shape))
