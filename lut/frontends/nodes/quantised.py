"""Quantised models: QDQ, float operators between QuantizeLinear and DequantizeLinear, and QOperator.

Either way it is told of each tensor whether it is held in 8 bits; operators run in the type of their output.
"""

from __future__ import annotations

from dataclasses import replace

from lut.frontends.nodes.graph import Node
from lut.frontends.nodes.net import MappedNet, Mapper
from lut.frontends.nodes.rewriting import Rewriting
from lut.ops import FLOAT, UINT8

__all__ = ["MAPPERS", "find_quantized", "make_plain"]

_BYTES = {2, 3}
"""ONNX's numbers of 8-bit types, without a sign and with one."""

_PASSED_ON = {
    "Clip",
    "Flatten",
    "HardSwish",
    "MaxPool",
    "Relu",
    "Reshape",
    "Squeeze",
    "Transpose",
    "Unsqueeze",
}
"""Operators that run in 8 bits, and so does what alone feeds them, if what they give is quantised."""

_PLAIN: dict[str, tuple[str, tuple[int, ...]]] = {
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
    if node.op_type == "com.microsoft.QLinearConcat":
        graph.exchange(node, replace(node, op_type="Concat", inputs=node.inputs[2::3]))
    elif node.op_type in _PLAIN:
        op_type, places = _PLAIN[node.op_type]
        inputs = tuple(node.inputs[place] for place in places if place < len(node.inputs))
        graph.exchange(node, replace(node, op_type=op_type, inputs=inputs))


def find_quantized(graph: Rewriting) -> frozenset[str]:
    """Name the tensors that a quantised model holds in 8 bits; none of a float model."""
    values = graph.graph.values
    found = {name for name, value in values.items() if value.dtype in _BYTES}
    for node in graph:
        dynamic, _ = graph.split_constants(node)
        # Behind operators of other domains nothing is known of a tensor: it is what the node reads.
        is_unknown = node.outputs[0] not in values and set(dynamic) <= found
        if node.op_type == "DequantizeLinear" or graph.is_exchanged(node) or is_unknown:
            found |= set(node.outputs)
    for node in reversed(list(graph)):
        for name in node.outputs:
            readers = graph.readers_of(name)
            if (
                readers
                and name not in graph.outputs
                and all(_reads_bytes(graph, each, found) for each in readers)
            ):
                found.add(name)
    return frozenset(found)


def _reads_bytes(graph: Rewriting, reader: Node, found: set[str]) -> bool:
    if reader.op_type == "QuantizeLinear":
        return True
    return (
        reader.op_type in _PASSED_ON
        and reader.outputs[0] in found
        and len(graph.split_constants(reader)[0]) == 1
    )


def _quantize(net: MappedNet, node: Node) -> str | None:
    before = len(net.writer.named)
    net.take(node.inputs[0], UINT8)
    net.alias(node.outputs[0], node.inputs[0])
    return "what it reads is in 8 bits already" if len(net.writer.named) == before else None


def _dequantize(net: MappedNet, node: Node) -> str | None:
    net.alias(node.outputs[0], node.inputs[0])
    name = node.outputs[0]
    reads_floats = [
        reader.op_type != "QuantizeLinear" and not net.is_quantized(reader.outputs[0])
        for reader in net.graph.readers_of(name)
    ]
    if name in net.graph.outputs or any(reads_floats):
        net.take(name, FLOAT)
        return None
    return "what reads it runs in 8 bits"


MAPPERS: dict[str, Mapper] = {"DequantizeLinear": _dequantize, "QuantizeLinear": _quantize}
