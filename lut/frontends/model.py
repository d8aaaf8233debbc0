"""What every front-end gives: a model as its operators, and how they hang together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from lut.frontends.fusion import fuse_activations
from lut.frontends.named import NamedOp
from lut.ops import OpSpec, multiply_adds

__all__ = ["Frontend", "Model", "name_models"]


@dataclass(frozen=True)
class Model:
    """A network: where it was read from, and its operators in the order they run."""

    path: Path
    named: tuple[NamedOp, ...]
    """With the names of what they read and write."""

    @cached_property
    def ops(self) -> tuple[OpSpec, ...]:
        """The operators as the model has them."""
        return tuple(each.op for each in self.named)

    @cached_property
    def fused(self) -> tuple[NamedOp, ...]:
        """The operators as an engine runs them that fuses activations."""
        return fuse_activations(self.named)

    def choose_ops(self, *, fused: bool) -> tuple[OpSpec, ...]:
        """Give the operators as an engine runs them that fuses activations, or one that does not."""
        return tuple(each.op for each in self.fused) if fused else self.ops

    @property
    def multiply_adds(self) -> int:
        """The multiply-adds of one inference."""
        return sum(map(multiply_adds, self.ops))


@dataclass(frozen=True)
class Frontend:
    """How one kind of model is recognised and loaded."""

    recognise: Callable[[Path], bool]
    load: Callable[[Path, Mapping[str, tuple[int, ...]] | None, int], Model]


def name_models(paths: Sequence[Path]) -> list[str]:
    """Name models by the end of their paths (`FBNet-A/int8`), or by all of it where two would be the same."""
    names = ["/".join(path.resolve().parts[-2:]) for path in paths]
    return [name if names.count(name) == 1 else str(path) for name, path in zip(names, paths, strict=True)]
