"""A TFLite file as operators and tensors. The file is mapped into memory, and weights are never read.

A vector may be referred to from many places, so that a small file can hold as good as endless lists. What is
read is counted, each time anew, and may come to as much as a file of its size holds.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable, Mapping
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

_MOST_PARTS = 2_000_000
"""Entries of all lists together: fifty times those of the largest models in use."""

_BYTES_OF_PART = 64
"""So many bytes of a name or a small tensor count as an entry: they are read at once."""

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


class _Count:
    """How many entries of lists may still be read of a file of so many bytes."""

    def __init__(self, size: int) -> None:
        self._left = min(_MOST_PARTS, size)

    def take(self, count: int) -> int:
        """Count entries that are about to be read; give how many they are."""
        self._left -= count
        if self._left < 0:
            raise ModelError(
                "its lists are longer than a file of its size can hold: they share parts, as no converter "
                "writes them. Convert the model again."
            )
        return count

    def take_bytes(self, data: bytes | None) -> bytes:
        """Count bytes that were read at once; give them."""
        self.take(1 + len(data or b"") // _BYTES_OF_PART)
        return data or b""

    def read(self, length: int, vector: Callable[[], Any]) -> tuple[int, ...]:
        """Read a vector of so many whole numbers."""
        return tuple(vector().tolist()) if self.take(length) else ()


def _read(path: Path, content: mmap.mmap) -> TfliteGraph:
    model = tflite.Model.GetRootAs(content, 0)
    if not model.SubgraphsLength():
        raise ModelError("it holds no graph.")
    graph, count = model.Subgraphs(0), _Count(len(content))
    names = _name_types(model, count)
    operators = []
    for index in range(count.take(graph.OperatorsLength())):
        operator = graph.Operators(index)
        op_type = names[operator.OpcodeIndex()]
        inputs = count.read(operator.InputsLength(), operator.InputsAsNumpy)
        outputs = count.read(operator.OutputsLength(), operator.OutputsAsNumpy)
        operators.append(TfliteOperator(op_type, inputs, outputs, _read_options(operator)))
    tensors = tuple(
        _read_tensor(model, graph.Tensors(index), index, count)
        for index in range(count.take(graph.TensorsLength()))
    )
    return TfliteGraph(
        path,
        tuple(operators),
        tensors,
        count.read(graph.InputsLength(), graph.InputsAsNumpy),
        count.read(graph.OutputsLength(), graph.OutputsAsNumpy),
    )


def _name_types(model: Any, count: _Count) -> list[str]:
    """Name the types that operators refer to; a custom one by its own name."""
    numbers: Mapping[int, str] = {
        number: name for name, number in vars(tflite.BuiltinOperator).items() if isinstance(number, int)
    }
    names = []
    for index in range(count.take(model.OperatorCodesLength())):
        code = model.OperatorCodes(index)
        # Files from before 2020 have the number in another field, of 8 bits.
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        custom = count.take_bytes(code.CustomCode())
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


def _read_tensor(model: Any, tensor: Any, index: int, count: _Count) -> TfliteTensor:
    shape = tuple(max(1, size) for size in count.read(tensor.ShapeLength(), tensor.ShapeAsNumpy))
    buffer = model.Buffers(tensor.Buffer())
    size = buffer.DataLength() or (buffer.Size() if hasattr(buffer, "Size") else 0)
    dtype = tensor.Type()
    values = None
    if 0 < buffer.DataLength() <= _MOST_BYTES and dtype in _DTYPES:
        data = count.take_bytes(buffer.DataAsNumpy().tobytes())
        values = np.frombuffer(data, _DTYPES[dtype]).reshape(shape)
    # Converters join the names of all that went into an operator; the last says what it became.
    name = count.take_bytes(tensor.Name()).decode(errors="replace").rpartition(";")[2]
    return TfliteTensor(f"{name}#{index}", shape, dtype, bool(size), values)
