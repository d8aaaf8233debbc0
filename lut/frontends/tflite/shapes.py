"""Shapes of a TFLite model's tensors for other inputs than those that it was converted for.

Shapes are in the file's own order, images in NHWC. What is behind an operator without a rule has none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import prod
from typing import TypeAlias

import numpy as np
import tflite

from lut.errors import ModelError
from lut.frontends.open_sizes import close_shape
from lut.frontends.tflite.reading import TfliteGraph, TfliteOperator, TfliteTensor

__all__ = ["fix_shapes"]

Shape: TypeAlias = "tuple[int, ...]"


def fix_shapes(graph: TfliteGraph, given: Mapping[str, Shape] | None = None) -> TfliteGraph:
    """Give a graph whose inputs have the shapes that are given, an open batch being 1.

    Raises:
        ModelError: a size is open, an input is not there, or tensors don't fit each other.
    """
    given = dict(given or {})
    tensors = list(graph.tensors)
    is_changed = False
    for number in graph.inputs:
        tensor = tensors[number]
        stated = tensor.shape or ()
        asked = given.pop(tensor.label, None)
        shape = asked or close_shape(tensor.label, tensor.signature or stated)
        is_changed |= shape != stated
        tensors[number] = replace(tensor, shape=shape)
    if given:
        raise ModelError(
            f"it has no input {', '.join(map(repr, given))}; it has "
            f"{', '.join(repr(tensors[number].label) for number in graph.inputs)}."
        )
    if is_changed:
        for op in graph.operators:
            _infer(tensors, op)
    return replace(graph, tensors=tuple(tensors))


def _infer(tensors: list[TfliteTensor], op: TfliteOperator) -> None:
    """Write the shapes of what an operator gives."""
    read = [tensors[number] for number in op.inputs if number >= 0]
    if all(tensor.is_constant for tensor in read):
        return  # which no input changes
    rule = _RULES.get(op.op_type)
    shapes: list[Shape] | None = None
    if rule is not None and all(tensor.shape is not None for tensor in read):
        try:
            shapes = rule(op, [tensors[number] for number in op.inputs if number >= 0])
        except (IndexError, KeyError, TypeError, ValueError, ZeroDivisionError) as error:
            raise ModelError(
                f"the shapes of its tensors don't fit each other: {op.op_type} can't take "
                f"{[list(tensor.shape or ()) for tensor in read]} ({error})."
            ) from error
    for place, number in enumerate(op.outputs):
        shape = shapes[min(place, len(shapes) - 1)] if shapes else None
        if shape is not None and min(shape, default=1) < 1:
            raise ModelError(f"the shapes given leave nothing for {op.op_type}: {list(shape)}.")
        tensors[number] = replace(tensors[number], shape=shape)


def _shape(tensor: TfliteTensor) -> Shape:
    return tensor.shape or ()


def _numbers(tensor: TfliteTensor) -> list[int]:
    """Give the values of a small constant."""
    if tensor.values is None:
        raise ValueError(f"{tensor.name!r} is computed")
    return [int(value) for value in tensor.values.reshape(-1)]


def _same(_op: TfliteOperator, inputs: list[TfliteTensor]) -> list[Shape]:
    return [_shape(inputs[0])]


def _broadcast(_op: TfliteOperator, inputs: list[TfliteTensor]) -> list[Shape]:
    return [tuple(map(int, np.broadcast_shapes(*map(_shape, inputs))))]


def _slide(op: TfliteOperator, shape: Shape, kernel: Shape, dilations: Shape = (1, 1)) -> Shape:
    """Give height and width of what a window that slides over an image gives."""
    strides = (op.options.get("StrideH"), op.options.get("StrideW"))
    if op.options.get("Padding") == tflite.Padding.SAME:
        return tuple(-(-size // stride) for size, stride in zip(shape[1:3], strides, strict=True))
    reaches = [(size - 1) * dilation + 1 for size, dilation in zip(kernel, dilations, strict=True)]
    return tuple(
        (size - reach) // stride + 1 for size, reach, stride in zip(shape[1:3], reaches, strides, strict=True)
    )


def _convolve(op: TfliteOperator, inputs: list[TfliteTensor]) -> list[Shape]:
    image, weight = _shape(inputs[0]), _shape(inputs[1])
    channels = weight[0 if op.op_type == "CONV_2D" else 3]
    dilations = (op.options.get("DilationHFactor"), op.options.get("DilationWFactor"))
    return [(image[0], *_slide(op, image, weight[1:3], dilations), channels)]


def _pool(op: TfliteOperator, inputs: list[TfliteTensor]) -> list[Shape]:
    image = _shape(inputs[0])
    kernel = (op.options.get("FilterHeight"), op.options.get("FilterWidth"))
    return [(image[0], *_slide(op, image, kernel), image[3])]


def _connect(op: TfliteOperator, inputs: list[TfliteTensor]) -> list[Shape]:
    shape, (channels, columns) = _shape(inputs[0]), _shape(inputs[1])
    if op.options.are_there and op.options.get("KeepNumDims"):
        return [(*shape[:-1], channels)]
    return [(_divide(prod(shape), columns), channels)]


def _divide(whole: int, part: int) -> int:
    if whole % part:
        raise ValueError(f"{whole} values are no rows of {part}")
    return whole // part


def _join(op: TfliteOperator, inputs: list[TfliteTensor]) -> list[Shape]:
    shape = list(_shape(inputs[0]))
    axis = op.options.get("Axis")
    shape[axis] = sum(_shape(each)[axis] for each in inputs)
    return [tuple(shape)]


def _mean(op: TfliteOperator, inputs: list[TfliteTensor]) -> list[Shape]:
    shape = _shape(inputs[0])
    axes = {axis % len(shape) for axis in _numbers(inputs[1])}
    if op.options.get("KeepDims"):
        return [tuple(1 if axis in axes else size for axis, size in enumerate(shape))]
    return [tuple(size for axis, size in enumerate(shape) if axis not in axes)]


def _pad(_op: TfliteOperator, inputs: list[TfliteTensor]) -> list[Shape]:
    pairs = iter(_numbers(inputs[1]))
    return [tuple(size + next(pairs) + next(pairs) for size in _shape(inputs[0]))]


def _reshape(_op: TfliteOperator, inputs: list[TfliteTensor]) -> list[Shape]:
    sizes, whole = _numbers(inputs[1]), prod(_shape(inputs[0]))
    if -1 in sizes:
        sizes[sizes.index(-1)] = _divide(whole, prod(size for size in sizes if size != -1))
    if prod(sizes) != whole:
        raise ValueError(f"{whole} values are none of {sizes}")
    return [tuple(sizes)]


def _resize(_op: TfliteOperator, inputs: list[TfliteTensor]) -> list[Shape]:
    image, (height, width) = _shape(inputs[0]), _numbers(inputs[1])
    return [(image[0], height, width, image[3])]


def _transpose(_op: TfliteOperator, inputs: list[TfliteTensor]) -> list[Shape]:
    return [tuple(_shape(inputs[0])[axis] for axis in _numbers(inputs[1]))]


Rule: TypeAlias = "Callable[[TfliteOperator, list[TfliteTensor]], list[Shape]]"

_RULES: dict[str, Rule] = {
    **dict.fromkeys(
        ("ADD", "DIV", "MAXIMUM", "MINIMUM", "MUL", "POW", "SQUARED_DIFFERENCE", "SUB"), _broadcast
    ),
    **dict.fromkeys(("CAST", "DEQUANTIZE", "ELU", "EXP", "GELU", "HARD_SWISH", "LEAKY_RELU"), _same),
    **dict.fromkeys(("LOGISTIC", "PRELU", "QUANTIZE", "RELU", "RELU6", "RSQRT", "SOFTMAX", "TANH"), _same),
    **dict.fromkeys(("CONV_2D", "DEPTHWISE_CONV_2D"), _convolve),
    **dict.fromkeys(("AVERAGE_POOL_2D", "MAX_POOL_2D"), _pool),
    **dict.fromkeys(("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"), _resize),
    "CONCATENATION": _join,
    "FULLY_CONNECTED": _connect,
    "MEAN": _mean,
    "PAD": _pad,
    "RESHAPE": _reshape,
    "TRANSPOSE": _transpose,
}
