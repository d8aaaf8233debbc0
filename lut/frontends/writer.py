"""Operators of a net that is written here, spelled as tables and generators spell them.

A writer is given the layers of a net in their order. Feature maps lie in the order that engines of their
precision take: NHWC in 8 bits, NCHW in fp32. Other tensors of four dimensions, such as rows of attention, lie
as they are written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from lut.errors import ModelError
from lut.frontends.named import NamedOp
from lut.ops import FLOAT, INT32, UINT8, ArgumentValue, OpSpec, TensorSpec, Window, infer_outputs

__all__ = ["TO_NCHW", "TO_NHWC", "OpWriter", "order_sizes", "spell_window"]

TO_NCHW, TO_NHWC = (0, 3, 1, 2), (0, 2, 3, 1)
"""Which dimension of a feature map in the other order comes to each place."""


def order_sizes(sizes: Sequence[int], dtype: int) -> tuple[int, ...]:
    """Put what belongs to a tensor's dimensions, counted in NCHW order, into the order in which it lies."""
    if dtype == UINT8 and len(sizes) == 4:
        return tuple(sizes[axis] for axis in TO_NHWC)
    return tuple(sizes)


def spell_window(window: Window, *, has_pad: bool = True) -> dict[str, ArgumentValue]:
    """Give a window's arguments: one number where all sides are alike, a pad always or only where one is."""
    args: dict[str, ArgumentValue] = {}
    for name, pair in (("kernel", window.kernel), ("stride", window.stride), ("dilation", window.dilation)):
        if name == "dilation" and pair == (1, 1):
            continue
        args |= {name: pair[0]} if pair[0] == pair[1] else {f"{name}s": pair}
    if len(set(window.pads)) > 1:
        return args | {"pads": window.pads}
    return args | {"pad": window.pads[0]} if has_pad or any(window.pads) else args


