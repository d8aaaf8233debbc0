"""Reshapes at the ends of an operator, which cost nothing in a net."""

from __future__ import annotations

from dataclasses import replace

from bench.engines.xnnpack.graph import Graph, Tensor

__all__ = ["drop_outer_reshapes"]


def drop_outer_reshapes(graph: Graph) -> None:
    """Give inputs and outputs the dimensions of what they are reshaped to, or from, and drop the reshapes.

    Within a net the engine reshapes in place, for nothing. From a buffer outside into another it copies all
    values: with a reshape at each end, a channel shuffle takes three times as long as it does in a net. What
    does nothing but reshape is left as it is.
    """
    for node in tuple(graph.nodes):
        if node.kind != "reshape":
            continue
        before, after = node.tensors
        assert before is not None
        assert after is not None
        if before.role == "input" and after.role == "inner" and _count_uses(graph, before) == 1:
            _merge(graph, before, after)
        elif after.role == "output" and before.role == "inner" and _count_uses(graph, before) == 2:
            _merge(graph, after, before)


def _count_uses(graph: Graph, tensor: Tensor) -> int:
    return sum(each is tensor for node in graph.nodes for each in node.tensors)


def _merge(graph: Graph, outer: Tensor, inner: Tensor) -> None:
    """Let one value, in the inner one's dimensions, stand for both, and drop the reshape between them."""
    merged = replace(inner, role=outer.role, data=outer.data)
    graph.tensors = [merged if each is outer else each for each in graph.tensors if each is not inner]
    graph.nodes = [
        replace(node, tensors=tuple(merged if each in (outer, inner) else each for each in node.tensors))
        for node in graph.nodes
        if not (outer in node.tensors and inner in node.tensors)
    ]
