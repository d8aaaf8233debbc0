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
from lut.frontends.tflite.options import Options

__all__ = ["TfliteGraph", "TfliteOperator", "TfliteTensor", "read_tflite"]

_IDENTIFIER = b"TFL3"
_MOST_BYTES = 4096
"""A tensor with more data is one of weights."""

_SHOWN = 9
"""So many graphs are named."""

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

    Names are made different by the tensor's number; `label` is the file's own. `is_constant` says that the
    file has its values; `values` are those of a small one. An open size is 1 in `shape`, and -1 in
    `signature`, which is empty where none is open; the shape is None where it is not known.
    """

    name: str
    shape: tuple[int, ...] | None
    dtype: int
    is_constant: bool
    values: NDArray[Any] | None = None
    label: str = ""
    signature: tuple[int, ...] = ()


@dataclass(frozen=True)
class TfliteOperator:
    """An operator: its type as the schema names it, its tensors by number (-1: left out), its options."""

    op_type: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Options


@dataclass(frozen=True)
class TfliteGraph:
    """One graph of a model, and the names of those that were not read."""

    path: Path
    operators: tuple[TfliteOperator, ...]
    tensors: tuple[TfliteTensor, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    name: str = ""
    others: tuple[str, ...] = ()


def read_tflite(path: Path, signature: str | None = None) -> TfliteGraph:
    """Read a graph of a model.

    Args:
        path: the file.
        signature: which graph, by the key of its signature or, if it has none, its name or number; None
            takes the first.

    Raises:
        ModelError: the file can't be read, or is no TFLite model, or not whole, or has no such signature.
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
        return _read(path, content, signature)
    except (struct.error, AttributeError, IndexError, TypeError, ValueError) as error:
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


def _read(path: Path, content: mmap.mmap, signature: str | None) -> TfliteGraph:
    model = tflite.Model.GetRootAs(content, 0)
    count = _Count(len(content))
    if not model.SubgraphsLength():
        raise ModelError("it holds no graph.")
    titles = _name_graphs(model, count)
    if signature is not None and signature not in titles:
        raise ModelError(
            f"it has no signature {signature!r}; it has {', '.join(map(repr, titles[:_SHOWN]))}."
        )
    chosen = 0 if signature is None else titles.index(signature)
    graph = model.Subgraphs(chosen)
    names = _name_types(model, count)
    operators = []
    for index in range(count.take(graph.OperatorsLength())):
        operator = graph.Operators(index)
        op_type = names[operator.OpcodeIndex()]
        inputs = count.read(operator.InputsLength(), operator.InputsAsNumpy)
        outputs = count.read(operator.OutputsLength(), operator.OutputsAsNumpy)
        operators.append(TfliteOperator(op_type, inputs, outputs, Options(_read_options(operator))))
    tensors = tuple(
        _read_tensor(model, graph.Tensors(index), index, count)
        for index in range(count.take(graph.TensorsLength()))
    )
    inputs = count.read(graph.InputsLength(), graph.InputsAsNumpy)
    outputs = count.read(graph.OutputsLength(), graph.OutputsAsNumpy)
    named = {*inputs, *outputs}
    for op in operators:
        named |= {*op.outputs, *op.inputs} - {-1}
    if any(not 0 <= number < len(tensors) for number in named):
        raise ModelError(f"it names tensors that are not there; it has {len(tensors)}. Fetch it again.")
    others = tuple(title for place, title in enumerate(titles) if place != chosen)
    return TfliteGraph(path, tuple(operators), tensors, inputs, outputs, titles[chosen], others)


def _name_graphs(model: Any, count: _Count) -> list[str]:
    """Name the graphs, each by the key of its signature or, if it has none, its name or number."""
    names = []
    for index in range(count.take(model.SubgraphsLength())):
        title = count.take_bytes(model.Subgraphs(index).Name()).decode(errors="replace")
        names.append(str(index) if not title or title in names else title)
    for index in range(count.take(model.SignatureDefsLength())):
        each = model.SignatureDefs(index)
        key = count.take_bytes(each.SignatureKey()).decode(errors="replace")
        if key:
            names[each.SubgraphIndex()] = key
    return names


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
    sizes = count.read(tensor.ShapeLength(), tensor.ShapeAsNumpy)
    signature = count.read(tensor.ShapeSignatureLength(), tensor.ShapeSignatureAsNumpy) or sizes
    if len(signature) != len(sizes):
        raise ModelError(f"its tensor {index} has {len(sizes)} sizes and a signature of {len(signature)}.")
    shape = tuple(max(1, size) for size in sizes)
    buffer = model.Buffers(tensor.Buffer())
    size = buffer.DataLength() or (buffer.Size() if hasattr(buffer, "Size") else 0)
    dtype = tensor.Type()
    values = None
    if 0 < buffer.DataLength() <= _MOST_BYTES and dtype in _DTYPES:
        data = count.take_bytes(buffer.DataAsNumpy().tobytes())
        values = np.frombuffer(data, _DTYPES[dtype]).reshape(shape)
    # Converters join the names of all that went into an operator; the last says what it became.
    label = count.take_bytes(tensor.Name()).decode(errors="replace")
    name = f"{label.rpartition(';')[2]}#{index}"
    is_open = min(signature, default=0) < 0
    return TfliteTensor(name, shape, dtype, bool(size), values, label, signature if is_open else ())
