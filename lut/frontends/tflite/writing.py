"""Nodes of a TFLite model while they are written: types and attributes of ONNX, shapes in NCHW."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import tflite
from numpy.typing import NDArray

from lut.errors import ModelError
from lut.frontends.nodes import Node, Value
from lut.frontends.tflite.reading import TfliteGraph, TfliteOperator, TfliteTensor
from lut.frontends.writer import TO_NCHW, TO_NHWC
from lut.ops import FLOAT

__all__ = ["INT64", "Translate", "Translation", "turn_shape", "turn_type"]

_MOST_NUMBERS = 64
"""Axes, sizes and pads are one or two numbers a dimension; any operator may refer to them."""

INT64 = 7  # of ONNX's TensorProto.DataType

_DTYPES = {
    tflite.TensorType.FLOAT32: FLOAT,
    tflite.TensorType.UINT8: 2,
    tflite.TensorType.INT8: 3,
    tflite.TensorType.UINT16: 4,
    tflite.TensorType.INT16: 5,
    tflite.TensorType.INT32: 6,
    tflite.TensorType.INT64: INT64,
    tflite.TensorType.STRING: 8,
    tflite.TensorType.BOOL: 9,
    tflite.TensorType.FLOAT16: 10,
    tflite.TensorType.FLOAT64: 11,
    tflite.TensorType.UINT32: 12,
    tflite.TensorType.UINT64: 13,
    tflite.TensorType.COMPLEX64: 14,
    tflite.TensorType.COMPLEX128: 15,
    tflite.TensorType.INT4: 22,
}
"""ONNX's numbers of TFLite's types."""

_ACTIVATIONS: dict[int, tuple[str, dict[str, Any]]] = {
    tflite.ActivationFunctionType.RELU: ("Relu", {}),
    tflite.ActivationFunctionType.RELU6: ("Clip", {"min": 0.0, "max": 6.0}),
    tflite.ActivationFunctionType.RELU_N1_TO_1: ("Clip", {"min": -1.0, "max": 1.0}),
    tflite.ActivationFunctionType.TANH: ("Tanh", {}),
}


def turn_type(dtype: int) -> int:
    """Give ONNX's number of a type; 0, which is none, where it has no such type."""
    return _DTYPES.get(dtype, 0)


def turn_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Give a shape in ONNX's order."""
    return tuple(shape[place] for place in TO_NCHW) if len(shape) == 4 else shape


