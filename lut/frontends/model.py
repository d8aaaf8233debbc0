"""What every front-end gives: a model as the list of its operators."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lut.ops import OpSpec, multiply_adds

__all__ = ["Frontend", "Model"]


@dataclass(frozen=True)
class Model:
    """A network: where it was read from, and its operators in the order they run."""

    path: Path
    ops: tuple[OpSpec, ...]

    @property
    def multiply_adds(self) -> int:
        """The multiply-adds of one inference."""
        return sum(map(multiply_adds, self.ops))


@dataclass(frozen=True)
class Frontend:
    """How one kind of model is told from others and loaded."""

    recognise: Callable[[Path], bool]
    load: Callable[[Path, Mapping[str, tuple[int, ...]] | None, int], Model]
