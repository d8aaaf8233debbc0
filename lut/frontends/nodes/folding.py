"""What is folded into an operator with weights: factors, summands, normalisations, pads."""

from __future__ import annotations

from dataclasses import replace

from lut.frontends.nodes.constants import is_by_channel, read_pads
from lut.frontends.nodes.graph import Node
from lut.frontends.nodes.idle import gives_more, is_after_training
from lut.frontends.nodes.rewriting import Rewriting
from lut.frontends.nodes.types import WEIGHTED

__all__ = ["fold", "fold_pad"]

_PARAMETRIC = WEIGHTED | {"BatchNormalization"}
"""Operators with parameters, into which factors and summands of channels are folded."""

_FOLDED = {"Add", "BatchNormalization", "Div", "Mul", "Sub"}


def fold(graph: Rewriting, node: Node) -> None:
    """Fold what multiplies and adds constants for each channel into the operator with weights before it."""
    takes = (
        node.op_type in _PARAMETRIC
        and len(node.inputs) > 1
        and node.inputs[1] in graph.constants
        and not gives_more(graph, node)
        and (node.op_type != "BatchNormalization" or is_after_training(graph, node))
    )
    if not takes:
        return
    while (behind := graph.only_reader(node.outputs[0])) is not None and _is_foldable(graph, node, behind):
        folded = (
            "batch normalisation"
            if behind.op_type == "BatchNormalization"
            else f"its {behind.op_type} by constants"
        )
        adds = behind.op_type in ("Add", "BatchNormalization", "Sub")
        reason = f"folded into {node.name!r}: {folded} changes weights and bias only"
        node = graph.join(node, behind, reason, **({"has_bias": True} if adds else {}))


def _is_foldable(graph: Rewriting, node: Node, behind: Node) -> bool:
    if behind.op_type not in _FOLDED or behind.refusal or gives_more(graph, behind):
        return False
    dynamic, fixed = graph.split_constants(behind)
    if len(dynamic) != 1 or (behind.op_type == "Div" and dynamic[0] != behind.inputs[0]):
        return False
    shape = graph.shape(node.outputs[0])
    # A matrix product has its weights by the last dimension, all others by the second.
    is_product = node.op_type in ("Gemm", "MatMul") and node.outputs[0] not in graph.graph.images
    axis = len(shape) - 1 if is_product else 1
    if behind.op_type == "BatchNormalization":
        return (
            dynamic[0] == behind.inputs[0]
            and len(fixed) == 4
            and axis == 1
            and is_after_training(graph, behind)
        )
    return len(fixed) == 1 and not behind.attributes and is_by_channel(graph.shape(fixed[0]), shape, axis)


def fold_pad(graph: Rewriting, node: Node) -> None:
    """Pad within the convolution that alone reads the padded tensor."""
    reader = graph.only_reader(node.outputs[0]) if node.op_type == "Pad" else None
    if reader is None or reader.op_type != "Conv" or reader.inputs[0] != node.outputs[0] or reader.refusal:
        return
    if reader.inputs.count(node.outputs[0]) > 1:
        return
    pads = read_pads(graph, node)
    is_spatial = pads is not None and len(pads) == 8 and not any(pads[place] for place in (0, 1, 4, 5))
    if (
        pads is None
        or not is_spatial
        or min(pads) < 0
        or reader.attributes.get("auto_pad", "NOTSET") not in ("NOTSET", "VALID")
    ):
        return
    own = reader.attributes.get("pads", (0, 0, 0, 0))
    added = tuple(a + b for a, b in zip(own, (pads[2], pads[3], pads[6], pads[7]), strict=True))
    attributes = {**reader.attributes, "auto_pad": "NOTSET", "pads": added}
    graph.put(reader, [], replace(reader, attributes=attributes))
    graph.drop(node, f"folded into {reader.name!r}, which pads by itself")
