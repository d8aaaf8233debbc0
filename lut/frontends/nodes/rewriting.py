"""A graph while its nodes are put together: what an engine runs as one operator is several nodes in ONNX."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lut.frontends.fates import Fate
from lut.frontends.nodes.graph import Graph, Node

__all__ = ["Rewriting"]


class Rewriting:
    """The nodes that are left, by the name of their first output, and what became of the others."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.constants = set(graph.parameters)
        self.outputs = graph.outputs
        self.fates: dict[str, Fate] = {}
        self._exchanged: set[str] = set()
        self._keys: dict[str, str] = {}
        self._nodes = {node.outputs[0]: node for node in graph.nodes}
        self._readers: defaultdict[str, list[str]] = defaultdict(list)
        for node in graph.nodes:
            for name in node.inputs:
                self._readers[name].append(node.outputs[0])

    def __iter__(self) -> Iterator[Node]:
        return iter(list(self._nodes.values()))

    def writer_of(self, name: str) -> Node | None:
        """Give the node that writes a tensor as its first output."""
        return self._nodes.get(name)

    def key(self, node: Node) -> str:
        """Name a node by the first output that it has in the model, whatever it writes now."""
        return self._keys.get(node.outputs[0], node.outputs[0])

    def readers_of(self, name: str) -> list[Node]:
        """List the nodes that read a tensor."""
        readers = dict.fromkeys(self._readers[name])
        return [node for each in readers if (node := self._nodes.get(each)) and name in node.inputs]

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
        """Give the values of a small constant."""
        found = self.graph.constants.get(name)
        return None if found is None else np.asarray(found, np.float64)

    def drop(self, node: Node, reason: str) -> None:
        """Take out a node that costs no time, whose readers read its first input instead."""
        self.free(node, reason)
        del self._nodes[node.outputs[0]]
        if node.inputs:
            self._redirect(node.outputs[0], node.inputs[0])

    def forget(self, node: Node, reason: str) -> None:
        """Take out a node that is computed once, when the model is loaded."""
        self.free(node, reason)
        del self._nodes[node.outputs[0]]
        self.constants |= set(node.outputs)

    def free(self, node: Node, reason: str) -> None:
        """Note that a node costs no time."""
        self.fates[self.key(node)] = Fate(node.name, node.op_type, "free", reason)

    def join(self, first: Node, second: Node, reason: str, **attributes: object) -> Node:
        """Put the second node into the first, which writes what the second wrote from now on."""
        self.free(second, reason)
        self._keys[second.outputs[0]] = self.key(first)
        joined = replace(first, outputs=second.outputs[:1], attributes={**first.attributes, **attributes})
        self._nodes = {name: node for name, node in self._nodes.items() if name != second.outputs[0]}
        self._put(first.outputs[0], joined)
        return joined

    def exchange(self, node: Node, plain: Node) -> None:
        """Put a plain node in the place of a quantised one."""
        self._nodes[node.outputs[0]] = plain
        self._exchanged.add(node.outputs[0])

    def is_exchanged(self, node: Node) -> bool:
        """Tell whether a node was a quantised one."""
        return node.outputs[0] in self._exchanged

    def put(self, last: Node, parts: list[Node], node: Node) -> None:
        """Put a node in the place of the last of several that do together what it does."""
        for part in parts:
            self.free(part, f"a part of the {node.op_type} that ends with {last.name!r}")
            del self._nodes[part.outputs[0]]
        for name in node.inputs:
            self._readers[name].append(node.outputs[0])
        self._nodes[last.outputs[0]] = node

    def _put(self, place: str, node: Node) -> None:
        """Put a node where another was, under the name of its own output."""
        self._nodes = {
            (node.outputs[0] if name == place else name): (node if name == place else each)
            for name, each in self._nodes.items()
        }
        for name in node.inputs:
            self._readers[name].append(node.outputs[0])

    def _redirect(self, old: str, new: str) -> None:
        self.outputs = tuple(new if name == old else name for name in self.outputs)
        for reader in self.readers_of(old):
            inputs = tuple(new if name == old else name for name in reader.inputs)
            self._nodes[reader.outputs[0]] = replace(reader, inputs=inputs)
            self._readers[new].append(reader.outputs[0])
