"""Which operators may be compared with each other, and by what numbers.

A family is a type of operator with everything that decides which kernel runs: window, stride, grouping,
further arguments. Within it operators differ in size alone, along the axes of `Sizes`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import prod

from lut.errors import ModelError
from lut.ops import bytes_moved, infer_outputs, multiply_adds
from lut.ops.window import Window, read_layout
from lut.records import OpSpec, TensorSpec

__all__ = ["Sizes", "family_of", "sizes_of"]

_WEIGHTED = {"Conv", "Int8Conv", "FC", "Int8FC"}
_WINDOWED = {"Conv", "Int8Conv", "AveragePool", "Int8AveragePool"}
_SPELLED_OUT = {
    *("kernel", "kernels", "kernel_h", "kernel_w", "stride", "strides", "stride_h", "stride_w"),
    *("pad", "pads", "pad_t", "pad_l", "pad_b", "pad_r", "dilation", "dilations", "group", "order"),
}


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large an operator is: the axes along which a family's operators differ.

    Pixels are positions of a feature map, or rows of a matrix; channels what stands at each.
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

    A fused ReLU makes no family of its own: the same kernel clamps to other bounds.

    Raises:
        ModelError: its arguments can't be understood.
    """
    base = op.op_type.removesuffix("Relu") or op.op_type
    words = [base]
    if base in _WINDOWED:
        words += _window_words(op, base)
    elif len(op.inputs) != 1 and base not in _WEIGHTED:
        words.append(f"of {len(op.inputs)}")
    group = op.arg("group", 1)
    if base in _WEIGHTED and group > 1:
        words.append("depthwise" if op.inputs[1].shape[0] == group else f"group {group}")
    elif group > 1:
        words.append(f"group {group}")
    words += [f"{name}={value!s}" for name, value in op.args if name not in _SPELLED_OUT]
    if op.arg("order") and not base.startswith("Int8"):
        words.append(str(op.arg("order")))
    return " ".join(words)


def _window_words(op: OpSpec, base: str) -> list[str]:
    if op.arg("global_pooling", 0):
        return []
    window = Window.read(op)
    pooling = base not in _WEIGHTED
    _, _, space = read_layout(op).split(op.inputs[0].shape)
    if pooling and window.kernel == space:
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


def sizes_of(op: OpSpec) -> Sizes:
    """Measure the operator along all axes.

    Raises:
        ModelError: the operator is of an unknown type, or does not fit its shape rule.
    """
    output = infer_outputs(op)[0]
    in_pixels, in_channels = _pixels_and_channels(op, op.inputs[0])
    out_pixels, out_channels = _pixels_and_channels(op, output)
    base = op.op_type.removesuffix("Relu")
    return Sizes(
        in_pixels,
        in_channels,
        out_pixels,
        out_channels,
        op.inputs[1].elements if base in _WEIGHTED else 0,
        multiply_adds(op),
        bytes_moved(op),
    )


def _pixels_and_channels(op: OpSpec, tensor: TensorSpec) -> tuple[int, int]:
    shape = tensor.shape
    if len(shape) != 4:
        return prod(shape[:-1]), shape[-1] if shape else 1
    # fp32 operators without an order take their tensors in NCHW, the order of the nets they are in.
    channels_first = not op.op_type.startswith("Int8") and op.arg("order", "NCHW") == "NCHW"
    channels = shape[1] if channels_first else shape[3]
    return tensor.elements // max(channels, 1), channels


def check_family(op: OpSpec) -> tuple[str, Sizes] | None:
    """Give family and sizes, or None for an operator that can't be understood."""
    try:
        return family_of(op), sizes_of(op)
    except (ModelError, IndexError, TypeError, ValueError):
        return None
