"""The net that an ONNX graph becomes: what mappers of nodes are given."""

from __future__ import annotations

from collections.abc import Callable, Collection
from math import prod
from typing import TypeAlias

from lut.errors import ModelError
from lut.frontends.nodes.graph import Node
from lut.frontends.nodes.rewriting import Rewriting
from lut.frontends.nodes.types import Types
from lut.frontends.writer import TO_NCHW, TO_NHWC, OpWriter, order_sizes
from lut.ops import FLOAT, UINT8, TensorSpec, has_int8

__all__ = ["MappedNet", "Mapper"]

Form: TypeAlias = tuple[int, bool]
"""How a tensor is held: its data type, and whether as a feature map."""


class MappedNet:
    """Operators written so far, and where each tensor of the graph is found among what they write.

    `quantized` has the names of tensors that are held in 8 bits; with None all are. `images` has those of
    feature maps. `taken` and `given` note what mappers have read and written since `begin`, `converted` what
    was written since a tensor is read in another form than it is held in, `left_over` what of that was
    written for unmapped nodes.
    """

    def __init__(
        self,
        graph: Rewriting,
        quantized: frozenset[str] | None,
        types: Types,
        images: frozenset[str] = frozenset(),
    ) -> None:
        self.graph = graph
        self.types = types
        self.writer = OpWriter()
        self.taken: set[str] = set()
        self.given: set[str] = set()
        self.converted: set[str] = set()
        self.left_over: set[str] = set()
        self._quantized = quantized
        self._is_in_floats = False
        self._images = images
        self._held: dict[str, dict[Form, str]] = {}

    def begin(self) -> None:
        """Note anew what mappers read and write."""
        self.taken.clear()
        self.given.clear()
        self._is_in_floats = False

    def run_as(self, kind: str) -> None:
        """Let a node run in floats where no engine has its kind of operator in 8 bits."""
        self._is_in_floats = not has_int8(kind)

    def feed(self, name: str, shape: tuple[int, ...], dtype: int = FLOAT, image: bool | None = None) -> None:
        """Add a tensor that comes from outside; its shape is in the graph's order."""
        is_image = self._is_held_as_image(name, image, len(shape))
        self.writer.tensors[name] = TensorSpec(order_sizes(shape, dtype) if is_image else shape, dtype)
        self._held[name] = {(dtype, is_image): self._mark(name, is_image=is_image)}

    def is_quantized(self, name: str) -> bool:
        """Tell whether a tensor is to be held in 8 bits."""
        return self._quantized is None or name in self._quantized

    def is_image(self, name: str) -> bool:
        """Tell whether a tensor is a feature map."""
        return name in self._images

    def dtype_of(self, node: Node) -> int:
        """Give the type in which a node runs: that of its output."""
        return UINT8 if self.is_quantized(node.output) and not self._is_in_floats else FLOAT

    def take(self, name: str, dtype: int, image: bool | None = None) -> str:
        """Give the operators' name of a tensor in a type, converting it where it is held otherwise.

        Args:
            name: the tensor.
            dtype: in which type it is read.
            image: whether it is read as a feature map; None is as what it is. Nodes that rearrange
                dimensions read rows, which lie in the order in which the model counts them.

        Raises:
            ModelError: nothing has written it.
        """
        self.taken.add(name)
        held = self._held.get(name)
        if held is None:
            raise ModelError(f"its input {name!r} is written by no operator before it")
        rank = len(self.writer.tensors[next(iter(held.values()))].shape)
        form = dtype, self._is_held_as_image(name, image, rank)
        if rank != 4 and (dtype, True) in held:  # its rank was not known when it was given
            form = dtype, True
        if form not in held:
            self._convert(name, held, form)
        return held[form]

    def take_inputs(self, node: Node) -> list[str]:
        """Give the names of all inputs that depend on the net's, in the type in which the node runs."""
        dynamic, _ = self.graph.split_constants(node)
        return [self.take(name, self.dtype_of(node)) for name in dynamic]

    def take_with_constants(self, node: Node) -> list[str]:
        """Give the names of all inputs, in the type in which the node runs; constants are held in it."""
        dtype, is_image = self.dtype_of(node), self.is_image(node.output)
        for name in node.inputs:
            if name in self.graph.constants and (dtype, is_image) not in self._held.get(name, {}):
                self.feed(name, self.graph.graph.value(name).shape, dtype, is_image)
        return [self.take(name, dtype, is_image) for name in node.inputs if name]

    def take_input(self, node: Node, image: bool | None = None) -> str:
        """Give the name of the first input, in the type in which the node runs."""
        return self.take(node.inputs[0], self.dtype_of(node), image)

    def take_rows(self, node: Node, place: int) -> str:
        """Give the name of an input as rows, in the type in which the node runs; a constant is held in it."""
        name = node.inputs[place]
        if name not in self.graph.constants:
            return self.take(name, self.dtype_of(node), image=False)
        return self._bring(node, place, self.graph.graph.own_shape(name))

    def take_aligned(self, node: Node) -> tuple[list[str], bool]:
        """Give the names of inputs that are repeated over each other, and whether as feature maps.

        One number alone is held as [1].
        """
        dtype = self.dtype_of(node)
        dynamic, _ = self.graph.split_constants(node)
        # What has fewer dimensions is repeated along the first ones of the model's own order.
        is_image = self.is_image(node.output) and all(
            len(shape) == 4 or prod(shape) == 1 for shape in map(self.shape, dynamic)
        )
        sources = []
        for place, name in enumerate(node.inputs):
            if name not in self.graph.constants:
                source = self.take(name, dtype, is_image)
                shape = self.writer.tensors[source].shape
                sources.append(self.view(source, (1,)) if prod(shape) == 1 else source)
                continue
            self.taken.add(name)
            shape = self.graph.graph.value(name).shape
            if prod(shape) == 1:
                shape = (1,)
            elif is_image:
                shape = (1,) * (4 - len(shape)) + shape
            while not is_image and len(shape) > 1 and shape[0] == 1:
                shape = shape[1:]
            sources.append(self._bring(node, place, shape, is_image=is_image))
        return sources, is_image

    def view(self, source: str, shape: tuple[int, ...], *, is_image: bool = False) -> str:
        """Give rows in other dimensions, which moves nothing."""
        if self.writer.tensors[source].shape == shape:
            return source
        output = f"{source}:{'x'.join(map(str, shape))}"
        return self._mark(self.writer.rename(source, output, shape), is_image=is_image)

    def _bring(self, node: Node, place: int, shape: tuple[int, ...], *, is_image: bool = False) -> str:
        """Give the name of a constant in the type in which a node runs."""
        self.taken.add(node.inputs[place])
        name = f"{node.inputs[place]}:{node.place}"
        self.feed(name, shape, self.dtype_of(node), is_image)
        return name

    def give(self, node: Node, output: int = 0, image: bool | None = None) -> str:
        """Give the name under which a node's output is written, in the type in which it runs."""
        name = node.outputs[output]
        if not name:
            raise ModelError("its first output is left out")
        self.given.add(name)
        value = self.graph.graph.values.get(name)
        is_image = self._is_held_as_image(name, image, 4 if value is None else len(value.shape))
        self._held[name] = {(self.dtype_of(node), is_image): self._mark(name, is_image=is_image)}
        return name

    def alias(self, name: str, source: str, dtype: int | None = None) -> None:
        """Let a tensor of the graph be another, in every type in which that is held, or in one alone."""
        self.taken.add(source)
        self.given.add(name)
        held = self._held[source]
        self._held[name] = (
            held if dtype is None else {form: each for form, each in held.items() if form[0] == dtype}
        )

    def is_held(self, name: str) -> bool:
        """Tell whether an operator has written a tensor, or it came from outside."""
        return name in self._held

    def names_of(self, name: str) -> Collection[str]:
        """Give the names under which operators write a tensor, one for each form in which it is held."""
        return [self.writer.renamed.get(held, held) for held in self._held.get(name, {}).values()]

    def shape(self, name: str) -> tuple[int, ...]:
        """Give a tensor's shape in the graph's order.

        Raises:
            ModelError: it is not known.
        """
        held = self._held.get(name)
        if held is None:
            return self.graph.graph.value(name).shape
        (_, is_image), written = next(iter(held.items()))
        shape = self.writer.tensors[written].shape
        if is_image and len(shape) == 4:
            return self.writer.image(written)
        is_turned = self.graph.graph.channels_last and self.is_image(name) and len(shape) == 4
        return tuple(shape[axis] for axis in TO_NCHW) if is_turned else shape

    def _is_held_as_image(self, name: str, image: bool | None, rank: int) -> bool:
        return rank == 4 and (self.is_image(name) if image is None else image)

    def _mark(self, name: str, *, is_image: bool) -> str:
        """Note of a tensor of the writer whether it is a feature map."""
        self.writer.holds_rows[name] = not is_image
        return name

    def _convert(self, name: str, held: dict[Form, str], form: Form) -> None:
        """Write a tensor in a form in which it is not held: the type is changed where it lies as before."""
        dtype, is_image = form
        if (dtype, not is_image) in held:
            held[form] = self._lay(name, held[dtype, not is_image], dtype, is_image=is_image)
            return
        if dtype == UINT8:
            if (FLOAT, is_image) not in held:
                self._convert(name, held, (FLOAT, is_image))
            source = held[FLOAT, is_image]
            if is_image:
                source = self._turn(source, f"{name}:nhwc", "NCHW2NHWC")
            held[form] = self._write("Int8Quantize", source, f"{name}:int8", is_image=is_image)
            return
        (_, lies_as_image), source = next(iter(held.items()))
        source = self._write("Int8Dequantize", source, f"{name}:float", is_image=lies_as_image)
        if lies_as_image:
            source = self._turn(source, f"{name}:nchw", "NHWC2NCHW")
        held[FLOAT, lies_as_image] = source
        if lies_as_image != is_image:
            self._convert(name, held, form)

    def _write(
        self, kind: str, source: str, output: str, *, is_image: bool, axes: tuple[int, ...] = ()
    ) -> str:
        self._mark(output, is_image=is_image)
        self.writer.add(kind, [source], output, **({"axes": axes} if axes else {}))
        self.converted.add(output)
        return output

    def _lay(self, name: str, source: str, dtype: int, *, is_image: bool) -> str:
        """Give a feature map as rows or rows as a feature map.

        In floats both lie alike, and in a model that has channels last, too: dimensions are named otherwise.
        """
        output = f"{name}:{'map' if is_image else 'rows'}:{'int8' if dtype == UINT8 else 'float'}"
        shape = self.writer.tensors[source].shape
        if self.graph.graph.channels_last:
            # A map of floats has its dimensions named in the order NCHW here, one in 8 bits as it lies.
            order = (0, 1, 2, 3) if dtype == UINT8 else TO_NCHW if is_image else TO_NHWC
        else:
            order = (0, 1, 2, 3) if dtype == FLOAT else TO_NHWC if is_image else TO_NCHW
            moved = [axis for axis in order if shape[axis] > 1]
            if moved != sorted(moved):
                return self._write("Transpose", source, output, is_image=is_image, axes=order)
        renamed = self.writer.rename(source, output, tuple(shape[axis] for axis in order))
        return self._mark(renamed, is_image=is_image)

    def _turn(self, source: str, output: str, kind: str) -> str:
        """Change the order of a feature map; that of one pixel lies alike in both.

        So do all feature maps of a model that has channels last: only their dimensions are named otherwise.
        """
        first, second, third, last = self.writer.tensors[source].shape
        pixels = second * third if kind == "NHWC2NCHW" else third * last
        if pixels > 1 and not self.graph.graph.channels_last:
            return self._write(kind, source, output, is_image=True)
        turned = (first, last, second, third) if kind == "NHWC2NCHW" else (first, third, last, second)
        return self.writer.rename(source, output, turned)


Mapper: TypeAlias = Callable[[MappedNet, Node], "str | None"]
"""Writes the operators that a node becomes; gives the reason where it needs none.

Raises ModelError with a bare reason where nothing stands for the node.
"""
