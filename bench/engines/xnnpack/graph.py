"""Subgraphs as the program reads them: a line a value and a line a node.

The format is described in `bench/speed_benchmark/src/xnnpack/graph.h`.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Literal

from bench.engines.engine import SCALE, Values

__all__ = ["FLOAT", "SIGNED", "UNSIGNED", "Graph", "Node", "Range", "Role", "Tensor", "decode", "encode"]

Role = Literal["input", "output", "inner", "weight", "bias"]

FLOAT, SIGNED, UNSIGNED = "f32", "qs8", "qu8"
"""The types of activations: floats, and bytes with a sign or without, with one scale."""

_PARAMETERS = {FLOAT: (FLOAT, FLOAT), SIGNED: ("qc8", "qc32"), UNSIGNED: (UNSIGNED, "q32")}
"""The types of weights and biases that go with activations: signed bytes have a scale for each channel."""

_ZERO_POINTS = {UNSIGNED: 128}
_SCALES = {FLOAT: 0.0, "q32": SCALE**2, "qc32": SCALE**2}

_MOST_FLOAT = 3.4028234e38

Range = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Tensor:
    """A value of a graph: its place in it by identity, its role, type and dimensions."""

    role: Role
    kind: str
    dims: tuple[int, ...]
    channel_dim: int = 0
    data: bytes | None = None
    """What a weight or bias holds, in the engine's order; None leaves it to the program."""

    @property
    def scale(self) -> float:
        """What one step of it stands for; 0 for floats."""
        return _SCALES.get(self.kind, SCALE)

    @property
    def zero_point(self) -> int:
        """What stands for 0."""
        return _ZERO_POINTS.get(self.kind, 0)

    @property
    def full_range(self) -> Range:
        """All that it can hold: the bounds of an operator that is fused with nothing."""
        return (-inf, inf) if self.kind == FLOAT else (-128 * self.scale, 127 * self.scale)

    @property
    def positive_range(self) -> Range:
        """What a ReLU leaves of it."""
        return 0.0, self.full_range[1]


@dataclass(frozen=True, eq=False)
class Node:
    """A kernel of the engine: its kind, the numbers that it is told, its inputs and then its output."""

    kind: str
    ints: tuple[int, ...]
    floats: tuple[float, ...]
    tensors: tuple[Tensor | None, ...]


@dataclass
class Graph:
    """A graph while it is put together."""

    tensors: list[Tensor] = field(default_factory=list)
    given: Sequence[Values] | None = None
    """Real values of the operator's inputs, where it is to run on such."""
    nodes: list[Node] = field(default_factory=list)

    def activation(self, role: Role, kind: str, dims: Sequence[int], values: Values | None = None) -> Tensor:
        """Add an input, an output or a value between two nodes."""
        return self._add(Tensor(role, kind, tuple(dims), data=encode(kind, values)))

    def give(self, index: int) -> Values | None:
        """Give the real values of the operator's input of this number, where there are such."""
        return None if self.given is None else self.given[index]

    def weight(
        self, kind: str, dims: Sequence[int], channel_dim: int = 0, values: Values | None = None
    ) -> Tensor:
        """Add weights for activations of a kind."""
        own, _ = _PARAMETERS[kind]
        return self._add(Tensor("weight", own, tuple(dims), channel_dim, encode(own, values)))

    def bias(self, kind: str, channels: int, values: Values | None = None) -> Tensor:
        """Add a bias, of zeros unless values are given."""
        _, own = _PARAMETERS[kind]
        return self._add(Tensor("bias", own, (channels,), data=encode(own, values)))

    def parameter(self, kind: str, dims: Sequence[int], values: Values | None = None) -> Tensor:
        """Add a parameter that has the type of activations."""
        return self._add(Tensor("weight", kind, tuple(dims), data=encode(kind, values)))

    def constant(self, kind: str, value: float) -> Tensor:
        """Add one number as a parameter of an activation's type."""
        level = max(-128, min(127, round(value / SCALE))) + _ZERO_POINTS.get(kind, 0)
        data = struct.pack("<f", value) if kind == FLOAT else (level & 255).to_bytes(1, "little")
        return self._add(Tensor("weight", kind, (1,), data=data))

    def node(
        self,
        kind: str,
        *tensors: Tensor | None,
        ints: Sequence[int] = (),
        floats: Sequence[float] = (),
    ) -> None:
        """Add a node, with its inputs and then its output."""
        self.nodes.append(Node(kind, tuple(ints), tuple(floats), tensors))

    def to_text(self) -> str:
        """Write the graph; values from outside come first."""
        external = [tensor for tensor in self.tensors if tensor.role in ("input", "output")]
        ordered = external + [tensor for tensor in self.tensors if tensor.role not in ("input", "output")]
        number = {id(tensor): index for index, tensor in enumerate(ordered)}
        lines = [f"xnnpack 1 {len(external)}"]
        for tensor in ordered:
            facts = f"{tensor.role} {tensor.kind} {tensor.scale!r} {tensor.zero_point} {tensor.channel_dim}"
            lines.append(f"value {facts} {_format(tensor.dims)}")
        for tensor in ordered:
            if tensor.data is not None:
                lines.append(f"data {number[id(tensor)]} {tensor.data.hex()}")
        for node in self.nodes:
            values = [-1 if tensor is None else number[id(tensor)] for tensor in node.tensors]
            numbers = f"{_format(node.ints)} {_format(_finite(node.floats))}"
            lines.append(f"node {node.kind} {numbers} {_format(values)}")
        return "\n".join(lines) + "\n"

    def _add(self, tensor: Tensor) -> Tensor:
        self.tensors.append(tensor)
        return tensor


def encode(kind: str, values: Values | None) -> bytes | None:
    """Write real values as a type has them, as near as it comes to them."""
    if values is None:
        return None
    if kind == FLOAT:
        return values.astype("<f4").tobytes()
    if kind in ("q32", "qc32"):
        return (values / SCALE**2).round().astype("<i4").tobytes()
    levels = (values / SCALE).round().clip(-128, 127)
    return (levels + 128).astype("u1").tobytes() if kind == UNSIGNED else levels.astype("i1").tobytes()


def decode(kind: str, content: bytes) -> Values:
    """Read an activation's real values."""
    import numpy as np  # a command that measures nothing should not wait for it

    if kind == FLOAT:
        return np.frombuffer(content, "<f4").astype(np.float64)
    levels = np.frombuffer(content, "u1" if kind == UNSIGNED else "i1").astype(np.float64)
    return (levels - _ZERO_POINTS.get(kind, 0)) * SCALE


def _format(numbers: Sequence[int | float]) -> str:
    return " ".join([str(len(numbers)), *map(repr, numbers)])


def _finite(floats: Sequence[float]) -> Sequence[float]:
    """Leave bounds out that bound nothing, of which the last may be absent: C++ streams read no infinity."""
    if floats and floats[-1] == inf:
        return _finite(floats[:-1])
    return [-_MOST_FLOAT if number == -inf else number for number in floats] if set(floats) != {-inf} else ()
