"""Which tensors of four dimensions are feature maps, which engines may hold with their channels last.

That is a property of a tensor, not of its rank: attention has rows in four dimensions, too. It spreads from
the operators that work on feature maps over all those that leave dimensions what they are. Where none is in
reach, a tensor is rows if an operator that rearranges dimensions is, and a feature map otherwise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from lut.frontends.nodes.constants import read_numbers
from lut.frontends.nodes.graph import Node
from lut.frontends.nodes.rewriting import Rewriting

__all__ = ["Reach", "find_images", "tell_images"]

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


@dataclass(frozen=True)
class Reach:
    """What an operator says of tensors of four dimensions that it reads or gives.

    They are feature maps where it is of images. `rows` are those that are rows unless something else makes
    them feature maps. Where it `keeps` what dimensions are, all of them are of one kind.
    """

    names: Sequence[str]
    of_images: bool
    rows: Collection[str]
    keeps: bool


def tell_images(reaches: Iterable[Reach]) -> frozenset[str]:
    """Return the feature maps among the tensors that operators name."""
    images: set[str] = set()
    rows: set[str] = set()
    linked: defaultdict[str, set[str]] = defaultdict(set)
    for reach in reaches:
        for name in reach.names:
            linked[name] |= set(reach.names) if reach.keeps else {name}
        (images if reach.of_images else rows).update(reach.names if reach.of_images else reach.rows)
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
    return tell_images(_reach(graph, node) for node in graph)


def _reach(graph: Rewriting, node: Node) -> Reach:
    names = [
        name
        for name in filter(None, (*node.inputs, *node.outputs))
        if name not in graph.constants and (name not in graph.graph.values or len(graph.shape(name)) == 4)
    ]
    rearranges = node.op_type in _REARRANGING
    if node.op_type in _ALONG_THE_LAST or _is_along_the_last(graph, node):
        rows: Collection[str] = names
    else:
        rows = node.outputs if rearranges else ()
    of_images = node.op_type in _OF_IMAGES or _pools(graph, node)
    return Reach(names, of_images, set(rows) & set(names), keeps=not rearranges)


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
