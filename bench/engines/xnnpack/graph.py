"""Subgraphs as the program reads them: a line a value and a line a node.

The format is described in `bench/speed_benchmark/src/xnnpack/graph.h`.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Literal

__all__ = ["FLOAT", "INT8", "Graph", "Range", "Role", "Tensor"]

Role = Literal["input", "output", "inner", "weight", "bias"]

FLOAT, INT8 = "f32", "qs8"
"""The types of activations: floats, and bytes with a sign and one scale."""

_SCALE = 1 / 128
"""[-1, 1) in 8 bits, for activations and weights: every ratio of scales is well inside what kernels take."""

_MOST_FLOAT = 3.4028234e38

Range = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Tensor:
    """A value of a graph: its place in it by identity, its role, type and dimensions."""

    role: Role
    kind: str
    dims: tuple[int, ...]
    scale: float = 0.0
    channel_dim: int = 0
    data: bytes | None = None
    """What a weight or bias holds, in the engine's order; None leaves it to the program."""

    @property
    def full_range(self) -> Range:
        """All that it can hold: the bounds of an operator that is fused with nothing."""
        return (-128 * self.scale, 127 * self.scale) if self.kind == INT8 else (-inf, inf)

    @property
    def positive_range(self) -> Range:
        """What a ReLU leaves of it."""
        return 0.0, self.full_range[1]


@dataclass
class Graph:
    """A graph while it is put together."""

    tensors: list[Tensor] = field(default_factory=list)
    nodes: list[tuple[str, tuple[int, ...], tuple[float, ...], tuple[Tensor | None, ...]]] = field(
        default_factory=list
    )

    def activation(self, role: Role, kind: str, dims: Sequence[int]) -> Tensor:
        """Add an input, an output or a value between two nodes."""
        return self._add(Tensor(role, kind, tuple(dims), _SCALE if kind == INT8 else 0.0))

    def weight(self, kind: str, dims: Sequence[int], channel_dim: int = 0) -> Tensor:
        """Add weights for activations of a kind: in 8 bits with a scale for each channel."""
        if kind == FLOAT:
            return self._add(Tensor("weight", FLOAT, tuple(dims)))
        return self._add(Tensor("weight", "qc8", tuple(dims), _SCALE, channel_dim))

    def bias(self, kind: str, channels: int) -> Tensor:
        """Add a bias of zeros."""
        if kind == FLOAT:
            return self._add(Tensor("bias", FLOAT, (channels,)))
        return self._add(Tensor("bias", "qc32", (channels,), _SCALE * _SCALE))

    def parameter(self, kind: str, dims: Sequence[int], data: bytes | None = None) -> Tensor:
        """Add a parameter that has the type of activations, in 8 bits with one scale."""
        return self._add(Tensor("weight", kind, tuple(dims), _SCALE if kind == INT8 else 0.0, data=data))

    def constant(self, kind: str, value: float) -> Tensor:
        """Add one number as a parameter of an activation's type."""
        level = max(-128, min(127, round(value / _SCALE)))
        return self.parameter(
            kind, (1,), struct.pack("<f", value) if kind == FLOAT else struct.pack("b", level)
        )

    def node(
        self,
        kind: str,
        *tensors: Tensor | None,
        ints: Sequence[int] = (),
        floats: Sequence[float] = (),
    ) -> None:
        """Add a node, with its inputs and then its output."""
        self.nodes.append((kind, tuple(ints), tuple(floats), tensors))

    def to_text(self) -> str:
        """Write the graph; values from outside come first."""
        external = [tensor for tensor in self.tensors if tensor.role in ("input", "output")]
        ordered = external + [tensor for tensor in self.tensors if tensor.role not in ("input", "output")]
        number = {id(tensor): index for index, tensor in enumerate(ordered)}
        lines = [f"xnnpack 1 {len(external)}"]
        for tensor in ordered:
            facts = f"{tensor.role} {tensor.kind} {tensor.scale!r} 0 {tensor.channel_dim}"
            lines.append(f"value {facts} {_format(tensor.dims)}")
        for tensor in ordered:
            if tensor.data is not None:
                lines.append(f"data {number[id(tensor)]} {tensor.data.hex()}")
        for kind, ints, floats, tensors in self.nodes:
            values = [-1 if tensor is None else number[id(tensor)] for tensor in tensors]
            lines.append(f"node {kind} {_format(ints)} {_format(_finite(floats))} {_format(values)}")
        return "\n".join(lines) + "\n"

    def _add(self, tensor: Tensor) -> Tensor:
        self.tensors.append(tensor)
        return tensor


def _format(numbers: Sequence[int | float]) -> str:
    return " ".join([str(len(numbers)), *map(repr, numbers)])


def _finite(floats: Sequence[float]) -> Sequence[float]:
    """Leave bounds out that bound nothing, of which the last may be absent: C++ streams read no infinity."""
    if floats and floats[-1] == inf:
        return _finite(floats[:-1])
    return [-_MOST_FLOAT if number == -inf else number for number in floats] if set(floats) != {-inf} else ()
