"""What an engine is to everything else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.engines.canary import CANARY
from bench.speed_benchmark import Program, Runtime, build_program, choose_target, find_program
from lut.engines import EngineTraits
from lut.ops import OpSpec

__all__ = ["Engine", "NetSource"]


@dataclass(frozen=True)
class NetSource:
    """A net as an engine's program takes it: an id, and two parts, which only the engine reads."""

    id: str
    first: bytes
    second: bytes


@dataclass(frozen=True)
class Engine:
    """A runtime that operators are measured on. Nothing else asks for an engine by its name.

    `lower` writes the net that runs one operator, and raises ModelError for an operator that the engine
    does not run or that does not fit its rule. `lower_model` does so for a model's folder, given the net's
    id and the shapes of its inputs, where these are not in the folder.
    """

    traits: EngineTraits
    runtimes: Mapping[str, Runtime]
    """By machine."""
    lower: Callable[[OpSpec], NetSource]
    lower_model: Callable[[str, Path, Mapping[str, tuple[int, ...]] | None], NetSource]
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
    ) -> Program:
        """Build the program for a target unless it is there; see `bench.speed_benchmark.build_program`."""
        return build_program(choose_target(target, self.runtimes), cache=cache, progress=progress)

    def find(self, target: str, *, cache: Path | None = None) -> Program | None:
        """Give the program for a target if it is built and whole."""
        return find_program(choose_target(target, self.runtimes), cache=cache)
