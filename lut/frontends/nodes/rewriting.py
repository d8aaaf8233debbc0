"""A graph while its nodes are put together: what an engine runs as one operator is several nodes in ONNX."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lut.errors import ModelError
from lut.frontends.fates import Fate
from lut.frontends.nodes.graph import Graph, Node

__all__ = ["Rewriting"]


class Rewriting:
    """The nodes that are left, by their places, and what became of the others.

    Raises:
        ModelError: a node gives nothing, or two nodes write one tensor.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.constants = set(graph.parameters)
        self.outputs = graph.outputs
        self.fates: dict[int, Fate] = {}
        self._exchanged: set[int] = set()
        self._dequantizing = {
            node.output: node
            for node in graph.nodes
            if node.op_type == "DequantizeLinear" and node.inputs[1:]
        }
        self._nodes: dict[int, Node] = {}
        self._writers: dict[str, int] = {}
        self._readers: defaultdict[str, list[int]] = defaultdict(list)
        for place, node in enumerate(graph.nodes):
            if not node.output:
                raise ModelError(
                    f"its node {node.name!r} ({node.op_type}) gives nothing; only nodes that compute a "
                    f"tensor are known here. Export the model without it"
                )
            self._put(replace(node, place=place))

    def __iter__(self) -> Iterator[Node]:
        return iter(list(self._nodes.values()))

    def holds(self, node: Node) -> bool:
        """Tell whether a node is there still, as it is."""
        return self._nodes.get(node.place) is node

    def writer_of(self, name: str) -> Node | None:
        """Give the node that writes a tensor; None where that is malformed."""
        node = self._nodes.get(self._writers.get(name, -1))
        return None if node is None or node.refusal else node

    def readers_of(self, name: str) -> list[Node]:
        """List the nodes that read a tensor."""
        places = dict.fromkeys(self._readers[name])
        return [node for place in places if (node := self._nodes.get(place)) and name in node.inputs]

    def is_read(self, name: str) -> bool:
        """Tell whether a node reads a tensor, or the net gives it."""
        return bool(name) and (name in self.outputs or bool(self.readers_of(name)))

    def only_reader(self, name: str) -> Node | None:
        """Give the node that alone reads a tensor; None where the net itself gives it, or several read it."""
        readers = self.readers_of(name)
        return readers[0] if len(readers) == 1 and name not in self.outputs else None

    def split_constants(self, node: Node) -> tuple[list[str], list[str]]:
        """Give the inputs that depend on the net's, and those that don't."""
        inputs = [name for name in node.inputs if name]
        return (
            [name for name in inputs if name not in self.constants],
            [name for name in inputs if name in self.constants],
        )

    def shape(self, name: str) -> tuple[int, ...]:
        """Give a tensor's shape; () where it is not known."""
        value = self.graph.values.get(name)
        return () if value is None else value.shape

    def number(self, name: str) -> float | None:
        """Give the value of a constant that holds one number alone."""
        values = self.numbers(name)
        return None if values is None or values.size != 1 else float(values.reshape(()))

    def numbers(self, name: str) -> NDArray[np.float64] | None:
        """Give the values of a small constant, also of one that is stored in 8 bits with one scale."""
        found = self.graph.constants.get(name)
        if found is not None:
            return np.asarray(found, np.float64)
        node = self._dequantizing.get(name)
        if node is None:
            return None
        values, *scales = (self.numbers(each) for each in node.inputs[:3])
        scale, zero = (*scales, np.zeros(1))[:2]
        if values is None or scale is None or zero is None or scale.size != 1 or zero.size != 1:
            return None
        return (values - zero.reshape(())) * scale.reshape(())

    def drop(self, node: Node, reason: str) -> None:
        """Take out a node that costs no time, whose readers read its first input instead."""
        self._free(node, reason)
        if node.inputs:
            self._redirect(node.output, node.inputs[0])

    def forget(self, node: Node, reason: str) -> None:
        """Take out a node that is computed once, when the model is loaded."""
        self._free(node, reason)
        self.constants |= set(filter(None, node.outputs))

    def leave_out(self, node: Node, reason: str) -> None:
        """Take out a node that never runs."""
        self._free(node, reason)

    def join(self, first: Node, second: Node, reason: str, **attributes: object) -> Node:
        """Put the second node into the first, which writes what the second wrote from now on."""
        self._free(second, reason)
        joined = replace(first, outputs=second.outputs[:1], attributes={**first.attributes, **attributes})
        self._put(joined)
        return joined

    def exchange(self, node: Node, plain: Node) -> None:
        """Put a plain node in the place of a quantised one."""
        self._put(plain)
        self._exchanged.add(node.place)

    def is_exchanged(self, node: Node) -> bool:
        """Tell whether a node was a quantised one."""
        return node.place in self._exchanged

    def put(self, last: Node, parts: list[Node], node: Node) -> None:
        """Put a node in the place of the last of several that do together what it does."""
        for part in parts:
            self._free(part, f"a part of the {node.op_type} that ends with {last.name!r}")
        self._put(replace(node, place=last.place))

    def _free(self, node: Node, reason: str) -> None:
        """Take a node out, and note that it costs no time."""
        self.fates[node.place] = Fate(node.name, node.op_type, "free", reason)
        del self._nodes[node.place]

    def _put(self, node: Node) -> None:
        """Put a node at its place, with what it reads and writes."""
        self._nodes[node.place] = node
        for name in filter(None, node.outputs):
            other = self._nodes.get(self._writers.get(name, node.place))
            if other is not None and other.place != node.place and name in other.outputs:
                raise ModelError(
                    f"its nodes {other.name!r} ({other.op_type}) and {node.name!r} ({node.op_type}) both "
                    f"write {name!r}. Export the model again"
                )
            self._writers[name] = node.place
        for name in filter(None, node.inputs):
            self._readers[name].append(node.place)

    def _redirect(self, old: str, new: str) -> None:
        self.outputs = tuple(new if name == old else name for name in self.outputs)
        for reader in self.readers_of(old):
            inputs = tuple(new if name == old else name for name in reader.inputs)
            self._put(replace(reader, inputs=inputs))
