"""Quantised models: QDQ, float operators between QuantizeLinear and DequantizeLinear, and QOperator.

Either way it is told of each tensor whether it is held in 8 bits; operators run in the type of their output.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lut.errors import ModelError
from lut.frontends.nodes.graph import Node
from lut.frontends.nodes.net import MappedNet, Mapper
from lut.frontends.nodes.rewriting import Rewriting
from lut.frontends.nodes.types import BYTES
from lut.ops import FLOAT, UINT8

__all__ = ["MAPPERS", "PLAIN", "make_plain"]

PLAIN: dict[str, tuple[str, tuple[int, ...]]] = {
    "QLinearConv": ("Conv", (0, 3, 8)),
    "QLinearMatMul": ("MatMul", (0, 3)),
    "com.microsoft.QGemm": ("Gemm", (0, 3, 6)),
    "com.microsoft.QLinearAdd": ("Add", (0, 3)),
    "com.microsoft.QLinearAveragePool": ("AveragePool", (0,)),
    "com.microsoft.QLinearGlobalAveragePool": ("GlobalAveragePool", (0,)),
    "com.microsoft.QLinearLeakyRelu": ("LeakyRelu", (0,)),
    "com.microsoft.QLinearMul": ("Mul", (0, 3)),
    "com.microsoft.QLinearSigmoid": ("Sigmoid", (0,)),
    "com.microsoft.QLinearSoftmax": ("Softmax", (0,)),
}
"""Quantised operators as plain ones, and which of their inputs are neither scales nor zero points."""


def make_plain(graph: Rewriting, node: Node) -> None:
    """Write a quantised operator as the plain one that it stands for."""
    attributes = {name: value for name, value in node.attributes.items() if (name, value) not in _DEFAULTS}
    if node.op_type == "com.microsoft.QLinearConcat":
        plain = replace(node, op_type="Concat", inputs=node.inputs[2::3], attributes=attributes)
        graph.exchange(node, plain)
    elif node.op_type in PLAIN:
        op_type, places = PLAIN[node.op_type]
        inputs = tuple(node.inputs[place] for place in places if place < len(node.inputs))
        graph.exchange(node, replace(node, op_type=op_type, inputs=inputs, attributes=attributes))


_DEFAULTS = [("channels_last", 0)]
"""Attributes of another domain than ONNX's own, whose defaults the reader does not know."""


def _quantize(net: MappedNet, node: Node) -> str | None:
    source, written = node.inputs[0], len(net.writer.named)
    before = net.graph.writer_of(source)
    if before is not None and before.op_type == "DequantizeLinear":
        if not _quantizes_alike(net, before, node):
            raise ModelError("it quantises anew, by another scale or zero point, what is in 8 bits")
    elif (value := net.graph.graph.values.get(source)) is not None and value.dtype in BYTES:
        raise ModelError("it quantises anew what is in 8 bits")
    _ignore_scale(node)
    net.take(source, UINT8)
    net.alias(node.outputs[0], source, UINT8)
    return "what it reads is in 8 bits already" if len(net.writer.named) == written else None


def _quantizes_alike(net: MappedNet, dequantize: Node, quantize: Node) -> bool:
    """Tell whether two nodes have the same scale and zero point, by name or by value."""
    first_inputs, second_inputs = dequantize.inputs[1:3], quantize.inputs[1:3]
    if not first_inputs or len(first_inputs) != len(second_inputs):
        return False
    pairs = zip(first_inputs, second_inputs, strict=True)
    for one, other in pairs:
        first, second = net.graph.numbers(one), net.graph.numbers(other)
        if one != other and (first is None or second is None or not np.array_equal(first, second)):
            return False
    return True


def _dequantize(net: MappedNet, node: Node) -> str | None:
    _ignore_scale(node)
    name = node.outputs[0]
    net.alias(name, node.inputs[0])
    reads_floats = [
        reader.op_type != "QuantizeLinear" and not net.is_quantized(reader.output)
        for reader in net.graph.readers_of(name)
    ]
    if name in net.graph.outputs or any(reads_floats):
        written = len(net.writer.named)
        net.take(name, FLOAT)
        return None if len(net.writer.named) > written else "its floats were made before"
    return "what reads it runs in 8 bits"


def _ignore_scale(node: Node) -> None:
    """Say that a scale and a zero point, and the axis along which they differ, take no time."""
    _ = node.inputs[1:3], node.attributes.get("axis"), node.attributes.get("output_dtype")


MAPPERS: dict[str, Mapper] = {"DequantizeLinear": _dequantize, "QuantizeLinear": _quantize}
