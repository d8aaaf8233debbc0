"""Small TFLite models, written by the schema's own functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import tflite

__all__ = ["Layer", "list_offsets", "write_tflite"]


@dataclass(frozen=True)
class Layer:
    """An operator: its type, the tensors it reads and writes, and its options by the schema's names."""

    op_type: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    options: Mapping[str, int | float] = field(default_factory=dict)


def write_tflite(
    path: Path,
    layers: Sequence[Layer],
    shapes: Mapping[str, tuple[int, ...]],
    constants: Mapping[str, Any],
    *,
    dtype: int = tflite.TensorType.FLOAT32,
) -> Path:
    """Write a model. Tensors called x… come from outside, those called y… go there.

    `constants` are values of small tensors of whole numbers, or None for weights of the shape's size.
    """
    builder = flatbuffers.Builder(1024)
    names = list(shapes)
    buffers = [_table(builder, "Buffer", {})]
    for name in constants:
        content = constants[name]
        zeros = bytes(prod(shapes[name]) * (4 if dtype == tflite.TensorType.FLOAT32 else 1))
        data = zeros if content is None else np.asarray(content, np.int32).tobytes()
        buffers.append(_table(builder, "Buffer", {"Data": builder.CreateByteVector(data)}))
    tensors = []
    for name in names:
        kept = list(constants)
        is_whole = constants.get(name) is not None
        fields = {
            "Shape": builder.CreateNumpyVector(np.asarray(shapes[name], np.int32)),
            "Type": tflite.TensorType.INT32 if is_whole else dtype,
            "Buffer": kept.index(name) + 1 if name in constants else 0,
            "Name": builder.CreateString(name),
        }
        tensors.append(_table(builder, "Tensor", fields))
    codes, operators = [], []
    for number, layer in enumerate(layers):
        code = getattr(tflite.BuiltinOperator, layer.op_type)
        codes.append(
            _table(builder, "OperatorCode", {"BuiltinCode": code, "DeprecatedBuiltinCode": min(code, 127)})
        )
        fields = {
            "OpcodeIndex": number,
            "Inputs": _numbers(builder, [names.index(name) if name else -1 for name in layer.inputs]),
            "Outputs": _numbers(builder, map(names.index, layer.outputs)),
        }
        kind = _OPTIONS.get(layer.op_type)
        if kind is not None:
            fields["BuiltinOptions"] = _table(builder, kind, layer.options)
            fields["BuiltinOptionsType"] = getattr(tflite.BuiltinOptions, kind)
        operators.append(_table(builder, "Operator", fields))
    graph = _table(
        builder,
        "SubGraph",
        {
            "Tensors": list_offsets(builder, tensors),
            "Inputs": _numbers(builder, [names.index(name) for name in names if name.startswith("x")]),
            "Outputs": _numbers(builder, [names.index(name) for name in names if name.startswith("y")]),
            "Operators": list_offsets(builder, operators),
        },
    )
    model = {
        "Version": 3,
        "OperatorCodes": list_offsets(builder, codes),
        "Subgraphs": list_offsets(builder, [graph]),
        "Buffers": list_offsets(builder, buffers),
    }
    builder.Finish(_table(builder, "Model", model), b"TFL3")
    path.write_bytes(bytes(builder.Output()))
    return path


_OPTIONS = {
    "ADD": "AddOptions",
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "BATCH_MATMUL": "BatchMatMulOptions",
    "CONCATENATION": "ConcatenationOptions",
    "CONV_2D": "Conv2DOptions",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions",
    "FULLY_CONNECTED": "FullyConnectedOptions",
    "GATHER": "GatherOptions",
    "GELU": "GeluOptions",
    "MAX_POOL_2D": "Pool2DOptions",
    "MEAN": "ReducerOptions",
    "MUL": "MulOptions",
    "SUM": "ReducerOptions",
    "TRANSPOSE_CONV": "TransposeConvOptions",
}


def _table(builder: flatbuffers.Builder, kind: str, fields: Mapping[str, int | float]) -> int:
    functions: dict[str, Callable[..., Any]] = vars(tflite)
    functions[f"{kind}Start"](builder)
    for name, value in fields.items():
        functions[f"{kind}Add{name}"](builder, value)
    return int(functions[f"{kind}End"](builder))


def _numbers(builder: flatbuffers.Builder, numbers: Iterable[int]) -> int:
    return int(builder.CreateNumpyVector(np.asarray(list(numbers), np.int32)))


def list_offsets(builder: flatbuffers.Builder, offsets: Sequence[int]) -> int:
    """Write a vector of tables that are written already; give its own place."""
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())
