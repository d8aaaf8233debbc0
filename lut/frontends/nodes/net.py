"""The net that an ONNX graph becomes: what mappers of nodes are given."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeAlias

from lut.errors import ModelError
from lut.frontends.nodes.graph import Node
from lut.frontends.nodes.rewriting import Rewriting
from lut.frontends.nodes.types import Types
from lut.frontends.writer import OpWriter, order_sizes
from lut.ops import FLOAT, UINT8, TensorSpec

__all__ = ["CONVERSIONS", "MappedNet", "Mapper"]

CONVERSIONS = {"Int8Dequantize", "Int8Quantize", "NCHW2NHWC", "NHWC2NCHW"}
"""What is written where a tensor is read in another type than it is held in."""


class MappedNet:
    """Operators written so far, and where each tensor of the graph is found among what they write.

    `quantized` has the names of tensors that are held in 8 bits; with None all are. `taken` and `given` note
    what mappers have read and written since `begin`; `left_over` what was converted for unmapped nodes.
    """

    def __init__(self, graph: Rewriting, quantized: frozenset[str] | None, types: Types) -> None:
        self.graph = graph
        self.types = types
        self.writer = OpWriter()
        self.taken: set[str] = set()
        self.given: set[str] = set()
        self.left_over: set[str] = set()
        self._quantized = quantized
        self._held: dict[str, dict[int, str]] = {}

    def begin(self) -> None:
        """Note anew what mappers read and write."""
        self.taken.clear()
        self.given.clear()

    def feed(self, name: str, shape: tuple[int, ...], dtype: int = FLOAT) -> None:
        """Add a tensor that comes from outside; its shape is in the graph's order."""
        self.writer.tensors[name] = TensorSpec(order_sizes(shape, dtype), dtype)
        self._held[name] = {dtype: name}

    def is_quantized(self, name: str) -> bool:
        """Tell whether a tensor is to be held in 8 bits."""
        return self._quantized is None or name in self._quantized

    def dtype_of(self, node: Node) -> int:
        """Give the type in which a node runs: that of its output."""
        return UINT8 if self.is_quantized(node.output) else FLOAT

    def take(self, name: str, dtype: int) -> str:
        """Give the operators' name of a tensor in a type, converting it where it is held in the other.

        Raises:
            ModelError: nothing has written it.
        """
        self.taken.add(name)
        held = self._held.get(name)
        if held is None:
            raise ModelError(f"its input {name!r} is written by no operator before it")
        if dtype not in held:
            self._convert(name, held, dtype)
        return held[dtype]

    def take_inputs(self, node: Node) -> list[str]:
        """Give the names of all inputs that depend on the net's, in the type in which the node runs."""
        dynamic, _ = self.graph.split_constants(node)
        return [self.take(name, self.dtype_of(node)) for name in dynamic]

    def take_with_constants(self, node: Node) -> list[str]:
        """Give the names of all inputs, in the type in which the node runs; constants are held in it."""
        dtype = self.dtype_of(node)
        for name in node.inputs:
            if name in self.graph.constants and dtype not in self._held.get(name, {}):
                self.feed(name, self.graph.graph.value(name).shape, dtype)
        return [self.take(name, dtype) for name in node.inputs if name]

    def take_input(self, node: Node) -> str:
        """Give the name of the first input, in the type in which the node runs."""
        return self.take(node.inputs[0], self.dtype_of(node))

    def give(self, node: Node, output: int = 0) -> str:
        """Give the name under which a node's output is written, in the type in which it runs."""
        name = node.outputs[output]
        if not name:
            raise ModelError("its first output is left out")
        self.given.add(name)
        self._held[name] = {self.dtype_of(node): name}
        return name

    def alias(self, name: str, source: str, dtype: int | None = None) -> None:
        """Let a tensor of the graph be another, in every type in which that is held, or in one alone."""
        self.taken.add(source)
        self.given.add(name)
        held = self._held[source]
        self._held[name] = held if dtype is None else {dtype: held[dtype]}

    def is_held(self, name: str) -> bool:
        """Tell whether an operator has written a tensor, or it came from outside."""
        return name in self._held

    def names_of(self, name: str) -> Collection[str]:
        """Give the names under which operators write a tensor, one for each type in which it is held."""
        return [self.writer.renamed.get(held, held) for held in self._held.get(name, {}).values()]

    def shape(self, name: str) -> tuple[int, ...]:
        """Give a tensor's shape in the graph's order.

        Raises:
            ModelError: it is not known.
        """
        held = self._held.get(name)
        if held is None:
            return self.graph.graph.value(name).shape
        written = next(iter(held.values()))
        return (
            self.writer.image(written)
            if self.writer.is_image(written)
            else self.writer.tensors[written].shape
        )

    def _convert(self, name: str, held: dict[int, str], dtype: int) -> None:
        source = next(iter(held.values()))
        writer = self.writer
        is_image = writer.is_image(source)
        if dtype == UINT8:
            if is_image:
                source = self._turn(source, f"{name}:nhwc", "NCHW2NHWC")
            writer.add("Int8Quantize", [source], f"{name}:int8")
            held[dtype] = f"{name}:int8"
            return
        writer.add("Int8Dequantize", [source], f"{name}:float")
        held[dtype] = f"{name}:float"
        if is_image:
            held[dtype] = self._turn(f"{name}:float", f"{name}:nchw", "NHWC2NCHW")

    def _turn(self, source: str, output: str, kind: str) -> str:
        """Change the order of a feature map; that of one pixel lies alike in both.

        So do all feature maps of a model that has channels last: only their dimensions are named otherwise.
        """
        first, second, third, last = self.writer.tensors[source].shape
        pixels = second * third if kind == "NHWC2NCHW" else third * last
        if pixels > 1 and not self.graph.graph.channels_last:
            self.writer.add(kind, [source], output)
            return output
        turned = (first, last, second, third) if kind == "NHWC2NCHW" else (first, third, last, second)
        return self.writer.rename(source, output, turned)


Mapper: TypeAlias = Callable[[MappedNet, Node], "str | None"]
"""Writes the operators that a node becomes; gives the reason where it needs none.

Raises ModelError with a bare reason where nothing stands for the node.
"""
