"""A model as a graph of nodes whose tensors have shapes: what the operators are found in.

Types and attributes of nodes are those of ONNX, and shapes are in its order, NCHW, whatever the model's
format.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from lut.errors import ModelError

__all__ = ["MALFORMED", "Graph", "Node", "Value", "name_type"]

MALFORMED = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    IndexError,
    KeyError,
    TypeError,
    ValueError,
)
"""What the code of one node raises where the node lacks an input, an attribute or an option, or has it of
another kind than its type says: whoever wrote the model did not keep to the format."""

_TYPES = (
    *("undefined", "float32", "uint8", "int8", "uint16", "int16", "int32", "int64", "string", "bool"),
    *("float16", "float64", "uint32", "uint64", "complex64", "complex128", "bfloat16", "float8e4m3fn"),
    *("float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz", "uint4", "int4", "float4e2m1", "float8e8m0"),
    *("uint2", "int2"),
)


def name_type(dtype: int) -> str:
    """Name a type by its number in `onnx.TensorProto.DataType`."""
    return _TYPES[dtype] if 0 <= dtype < len(_TYPES) else f"the type {dtype}"


@dataclass(frozen=True)
class Node:
    """A node: its name (or that of its first output), type, what it reads and writes, its attributes.

    An input or output that is left out has the name "". `op_type` begins with the domain where that is not
    ONNX's own. `place` is its number among the model's nodes, by which it is known. Of a node that can't be
    told in terms of ONNX, or is malformed, `refusal` gives the reason.
    """

    name: str
    op_type: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    place: int = -1
    refusal: str = ""

    @property
    def output(self) -> str:
        """The first output that is not left out."""
        return next(filter(None, self.outputs), "")


@dataclass(frozen=True)
class Value:
    """A tensor: its shape, and the number of its data type (`onnx.TensorProto.DataType`)."""

    shape: tuple[int, ...]
    dtype: int


@dataclass(frozen=True)
class Graph:
    """A model's nodes in the order they run, and what is known of the tensors between them.

    `constants` holds the values of small tensors that do not depend on the inputs; `parameters` names all
    tensors that the model brings with it, large ones included.
    """

    path: Path
    nodes: tuple[Node, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    values: Mapping[str, Value]
    parameters: frozenset[str]
    constants: Mapping[str, NDArray[Any]]
    opset: int
    channels_last: bool = False
    """Whether images lie in NHWC in the model itself, though shapes of `images` are given in NCHW."""
    images: frozenset[str] = frozenset()
    """The feature maps of a model that has channels last; in others they are found by what nodes do."""
    byte_tensors: frozenset[str] = frozenset()
    """Quantised tensors that operators compute on as they are, without nodes of their own that quantise."""

    def own_shape(self, name: str) -> tuple[int, ...]:
        """Give a tensor's shape in the order in which the model itself counts dimensions.

        Raises:
            ModelError: it is not known.
        """
        shape = self.value(name).shape
        is_turned = self.channels_last and name in self.images and len(shape) == 4
        return (shape[0], *shape[2:], shape[1]) if is_turned else shape

    def value(self, name: str) -> Value:
        """Give what is known of a tensor.

        Raises:
            ModelError: its shape is not known.
        """
        found = self.values.get(name)
        if found is None:
            raise ModelError(
                f"the shape of {name!r} can't be told; give the shapes of the inputs by --input_dims, or "
                f"export the model with fixed ones"
            )
        return found
