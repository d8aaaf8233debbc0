"""What every front-end gives: a model as its operators, and how they hang together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from lut.errors import ModelError
from lut.frontends.fates import Fate
from lut.frontends.fusion import fuse_activations
from lut.frontends.memory import Memory, count_memory
from lut.frontends.named import NamedOp
from lut.ops import FLOAT, OpSpec, multiply_adds

__all__ = ["PRECISIONS", "Frontend", "Model", "Reading", "name_models"]

PRECISIONS = ("int8", "fp32")

_SHOWN = 5
"""So many nodes are named of a model of which none is known."""


@dataclass(frozen=True)
class Reading:
    """How a model is to be read, where it leaves that open."""

    input_dims: Mapping[str, tuple[int, ...]] | None = None
    """The shape of each input, in the graph's own order of dimensions; None leaves it to the model."""
    input_dtype: int = FLOAT
    """Number of the inputs' `TensorProto.DataType`, for formats that do not say it."""
    precision: str | None = None
    """"int8" or "fp32" for a model of floats; None takes it as it is."""
    signature: str | None = None
    """Which of a file's graphs, for formats that hold several; None takes the first."""


@dataclass(frozen=True)
class Model:
    """A network: where it was read from, and its operators in the order they run."""

    path: Path
    named: tuple[NamedOp, ...]
    """With the names of what they read and write."""
    reading: Reading = field(default_factory=Reading)
    known_fates: tuple[Fate, ...] | None = None
    """What became of each node; None where each node is an operator."""
    outputs: frozenset[str] = frozenset()
    """The names under which operators write what the net gives."""
    remarks: tuple[str, ...] = ()
    """What of the file was not read, though it might be meant; a sentence each."""

    @cached_property
    def ops(self) -> tuple[OpSpec, ...]:
        """The operators as the model has them.

        Raises:
            ModelError: none of its nodes has an operator.
        """
        self._check_known()
        return tuple(each.op for each in self.named)

    @cached_property
    def fused(self) -> tuple[NamedOp, ...]:
        """The operators as an engine runs them that fuses activations.

        Raises:
            ModelError: none of its nodes has an operator.
        """
        self._check_known()
        return fuse_activations(self.named, given=self.outputs)

    def choose_ops(self, *, fused: bool) -> tuple[OpSpec, ...]:
        """Give the operators as an engine runs them that fuses activations, or one that does not."""
        return tuple(each.op for each in self.fused) if fused else self.ops

    def _check_known(self) -> None:
        """Refuse a model of which nothing is known: there is no time that a sum could be of."""
        if not self.named and self.known_fates is not None:
            nodes = [f"{fate.node!r} ({fate.op_type}): {fate.detail}" for fate in self.known_fates[:_SHOWN]]
            raise ModelError(
                f"{self.path}: it holds nothing that takes time and is known here. {'; '.join(nodes)}."
            )

    def count_memory(self, *, fused: bool) -> Memory | None:
        """Count what its tensors take; None where nodes that no operator stands for would take some too."""
        return None if self.unmapped else count_memory(self.fused if fused else self.named, self.outputs)

    @property
    def fates(self) -> tuple[Fate, ...]:
        """What became of each node of the model, in its order."""
        if self.known_fates is not None:
            return self.known_fates
        return tuple(
            Fate(each.outputs[0], each.op.op_type, "operators", each.op.op_type, multiply_adds(each.op))
            for each in self.named
        )

    @property
    def unmapped(self) -> tuple[Fate, ...]:
        """The nodes that no operator stands for: what is summed without them is partial."""
        return tuple(fate for fate in self.known_fates or () if fate.outcome == "unmapped")

    @property
    def multiply_adds(self) -> int:
        """The multiply-adds of one inference."""
        if self.known_fates is None:
            return sum(map(multiply_adds, self.ops))
        return sum(fate.multiply_adds or 0 for fate in self.known_fates if fate.outcome == "operators")


@dataclass(frozen=True)
class Frontend:
    """How one kind of model is recognised and loaded."""

    recognise: Callable[[Path], bool]
    load: Callable[[Path, Reading], Model]
    has_signatures: bool = False
    """Whether a file may hold several graphs."""


def name_models(paths: Sequence[Path]) -> list[str]:
    """Name models by the end of their paths (`FBNet-A/int8`), or by all of it where two would be the same."""
    names = ["/".join(path.resolve().parts[-2:]) for path in paths]
    return [name if names.count(name) == 1 else str(path) for name, path in zip(names, paths, strict=True)]
