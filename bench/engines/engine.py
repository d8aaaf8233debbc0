"""What an engine is to everything else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

from bench.engines.canary import CANARY
from bench.speed_benchmark import Program, Runtime, build_program, choose_target, find_program
from lut.engines import EngineTraits
from lut.frontends import Model
from lut.ops import OpSpec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["SCALE", "Engine", "NetSource", "Values"]

SCALE = 1 / 128
"""What one step of an 8-bit value stands for, of activations and weights alike: they hold [-1, 1).
With one scale, ratios of scales are well inside what quantized kernels take."""

Values: TypeAlias = "NDArray[np.float64]"
"""Real values of a tensor, in its shape."""


class Lower(Protocol):
    """Writes the net that runs one operator."""

    def __call__(self, op: OpSpec, values: Sequence[Values] | None = None) -> NetSource:
        """Write it, with values for its inputs or without; see `Engine`."""


@dataclass(frozen=True)
class NetSource:
    """A net as an engine's program takes it: an id, and two parts, which only the engine reads."""

    id: str
    first: bytes
    second: bytes
    nodes: tuple[int, ...] = ()
    """How many nodes of the engine's each operator of a whole model became, in their order."""


@dataclass(frozen=True)
class Engine:
    """A runtime that operators are measured on. Nothing else asks for an engine by its name.

    `lower` writes the net that runs one operator, and raises ModelError for an operator that the engine
    does not run or that does not fit its rule. Given real values for all inputs, the net holds them, as near
    as the engine's types come to them; else the program fills them on the device. `read_output` turns the
    bytes of an operator's first output into real values, in the operator's own order of dimensions.

    `lower_model` writes a model whole, given the net's id. What no operator stands for is left out, as it
    is out of the model's operators.
    """

    traits: EngineTraits
    runtimes: Mapping[str, Runtime]
    """By machine."""
    lower: Lower
    lower_model: Callable[[str, Model], NetSource]
    read_output: Callable[[OpSpec, bytes], Values]
    refusal: Callable[[OpSpec], str | None] = lambda _: None
    """Why it does not run an operator; None where it does, or where only a run can tell."""
    shares_activations: bool = False
    """Whether a net's activations lie in one small arena, so that an operator finds its input in the cache
    and only its weights cold; else every value has memory of its own."""
    canary: OpSpec = CANARY
    """Runs between others to tell slow phases: some ten microseconds, at home in a processor's caches."""

    @property
    def name(self) -> str:
        """The name by which `--engine` knows it."""
        return self.traits.name

    def name_device(self, name: str) -> str:
        """Add to a device's name what tells its tables from those of other engines, unless it is there."""
        return name if name.endswith(self.traits.suffix) else name + self.traits.suffix

    def build(
        self,
        target: str,
        *,
        cache: Path | None = None,
        progress: Callable[[str], None] | None = None,
        transfer: Callable[[int, int], None] | None = None,
    ) -> Program:
        """Build the program for a target unless it is there; see `bench.speed_benchmark.build_program`."""
        chosen = choose_target(target, self.runtimes)
        return build_program(chosen, cache=cache, progress=progress, transfer=transfer)

    def find(self, target: str, *, cache: Path | None = None) -> Program | None:
        """Give the program for a target if it is built and whole."""
        return find_program(choose_target(target, self.runtimes), cache=cache)
