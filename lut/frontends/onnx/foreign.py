"""What the types give that ONNX Runtime writes: for these ONNX has no rules, so that theirs are here.

Most give what one of ONNX's own types gives on some of their inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import TypeAlias

import numpy as np

from lut.frontends.nodes import PLAIN, Node, Value
from lut.ops import FLOAT

__all__ = ["DOMAIN", "SAME", "find_plain", "infer_foreign"]

DOMAIN = "com.microsoft"

SAME = frozenset({"DequantizeLinear", "QuantizeLinear"})
"""Types of that domain that are ONNX's own ones."""

_QUANTISED = {
    **PLAIN,
    "com.microsoft.QLinearReduceMean": ("ReduceMean", (0,)),
}
"""Types in 8 bits as plain ones, and which of their inputs those take; they keep the type of the first."""

_FUSED = {
    "com.microsoft.FusedConv": ("Conv", (0, 1)),
    "com.microsoft.FusedGemm": ("Gemm", (0, 1)),
    "com.microsoft.DynamicQuantizeMatMul": ("MatMul", (0, 1)),
    "com.microsoft.MatMulIntegerToFloat": ("MatMul", (0, 1)),
}

_AS_ITS_INPUT = {
    *("BiasGelu", "FastGelu", "Gelu", "LayerNormalization", "QuickGelu", "SimplifiedLayerNormalization"),
    *("SkipLayerNormalization", "SkipSimplifiedLayerNormalization"),
}

Values: TypeAlias = Mapping[str, Value]


def find_plain(node: Node) -> tuple[str, tuple[str, ...]] | None:
    """Give ONNX's type of which a node has the shape, with that one's inputs; None where there is none."""
    if node.op_type == "com.microsoft.QLinearConcat":
        return "Concat", node.inputs[2::3]
    found = _QUANTISED.get(node.op_type) or _FUSED.get(node.op_type)
    if found is None or node.attributes.get("channels_last"):
        return None
    op_type, places = found
    if node.op_type == "com.microsoft.QGemm":
        places = places[:2]
    return op_type, tuple(node.inputs[place] for place in places if place < len(node.inputs))


def type_of(node: Node, values: Values) -> int:
    """Give the type of what such a node gives: that of its zero point, or of floats."""
    if node.op_type == "com.microsoft.QLinearConcat":
        return values[node.inputs[1]].dtype
    if node.op_type == "com.microsoft.QGemm":
        return values[node.inputs[8]].dtype if any(node.inputs[8:9]) else FLOAT
    return FLOAT if node.op_type in _FUSED else values[node.inputs[0]].dtype


def infer_foreign(node: Node, values: Values) -> dict[str, Value]:
    """Give what the outputs of a node are of which ONNX has no type like it; {} where that is not known.

    Raises:
        KeyError: the shape of an input is not known.
    """
    domain, _, name = node.op_type.rpartition(".")
    if domain != DOMAIN:
        return {}
    if name in _AS_ITS_INPUT:
        value = values[node.inputs[0]]
        # The fourth output is the sum of both inputs; means and deviations behind the first are for training.
        return {each: value for each in (*node.outputs[:1], *node.outputs[3:4]) if each}
    rule = _RULES.get(name)
    if rule is None:
        return {}
    return {node.outputs[0]: Value(rule(node, values), FLOAT)}


def _fused_product(node: Node, values: Values) -> tuple[int, ...]:
    first, second = (values[name].shape for name in node.inputs[:2])
    if node.attributes.get("transBatchA") or node.attributes.get("transBatchB"):
        raise KeyError(node.op_type)
    rows = first[-1 if node.attributes.get("transA") else -2]
    columns = second[-2 if node.attributes.get("transB") else -1]
    batch = np.broadcast_shapes(first[:-2], second[:-2])
    return (*map(int, batch), rows, columns)


def _narrow_product(node: Node, values: Values) -> tuple[int, ...]:
    return (*values[node.inputs[0]].shape[:-1], int(node.attributes["N"]))


def _attention(node: Node, values: Values) -> tuple[int, ...]:
    batch, rows, _ = values[node.inputs[0]].shape
    width = values[node.inputs[1]].shape[1]
    sizes = node.attributes.get("qkv_hidden_sizes") or (width // 3,) * 3
    return batch, rows, int(sizes[2])


def _multi_head_attention(node: Node, values: Values) -> tuple[int, ...]:
    query = values[node.inputs[0]].shape
    hidden = prod((query[2], *query[4:]))
    if any(node.inputs[2:3]):
        value = values[node.inputs[2]].shape
        hidden = value[1] * value[3] if len(value) == 4 else value[2]
    return (*query[:2], hidden)


_RULES: dict[str, Callable[[Node, Values], tuple[int, ...]]] = {
    "Attention": _attention,
    "FusedMatMul": _fused_product,
    "MatMulNBits": _narrow_product,
    "MultiHeadAttention": _multi_head_attention,
    "QAttention": _attention,
}