@dataclass
class Translation:
    """Nodes so far, and what is known of their tensors."""

    source: TfliteGraph
    nodes: list[Node] = field(default_factory=list)
    values: dict[str, Value] = field(default_factory=dict)
    constants: dict[str, NDArray[Any]] = field(default_factory=dict)
    parameters: set[str] = field(default_factory=set)
    fixed: set[str] = field(default_factory=set)
    """Tensors that do not depend on the input, those that are computed included."""
    byte_tensors: set[str] = field(default_factory=set)
    """Tensors in 8 bits that operators compute on."""
    images: set[str] = field(default_factory=set)
    """Feature maps, whose shapes are given in the order of ONNX."""

    def tensor(self, number: int) -> TfliteTensor:
        """Give a tensor by its number."""
        return self.source.tensors[number]

    def sizes(self, number: int, rank: int | None = None) -> tuple[int, ...]:
        """Give a tensor's shape in the file's own order.

        Raises:
            ModelError: it is not known, or of another number of dimensions than `rank`.
        """
        shape = None if number < 0 else self.tensor(number).shape
        if shape is None:
            raise ModelError(f"the shape of {self.name(number)!r} is not known")
        if rank is not None and len(shape) != rank:
            raise ModelError(f"{self.name(number)!r} is of {list(shape)} where {rank} dimensions are known")
        return shape

    def name(self, number: int) -> str:
        """Name a tensor; "" where it is left out."""
        return "" if number < 0 else self.tensor(number).name

    def numbers(self, number: int) -> list[int]:
        """Give the values of a small constant.

        Raises:
            ModelError: it is computed from the net's input, or says more than dimensions need.
        """
        values = self.tensor(number).values
        if values is not None and values.size > _MOST_NUMBERS:
            raise ModelError(f"{self.name(number)!r} holds {values.size} numbers, more than dimensions need")
        if values is None:
            raise ModelError(f"what {self.name(number)!r} holds is computed from the net's input")
        return [int(value) for value in values.reshape(-1)]

    def weigh(self, number: int, shape: tuple[int, ...]) -> str:
        """Give the name of a weight in ONNX's order of dimensions.

        Raises:
            ModelError: it is computed from the net's input.
        """
        if self.name(number) not in self.fixed:
            raise ModelError("its weight is computed from the net's input")
        name = f"{self.name(number)}:{len(self.nodes)}"
        self.values[name] = Value(shape, turn_type(self.tensor(number).dtype))
        self.parameters.add(name)
        return name

    def is_on_images(self, op: TfliteOperator) -> bool:
        """Tell whether an operator works on feature maps."""
        return any(self.name(number) in self.images for number in (*op.inputs, *op.outputs))

    def turn_axis(self, op: TfliteOperator, axis: int, rank: int) -> int:
        """Give the place that a dimension of an operator's input or output has in ONNX's order."""
        axis = axis + rank if axis < 0 else axis
        return TO_NHWC[axis] if rank == 4 and self.is_on_images(op) else axis

    def spread(self, op: TfliteOperator, number: int) -> str:
        """Name a tensor; a constant that meets an image has its dimensions in ONNX's order."""
        shape = self.sizes(number)
        if self.name(number) not in self.fixed or not self.is_on_images(op) or not 0 < len(shape) <= 4:
            return self.name(number)
        return self.weigh(number, turn_shape((*(1,) * (4 - len(shape)), *shape)))

    def constant(self, values: Sequence[int]) -> str:
        """Give the name of a small constant of whole numbers."""
        return self._bring(np.asarray(values), INT64)

    def number(self, value: float) -> str:
        """Give the name of a constant number."""
        return self._bring(np.asarray(value), FLOAT)

    def _bring(self, values: NDArray[Any], dtype: int) -> str:
        name = f"constant:{len(self.constants)}:{len(self.nodes)}"
        self.constants[name] = values
        self.values[name] = Value(values.shape, dtype)
        self.parameters.add(name)
        return name

    def add_part(self, op: TfliteOperator, op_type: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Add a node that comes before the one that gives what the operator gives; return what it gives."""
        output = self.name(op.outputs[0])
        between = f"{output}:before"
        if output in self.values:
            self.values[between] = self.values[output]
        for kind in (self.byte_tensors, self.images):
            if output in kind:
                kind.add(between)
        self.nodes.append(Node(f"{op.op_type}@{output}", op_type, tuple(inputs), (between,), attributes))
        return between

    def add(
        self,
        op: TfliteOperator,
        op_type: str,
        inputs: Sequence[str],
        activation: int = tflite.ActivationFunctionType.NONE,
        refusal: str = "",
        **attributes: Any,
    ) -> None:
        """Add the node that an operator becomes, and one for the activation that is fused into it.

        Raises:
            ModelError: an activation that is not known.
        """
        outputs = tuple(map(self.name, op.outputs))
        name = f"{op.op_type}@{next(filter(None, outputs), '')}"
        follower = _ACTIVATIONS.get(activation)
        if activation == tflite.ActivationFunctionType.NONE:
            self.nodes.append(Node(name, op_type, tuple(inputs), outputs, attributes, refusal=refusal))
            return
        if follower is None:
            raise ModelError(f"the activation {activation} that is fused into it is not known")
        between = self.add_part(op, op_type, inputs, **attributes)
        self.nodes.append(Node(name, follower[0], (between,), outputs, follower[1]))


Translate: TypeAlias = Callable[[Translation, TfliteOperator], None]
