"""Which operators may be compared with each other, and by what numbers.

A family is a type of operator with everything that decides which kernel runs: window, stride, grouping,
further arguments. Within it operators differ in size alone, along the axes of `Sizes`. What is kind and
what is size, each type's rule says (`lut.ops.rules`).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import log2

from lut.errors import ModelError
from lut.ops.arguments import ArgumentValue, describe_value
from lut.ops.canonical import WINDOW_ARGUMENTS, canonical_arguments
from lut.ops.rules import RULES, Layout, Rule, Window
from lut.ops.shapes import count_bytes, infer_outputs
from lut.ops.spec import OpSpec, TensorSpec

__all__ = ["Sizes", "check_family", "family_of", "sizes_of"]

_SPELLED_OUT = WINDOW_ARGUMENTS | {"group", "order"}
"""Arguments for which a family's name has words of its own."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large an operator is: the axes along which a family's operators differ.

    Pixels are positions of a feature map, rows of a matrix, or plain values, whichever the operator sees;
    channels are the values at each position.
    """

    in_pixels: int
    in_channels: int
    out_pixels: int
    out_channels: int
    weights: int
    multiply_adds: int
    bytes_moved: int

    def as_tuple(self) -> tuple[float, ...]:
        """The sizes in the order of their names."""
        return tuple(float(getattr(self, field.name)) for field in fields(self))


def family_of(op: OpSpec) -> str:
    """Name the operator's family, such as `Int8Conv 3x3 stride 2 depthwise`.

    Arguments have the same words in every spelling. A fused ReLU makes no family of its own: the same
    kernel clamps to other bounds.

    Raises:
        ModelError: the operator is of an unknown type, or does not fit its shape rule.
    """
    return _name_family(op, infer_outputs(op)[0])


def _name_family(op: OpSpec, output: TensorSpec) -> str:
    rule = RULES[op.op_type]
    words = [rule.unfused or op.op_type]
    if rule.has_window:
        words += [*_window_words(op, rule), *_image_words(op, rule)]
    if not rule.has_weights and len(op.inputs) != 1:
        words.append(f"of {len(op.inputs)}")
    if kind := rule.kind(op):
        words.append(kind)
    if rule.has_groups:
        words += _group_words(op, rule, output)
    if rule.has_weights and rule.has_window and len(op.inputs) == 2:
        words.append("without bias")
    words += [
        f"{_quote(name)}={_quote(value)}"
        for name, value in canonical_arguments(op)
        if name not in rule.sizes | _SPELLED_OUT
    ]
    if len(rule.orders) > 1:
        words.append(_order(op, rule))
    return " ".join(words)


def _order(op: OpSpec, rule: Rule) -> str:
    return str(op.arg("order", rule.orders[0]))


def _window_words(op: OpSpec, rule: Rule) -> list[str]:
    if op.arg("global_pooling", 0):
        return []  # the window is not looked at, and the argument is a word itself
    window = Window.read(op)
    _, _, space = Layout(_order(op, rule)).split(op.inputs[0].shape)
    as_large = Window(space, (1, 1), (1, 1), (0, 0, 0, 0))
    if not rule.has_weights and window == as_large:
        return ["global"]  # the kernel is a size then, not a kind
    words = ["x".join(map(str, window.kernel))]
    if window.stride != (1, 1):
        words.append(
            f"stride {window.stride[0]}" if len({*window.stride}) == 1 else f"stride {window.stride}"
        )
    height, width = window.kernel
    if window.pads != (height // 2, width // 2, height // 2, width // 2):
        words.append(f"pads {window.pads}")
    if window.dilation != (1, 1):
        words.append(f"dilation {window.dilation}")
    return words


def _image_words(op: OpSpec, rule: Rule) -> list[str]:
    """Tell batches and images that are not about square from others.

    Kernels share out rows and images among threads and tiles, so that as many pixels take another time there.
    """
    batch, _, space = Layout(_order(op, rule)).split(op.inputs[0].shape)
    words = [] if batch == 1 else [f"batch {batch}"]
    if len(space) == 2 and all(space) and (steps := round(2 * log2(space[1] / space[0]))):
        words.append(f"aspect {2 ** (steps / 2):.2g}")
    return words


def _group_words(op: OpSpec, rule: Rule, output: TensorSpec) -> list[str]:
    group = op.arg("group", 1)
    if group == 1:
        return []
    channels = {rule.view(op, tensor)[1] for tensor in (op.inputs[0], output)}
    # As many groups as channels on both sides is a size: the kernels for it have no other number of groups.
    return ["depthwise" if rule.has_weights and channels == {group} else f"group {group}"]


def _quote(value: ArgumentValue) -> str:
    """Write a name or value so that no two are the same word: 1, 1.0 and "1" differ."""
    if not isinstance(value, (str, bytes)):
        return describe_value(value)
    plain = isinstance(value, str) and value.isidentifier() and value not in ("inf", "nan")
    return str(value) if plain else repr(value)


def sizes_of(op: OpSpec) -> Sizes:
    """Measure the operator along all axes.

    Raises:
        ModelError: the operator is of an unknown type, or does not fit its shape rule.
    """
    outputs = infer_outputs(op)
    rule = RULES[op.op_type]
    # Where inputs may change places, the larger stands for both, whichever is written first.
    seen = max(op.inputs, key=lambda tensor: tensor.elements) if rule.order_free else op.inputs[0]
    in_pixels, in_channels = rule.view(op, seen)
    out_pixels, out_channels = rule.view(op, outputs[0])
    return Sizes(
        in_pixels,
        in_channels,
        out_pixels,
        out_channels,
        op.inputs[1].elements if rule.has_weights else 0,
        rule.multiply_adds(op, outputs),
        count_bytes(op.inputs + outputs),
    )


def check_family(op: OpSpec) -> tuple[str, Sizes] | None:
    """Give family and sizes, or None for an operator that can't be understood."""
    try:
        return family_of(op), sizes_of(op)
    except ModelError:
        return None
