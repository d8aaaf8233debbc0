"""What every front-end gives: a model as the list of its operators."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lut.ops import OpSpec, multiply_adds

__all__ = ["Frontend", "Model", "name_models"]


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
    """How one kind of model is recognised and loaded."""

    recognise: Callable[[Path], bool]
    load: Callable[[Path, Mapping[str, tuple[int, ...]] | None, int], Model]


def name_models(paths: Sequence[Path]) -> list[str]:
    """Name models by the end of their paths (`FBNet-A/int8`), or by all of it where two would be the same."""
    names = ["/".join(path.resolve().parts[-2:]) for path in paths]
    return [name if names.count(name) == 1 else str(path) for name, path in zip(names, paths, strict=True)]
