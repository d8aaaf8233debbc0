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

__all__ = ["Graph", "Node", "Value"]


@dataclass(frozen=True)
class Node:
    """A node: its name (or that of its first output), type, what it reads and writes, its attributes.

    An input that is left out has the name "". `op_type` begins with the domain where that is not ONNX's own.
    A node that can't be told in terms of ONNX has the reason as its attribute `unmapped`.
    """

    name: str
    op_type: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)


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
    """Whether images lie in NHWC in the model itself, though shapes are given in NCHW."""

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
