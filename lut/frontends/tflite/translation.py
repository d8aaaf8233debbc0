"""TFLite's operators as nodes with the types and attributes of ONNX, and their shapes in NCHW."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby

import tflite

from lut.errors import ModelError
from lut.frontends.fates import Fate
from lut.frontends.nodes import Graph, Value
from lut.frontends.tflite.operators import TRANSLATIONS
from lut.frontends.tflite.reading import TfliteGraph
from lut.frontends.tflite.writing import INT64, Translation, turn_shape
from lut.ops import FLOAT

__all__ = ["join_fates", "translate"]

_INT8 = 3  # of ONNX's TensorProto.DataType
_OPSET = 17
_BYTES = {tflite.TensorType.INT8, tflite.TensorType.UINT8}
_CONTROL_FLOW = {"IF": "If", "WHILE": "Loop", "CALL": "Loop"}


def translate(source: TfliteGraph) -> Graph:
    """Write a model's operators as nodes."""
    translation = Translation(source)
    for tensor in source.tensors:
        dtype = _INT8 if tensor.dtype in _BYTES else FLOAT if tensor.dtype in _FLOATS else INT64
        translation.values[tensor.name] = Value(turn_shape(tensor.shape), dtype)
        if tensor.is_constant:
            translation.parameters.add(tensor.name)
            if tensor.values is not None:
                translation.constants[tensor.name] = tensor.values
    for op in source.operators:
        if not op.outputs:
            raise ModelError(
                f"its operator {op.op_type} gives nothing: the model keeps state from one run to the next. "
                f"Only models whose output depends on their input alone are known here."
            )
        write = TRANSLATIONS.get(op.op_type)
        inputs = [translation.name(number) for number in op.inputs]
        known = list(translation.nodes)
        try:
            if write is None:
                raise ModelError("no operator here stands for its type")
            write(translation, op)
        except ModelError as error:  # the node is of no type that can be mapped, and keeps the reason
            translation.nodes[:] = known
            op_type = _CONTROL_FLOW.get(op.op_type, f"tflite.{op.op_type}")
            translation.add(op, op_type, inputs, unmapped=str(error))
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
    )


_FLOATS = {tflite.TensorType.FLOAT32, tflite.TensorType.FLOAT16}


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
        total = sum(part.multiply_adds for part in parts)
        fate = replace(first, detail=detail, multiply_adds=total)
        joined.append(replace(fate, node=tensor, op_type=op_type) if at else fate)
    return tuple(joined)
