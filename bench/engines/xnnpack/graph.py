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

__all__ = ["FLOAT", "INT8", "Graph", "Range", "Role", "Tensor", "encode"]

Role = Literal["input", "output", "inner", "weight", "bias"]

FLOAT, INT8 = "f32", "qs8"
"""The types of activations: floats, and bytes with a sign and one scale."""

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
    given: Sequence[Values] | None = None
    """Real values of the operator's inputs, where it is to run on such."""
    nodes: list[tuple[str, tuple[int, ...], tuple[float, ...], tuple[Tensor | None, ...]]] = field(
        default_factory=list
    )

    def activation(self, role: Role, kind: str, dims: Sequence[int], values: Values | None = None) -> Tensor:
        """Add an input, an output or a value between two nodes."""
        scale = SCALE if kind == INT8 else 0.0
        return self._add(Tensor(role, kind, tuple(dims), scale, data=encode(kind, values)))

    def give(self, index: int) -> Values | None:
        """Give the real values of the operator's input of this number, where there are such."""
        return None if self.given is None else self.given[index]

    def weight(
        self, kind: str, dims: Sequence[int], channel_dim: int = 0, values: Values | None = None
    ) -> Tensor:
        """Add weights for activations of a kind: in 8 bits with a scale for each channel."""
        if kind == FLOAT:
            return self._add(Tensor("weight", FLOAT, tuple(dims), data=encode(FLOAT, values)))
        data = encode("qc8", values)
        return self._add(Tensor("weight", "qc8", tuple(dims), SCALE, channel_dim, data))

    def bias(self, kind: str, channels: int, values: Values | None = None) -> Tensor:
        """Add a bias, of zeros unless values are given."""
        if kind == FLOAT:
            return self._add(Tensor("bias", FLOAT, (channels,), data=encode(FLOAT, values)))
        data = encode("qc32", values)
        return self._add(Tensor("bias", "qc32", (channels,), SCALE * SCALE, data=data))

    def parameter(self, kind: str, dims: Sequence[int], values: Values | None = None) -> Tensor:
        """Add a parameter that has the type of activations, in 8 bits with one scale."""
        scale = SCALE if kind == INT8 else 0.0
        return self._add(Tensor("weight", kind, tuple(dims), scale, data=encode(kind, values)))

    def constant(self, kind: str, value: float) -> Tensor:
        """Add one number as a parameter of an activation's type."""
        level = max(-128, min(127, round(value / SCALE)))
        data = struct.pack("<f", value) if kind == FLOAT else struct.pack("b", level)
        return self._add(Tensor("weight", kind, (1,), SCALE if kind == INT8 else 0.0, data=data))

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


def encode(kind: str, values: Values | None) -> bytes | None:
    """Write real values as a type has them, as near as it comes to them."""
    if values is None:
        return None
    if kind == FLOAT:
        return values.astype("<f4").tobytes()
    if kind == "qc32":
        return (values / SCALE**2).round().astype("<i4").tobytes()
    return (values / SCALE).round().clip(-128, 127).astype("i1").tobytes()


def _format(numbers: Sequence[int | float]) -> str:
    return " ".join([str(len(numbers)), *map(repr, numbers)])


def _finite(floats: Sequence[float]) -> Sequence[float]:
    """Leave bounds out that bound nothing, of which the last may be absent: C++ streams read no infinity."""
    if floats and floats[-1] == inf:
        return _finite(floats[:-1])
    return [-_MOST_FLOAT if number == -inf else number for number in floats] if set(floats) != {-inf} else ()
