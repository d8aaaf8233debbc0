"""A TFLite file as operators and tensors. The file is mapped into memory, and weights are never read."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tflite
from numpy.typing import NDArray

from lut.errors import ModelError

__all__ = ["TfliteGraph", "TfliteOperator", "TfliteTensor", "read_tflite"]

_IDENTIFIER = b"TFL3"
_MOST_BYTES = 4096
"""A tensor with more data is one of weights."""

_DTYPES = {
    tflite.TensorType.FLOAT32: np.float32,
    tflite.TensorType.INT32: np.int32,
    tflite.TensorType.INT64: np.int64,
}


@dataclass(frozen=True)
class TfliteTensor:
    """A tensor: its name, shape in the file's own order, and the number of its `TensorType`.

    `is_constant` says that the file has its values; `values` are those of a small one.
    """

    name: str
    shape: tuple[int, ...]
    dtype: int
    is_constant: bool
    values: NDArray[Any] | None = None


@dataclass(frozen=True)
class TfliteOperator:
    """An operator: its type as the schema names it, its tensors by number (-1: left out), its options."""

    op_type: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Any
    """The schema's object for this type; None where it has none."""


@dataclass(frozen=True)
class TfliteGraph:
    """The main graph of a model."""

    path: Path
    operators: tuple[TfliteOperator, ...]
    tensors: tuple[TfliteTensor, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def read_tflite(path: Path) -> TfliteGraph:
    """Read a model.

    Raises:
        ModelError: the file can't be read, or is no TFLite model, or not whole.
    """
    try:
        with path.open("rb") as stream:
            content = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as refusal:
        raise ModelError(f"it can't be read: {refusal.strerror or refusal}.") from refusal
    except ValueError as error:
        raise ModelError("it is empty. Fetch it again.") from error
    if content[4:8] != _IDENTIFIER:
        raise ModelError("it is not a TFLite model: its fifth to eighth byte are not TFL3.")
    try:
        return _read(path, content)
    except (struct.error, IndexError, TypeError, UnicodeDecodeError, ValueError) as error:
        raise ModelError(f"it is not a TFLite model, or not whole ({error}). Fetch it again.") from error


def _read(path: Path, content: mmap.mmap) -> TfliteGraph:
    model = tflite.Model.GetRootAs(content, 0)
    if not model.SubgraphsLength():
        raise ModelError("it holds no graph.")
    graph = model.Subgraphs(0)
    names = _name_types(model)
    operators = []
    for index in range(graph.OperatorsLength()):
        operator = graph.Operators(index)
        op_type = names[operator.OpcodeIndex()]
        inputs = tuple(operator.Inputs(place) for place in range(operator.InputsLength()))
        outputs = tuple(operator.Outputs(place) for place in range(operator.OutputsLength()))
        operators.append(TfliteOperator(op_type, inputs, outputs, _read_options(operator)))
    tensors = tuple(
        _read_tensor(model, graph.Tensors(index), index) for index in range(graph.TensorsLength())
    )
    return TfliteGraph(
        path,
        tuple(operators),
        tensors,
        tuple(graph.Inputs(place) for place in range(graph.InputsLength())),
        tuple(graph.Outputs(place) for place in range(graph.OutputsLength())),
    )


def _name_types(model: Any) -> list[str]:
    """Name the types that operators refer to; a custom one by its own name."""
    numbers: Mapping[int, str] = {
        number: name for name, number in vars(tflite.BuiltinOperator).items() if isinstance(number, int)
    }
    names = []
    for index in range(model.OperatorCodesLength()):
        code = model.OperatorCodes(index)
        # Files from before 2020 have the number in another field, of 8 bits.
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        custom = code.CustomCode()
        names.append(custom.decode(errors="replace") if custom else numbers.get(number, f"operator {number}"))
    return names


def _read_options(operator: Any) -> Any:
    kinds = {number: name for name, number in vars(tflite.BuiltinOptions).items() if isinstance(number, int)}
    name = kinds.get(operator.BuiltinOptionsType(), "NONE")
    table = operator.BuiltinOptions()
    if name == "NONE" or table is None:
        return None
    options = getattr(tflite, name)()
    options.Init(table.Bytes, table.Pos)
    return options


def _read_tensor(model: Any, tensor: Any, index: int) -> TfliteTensor:
    shape = tuple(max(1, int(tensor.Shape(place))) for place in range(tensor.ShapeLength()))
    buffer = model.Buffers(tensor.Buffer())
    size = buffer.DataLength() or (buffer.Size() if hasattr(buffer, "Size") else 0)
    dtype = tensor.Type()
    values = None
    if 0 < buffer.DataLength() <= _MOST_BYTES and dtype in _DTYPES:
        values = np.frombuffer(bytes(map(buffer.Data, range(buffer.DataLength()))), _DTYPES[dtype]).reshape(
            shape
        )
    # Converters join the names of all that went into an operator; the last says what it became.
    name = (tensor.Name() or b"").decode(errors="replace").rpartition(";")[2]
    return TfliteTensor(f"{name}#{index}", shape, dtype, bool(size), values)
