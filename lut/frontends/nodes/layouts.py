"""Which tensors of four dimensions are feature maps, which engines may hold with their channels last.

That is a property of a tensor, not of its rank: attention has rows in four dimensions, too. It spreads from
the operators that work on feature maps over all those that leave dimensions what they are. Where none is in
reach, a tensor is rows if an operator that rearranges dimensions is, and a feature map otherwise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from lut.frontends.nodes.constants import read_numbers
from lut.frontends.nodes.graph import Node
from lut.frontends.nodes.rewriting import Rewriting

__all__ = ["find_images", "tell_images"]

_OF_IMAGES = {
    *("AveragePool", "BatchNormalization", "ChannelShuffle", "Conv", "ConvTranspose", "DeformConv"),
    *("DepthToSpace", "GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool", "GroupNormalization"),
    *("InstanceNormalization", "LRN", "LpPool", "MaxPool", "MaxUnpool", "PRelu", "Resize", "SpaceToDepth"),
    *("Upsample", "com.microsoft.FusedConv", "ConvInteger"),
}
"""Operators whose first input and output are feature maps if they have four dimensions."""

_REARRANGING = {
    *("Einsum", "Expand", "Flatten", "Gather", "GatherElements", "GatherND", "Gemm", "MatMul", "Reshape"),
    *("ScatterElements", "ScatterND", "Squeeze", "Tile", "Transpose", "Unsqueeze"),
}
"""Operators behind which a dimension need not mean what it did before."""

_ALONG_THE_LAST = {"Einsum", "Gemm", "LayerNormalization", "MatMul"}
"""Operators whose inputs are rows along the last dimension."""


def tell_images(
    images: Iterable[str], rows: Iterable[str], groups: Iterable[Iterable[str]]
) -> frozenset[str]:
    """Return the feature maps among tensors of four dimensions.

    Args:
        images: tensors that an operator on feature maps reads or gives.
        rows: tensors that one gives that rearranges dimensions, or reads that works along the last one.
        groups: the tensors of each operator that leaves dimensions what they are.
    """
    linked: defaultdict[str, set[str]] = defaultdict(set)
    for group in map(set, groups):
        for name in group:
            linked[name] |= group
    found = _spread(images, linked)
    return (found | set(linked)) - (_spread(rows, linked) - found)


def _spread(names: Iterable[str], linked: Mapping[str, set[str]]) -> frozenset[str]:
    found = set(names)
    waiting = list(found)
    while waiting:
        added = linked.get(waiting.pop(), set()) - found
        found |= added
        waiting.extend(added)
    return frozenset(found)


def find_images(graph: Rewriting) -> frozenset[str]:
    """Return the names of the feature maps of a graph that has channels first."""
    images: list[str] = []
    rows: list[str] = []
    groups: list[list[str]] = []
    for node in graph:
        names = [
            name
            for name in filter(None, (*node.inputs, *node.outputs))
            if name not in graph.constants and (name not in graph.graph.values or len(graph.shape(name)) == 4)
        ]
        if node.op_type in _OF_IMAGES or _pools(graph, node):
            images += names
        elif node.op_type in _ALONG_THE_LAST or _is_along_the_last(graph, node):
            rows += names
        elif node.op_type in _REARRANGING:
            rows += [name for name in node.outputs if name in names]
        groups += [[name] for name in names] if node.op_type in _REARRANGING else [names]
    return tell_images(images, rows, groups)


def _pools(graph: Rewriting, node: Node) -> bool:
    """Tell whether a node takes the mean of all pixels."""
    if node.op_type not in ("ReduceMax", "ReduceMean") or len(graph.shape(node.inputs[0])) != 4:
        return False
    axes = read_numbers(graph, node, "axes", 1)
    return axes is not None and {axis % 4 for axis in axes} == {2, 3}


def _is_along_the_last(graph: Rewriting, node: Node) -> bool:
    """Tell whether a node has rows along the last dimension, as attention has."""
    if node.op_type not in ("LogSoftmax", "Softmax") or not node.inputs:
        return False
    rank = len(graph.shape(node.inputs[0]))
    axis = node.attributes.get("axis", 1 if graph.graph.opset < 13 else -1)
    return rank > 0 and axis % rank == rank - 1
