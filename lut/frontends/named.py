"""An operator in its place in a net."""

from __future__ import annotations

from dataclasses import dataclass

from lut.ops import OpSpec

__all__ = ["NamedOp"]


@dataclass(frozen=True)
class NamedOp:
    """An operator of a net, and the names of the blobs that it reads and writes."""

    op: OpSpec
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    is_of_rows: bool = False
    """Whether its tensors of four dimensions are no feature maps, so that they lie as they are written."""
