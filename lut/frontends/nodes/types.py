"""Which types the tensors of a model have, and which of them are held in 8 bits.

A model is quantised where its activations are: by QuantizeLinear and DequantizeLinear, by operators on
quantised tensors, or since its format says so. Weights alone in 8 bits, an image of bytes and an index that
is given as bytes don't make it one.
"""

from __future__ import annotations

from lut.frontends.nodes.graph import Node
from lut.frontends.nodes.rewriting import Rewriting
from lut.ops import FLOAT

__all__ = ["BYTES", "WEIGHTED", "Types"]

BYTES = frozenset({2, 3})
"""ONNX's numbers of 8-bit types, without a sign and with one."""

_UINT8 = 2

WEIGHTED = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul"})
"""Operators with a weight; it is their second input."""

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


class Types:
    """The types of a graph's tensors, by their numbers, and the tensors that are held in 8 bits.

    What a DequantizeLinear gives has the type of what it reads here: that is what an engine computes on.
    """

    def __init__(self, graph: Rewriting) -> None:
        self._graph = graph
        self._known = {name: value.dtype for name, value in graph.graph.values.items()}
        for node in graph.graph.nodes:
            if node.op_type == "QuantizeLinear":
                self._known.setdefault(node.output, self._read_zero_point(node))
            elif node.op_type == "DequantizeLinear" and node.inputs:
                dtype = self._known.setdefault(node.inputs[0], self._read_zero_point(node))
                self._known[node.output] = dtype
        wanted = self._find_wanted()
        self.quantised = self._find_quantised(wanted)

    def of(self, name: str) -> int | None:
        """Give the number of a tensor's type; None where it is not known."""
        return self._known.get(name)

    def _read_zero_point(self, node: Node) -> int:
        """Give the type of what a node quantises to, or from, bytes if it has none."""
        zero = self._known.get(node.inputs[2]) if len(node.inputs) > 2 else None
        return _UINT8 if zero is None else zero

    def _find_wanted(self) -> set[str]:
        """Name the tensors that are quantised wherever they are read; note those that other types are for."""
        graph = self._graph
        wanted: set[str] = set()
        for node in reversed(list(graph)):
            for name in filter(None, node.outputs):
                readers = graph.readers_of(name)
                if not readers or name in graph.outputs:
                    continue
                if all(self._wants_bytes(each, wanted) for each in readers):
                    wanted.add(name)
                types = {self._known.get(each.output) for each in readers if each.op_type == "QuantizeLinear"}
                if len(types) == 1 and all(each.op_type == "QuantizeLinear" for each in readers):
                    (dtype,) = types
                    if dtype is not None and dtype not in BYTES:
                        self._known[name] = dtype
        return wanted

    def _wants_bytes(self, reader: Node, wanted: set[str]) -> bool:
        if reader.op_type == "QuantizeLinear":
            return self._known.get(reader.output) in BYTES
        return (
            reader.op_type in _PASSED_ON
            and reader.output in wanted
            and len(self._graph.split_constants(reader)[0]) == 1
        )

    def _find_quantised(self, wanted: set[str]) -> frozenset[str]:
        graph = self._graph
        found = set(graph.graph.byte_tensors) - graph.constants
        for node in graph:
            dynamic, _ = graph.split_constants(node)
            outputs = set(filter(None, node.outputs))
            if node.op_type == "QuantizeLinear":
                found |= {name for name in outputs if self._known.get(name) in BYTES}
                continue
            if node.op_type == "DequantizeLinear":
                if self._known.get(node.output) in BYTES:
                    found |= {node.inputs[0], *outputs}
                continue
            if graph.is_exchanged(node):
                found |= outputs | set(dynamic)
                continue
            if not dynamic or not set(dynamic) <= found:
                continue
            # Behind operators of other domains nothing is known of a tensor: it is what the node reads.
            is_bytes = self._known.get(node.output) in (*BYTES, None)
            if is_bytes or (node.output in wanted and self._takes_weight(node)):
                found |= outputs
        return frozenset(found)

    def _takes_weight(self, node: Node) -> bool:
        """Tell whether a node's weight is in 8 bits, or in floats, which are quantised when it is loaded."""
        if node.op_type not in WEIGHTED or len(node.inputs) < 2:
            return True
        return node.inputs[1] not in self._graph.constants or self._known.get(node.inputs[1]) in (
            FLOAT,
            *BYTES,
        )
