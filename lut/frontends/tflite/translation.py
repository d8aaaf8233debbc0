"""TFLite's operators as nodes with the types and attributes of ONNX, and their shapes in NCHW."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby

import tflite

from lut.errors import ModelError
from lut.frontends.fates import Fate, Lost
from lut.frontends.nodes import MALFORMED, Graph, Value
from lut.frontends.tflite.layouts import find_images
from lut.frontends.tflite.operators import TRANSLATIONS
from lut.frontends.tflite.reading import TfliteGraph, TfliteOperator
from lut.frontends.tflite.writing import Translation, turn_shape, turn_type

__all__ = ["join_fates", "translate"]

_OPSET = 17
_BYTES = {tflite.TensorType.INT8, tflite.TensorType.UINT8}
_CONTROL_FLOW = {"IF": "If", "WHILE": "Loop", "CALL": "Loop"}


def translate(source: TfliteGraph) -> Graph:
    """Write a graph's operators as nodes.

    Raises:
        ModelError: the model keeps state, or gives nothing.
    """
    translation = Translation(source, images=set(find_images(source)))
    for tensor in source.tensors:
        if tensor.shape is not None:
            shape = turn_shape(tensor.shape) if tensor.name in translation.images else tensor.shape
            translation.values[tensor.name] = Value(shape, turn_type(tensor.dtype))
        if tensor.is_constant:
            translation.parameters.add(tensor.name)
            translation.fixed.add(tensor.name)
            if tensor.values is not None:
                translation.constants[tensor.name] = tensor.values
    if not source.outputs:
        raise ModelError("its graph has no outputs. Convert the model again.")
    for op in source.operators:
        if not any(number >= 0 for number in op.outputs):
            raise ModelError(
                f"its operator {op.op_type} gives nothing: the model keeps state from one run to the next. "
                f"Only models whose output depends on their input alone are known here."
            )
        _translate(translation, op)
    return Graph(
        source.path,
        tuple(translation.nodes),
        tuple(translation.name(number) for number in source.inputs),
        tuple(translation.name(number) for number in source.outputs),
        translation.values,
        frozenset(translation.parameters),
        translation.constants,
        _OPSET,
        channels_last=True,
        images=frozenset(translation.images),
        byte_tensors=frozenset(translation.byte_tensors),
    )


def _translate(translation: Translation, op: TfliteOperator) -> None:
    """Write one operator as nodes; one that nothing here stands for keeps its type and the reason."""
    inputs = [translation.name(number) for number in op.inputs]
    tensors = [translation.tensor(number) for number in (*op.inputs, *op.outputs) if number >= 0]
    if all(name in translation.fixed for name in inputs if name):
        translation.fixed |= {translation.name(number) for number in op.outputs}
    write = TRANSLATIONS.get(op.op_type)
    known, in_bytes = list(translation.nodes), set(translation.byte_tensors)
    translation.byte_tensors |= {tensor.name for tensor in tensors if tensor.dtype in _BYTES}
    try:
        if write is None:
            raise ModelError("no operator here stands for its type")
        write(translation, op)
        op.options.check()
    except (ModelError, *MALFORMED) as error:
        translation.nodes[:] = known
        if write is None:
            translation.byte_tensors = in_bytes
        op_type = _CONTROL_FLOW.get(op.op_type, f"tflite.{op.op_type}")
        words = str(error) if isinstance(error, ModelError) else f"it is malformed ({error})"
        translation.add(op, op_type, inputs, refusal=words)


def join_fates(fates: Iterable[Fate]) -> tuple[Fate, ...]:
    """Give one fate an operator of the file: that of its nodes together."""
    joined = []
    for name, group in groupby(fates, key=lambda fate: fate.node):
        parts = list(group)
        op_type, at, tensor = name.partition("@")
        first = next((part for part in parts if part.outcome == "unmapped"), None)
        first = first or next((part for part in parts if part.outcome == "operators"), parts[0])
        detail = first.detail
        if first.outcome == "operators":
            detail = ", ".join(part.detail for part in parts if part.outcome == "operators")
        lost = Lost.of(parts)
        fate = replace(first, detail=detail, multiply_adds=None if lost.uncounted else lost.multiply_adds)
        joined.append(replace(fate, node=tensor, op_type=op_type) if at else fate)
    return tuple(joined)