class OpWriter:
    """A net while it is written: its operators so far, and the tensors between them by name."""

    def __init__(self) -> None:
        self.named: list[NamedOp] = []
        self.tensors: dict[str, TensorSpec] = {}
        self.renamed: dict[str, str] = {}
        self.holds_rows: dict[str, bool] = {}
        """By tensor: whether it is known to be no feature map, though it may have four dimensions."""

    def add(
        self,
        kind: str,
        inputs: Sequence[str],
        output: str,
        parameters: Mapping[str, TensorSpec] | None = None,
        /,
        **args: ArgumentValue,
    ) -> None:
        """Add an operator of a plain kind, such as "Conv": in 8 bits where its first input is.

        Raises:
            ModelError: the operator does not fit its shape rule.
        """
        tensors = [self.tensors[name] for name in inputs]
        op_type = f"Int8{kind}" if tensors[0].dtype == UINT8 and not kind.startswith("Int8") else kind
        brought = parameters or {}
        op = OpSpec.of(op_type, (*tensors, *brought.values()), **args)
        self.tensors[output] = infer_outputs(op)[0]
        reads_rows = self.holds_rows.get(inputs[0], False)
        is_image = len(self.tensors[output].shape) == 4
        is_of_rows = self.holds_rows.setdefault(output, reads_rows) if is_image else reads_rows
        read = (self.renamed.get(name, name) for name in inputs)
        self.named.append(NamedOp(op, (*read, *brought), (output,), is_of_rows))

    def rename(self, source: str, output: str, shape: tuple[int, ...]) -> str:
        """Give a tensor another name, under which its dimensions are others but its values the same."""
        self.tensors[output] = TensorSpec(shape, self.tensors[source].dtype)
        self.renamed[output] = self.renamed.get(source, source)
        return output

    def is_image(self, name: str) -> bool:
        """Tell whether a tensor is a feature map, whose order of dimensions depends on the precision."""
        return len(self.tensors[name].shape) == 4 and not self.holds_rows.get(name)

    def order(self, name: str) -> str:
        """Name the order of a feature map."""
        return "NHWC" if self.tensors[name].dtype == UINT8 else "NCHW"

    def spell_order(self, name: str) -> dict[str, ArgumentValue]:
        """Give the argument `order`, as activations of a net carry it."""
        return {"order": self.order(name)}

    def axis(self, name: str, axis: int) -> int:
        """Say which dimension of a tensor is the one that the model counts in NCHW order."""
        rank = len(self.tensors[name].shape)
        axis = axis + rank if axis < 0 else axis
        return TO_NCHW[axis] if self.is_image(name) and self.order(name) == "NHWC" else axis

    def turn(self, name: str, numbers: Sequence[int]) -> tuple[int, ...]:
        """Put numbers that belong to a tensor's dimensions, counted in NCHW order, into its own order."""
        return order_sizes(numbers, self.tensors[name].dtype) if self.is_image(name) else tuple(numbers)

    def image(self, name: str) -> tuple[int, int, int, int]:
        """Give a feature map's batch, channels, height and width.

        Raises:
            ModelError: it has another number of dimensions.
        """
        shape = self.tensors[name].shape
        if len(shape) != 4:
            raise ModelError(f"it takes feature maps of 4 dimensions, not a tensor of {list(shape)}")
        batch, second, third, last = shape
        return (batch, last, second, third) if self.order(name) == "NHWC" else (batch, second, third, last)

    def convolve(
        self,
        source: str,
        output: str,
        channels: int,
        window: Window,
        group: int = 1,
        *,
        has_bias: bool = True,
    ) -> None:
        """Add a convolution to so many channels; in 8 bits it has a bias in any case."""
        _, in_channels, _, _ = self.image(source)
        quantized = self.tensors[source].dtype == UINT8
        weight = (channels, in_channels // group, *window.kernel)
        parameters = self._bring(source, output, weight, channels if has_bias or quantized else 0)
        args = spell_window(window) | self.spell_order(source)
        if group > 1:
            args["group"] = group
        if not quantized:
            args["exhaustive_search"] = 1
        self.add("Conv", [source], output, parameters, **args)

    def enlarge(
        self,
        source: str,
        output: str,
        group_channels: int,
        window: Window,
        group: int,
        adjust: Sequence[int],
        *,
        has_bias: bool,
    ) -> None:
        """Add a transposed convolution to so many channels in each group; in 8 bits it has no groups."""
        _, in_channels, _, _ = self.image(source)
        quantized = self.tensors[source].dtype == UINT8
        weight = (in_channels, group_channels, *window.kernel)
        biases = group_channels * group if has_bias or quantized else 0
        parameters = self._bring(source, output, weight, biases)
        args = spell_window(window) | self.spell_order(source)
        if group > 1:
            args["group"] = group
        if any(adjust):
            args |= {"adj": adjust[0]} if len(set(adjust)) == 1 else {"adjs": tuple(adjust)}
        self.add("ConvTranspose", [source], output, parameters, **args)

    def connect(
        self, source: str, output: str, channels: int, columns: int, first: int | None = None
    ) -> None:
        """Add a fully connected layer on rows of so many columns: the dimensions from `first` on.

        Where that is left out, it is the first one from which on there are as many values.
        """
        x = self.tensors[source]
        parameters = self._bring(source, output, (channels, columns), channels)
        if first is None:
            starts = (axis for axis in range(1, len(x.shape)) if prod(x.shape[axis:]) == columns)
            first = next(starts, 1)
        axis: dict[str, ArgumentValue] = {} if first == 1 else {"axis": first}
        self.add("FC", [source], output, parameters, **axis, **self.spell_order(source))

    def scale_channels(self, source: str, output: str) -> None:
        """Add a factor and a summand for each channel: a convolution of one value each."""
        _, channels, _, _ = self.image(source)
        self.convolve(source, output, channels, Window((1, 1), (1, 1), (1, 1), (0, 0, 0, 0)), channels)

    def _bring(self, source: str, output: str, weight: tuple[int, ...], biases: int) -> dict[str, TensorSpec]:
        """Give the parameters of a layer: the weight, whose shape is in NCHW order, and so many biases."""
        dtype = self.tensors[source].dtype
        parameters = {f"{output}_w": TensorSpec(order_sizes(weight, dtype), dtype)}
        if biases:
            parameters[f"{output}_b"] = TensorSpec((biases,), INT32 if dtype == UINT8 else FLOAT)
        return parameters
