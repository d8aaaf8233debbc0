"""A space's operators as commands take them: those that the engine runs, and words for the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bench.engines import Engine
from bench.op_generators import SPACES
from lut.cli import ChosenSpace
from lut.plan import Part

__all__ = ["SpaceWalk"]


class SpaceWalk:
    """Walks through a space once, and remembers what it left out."""

    def __init__(self, space: ChosenSpace, engine: Engine) -> None:
        self._engine = engine
        self._left_out: Counter[str] = Counter()
        self._remarks: list[str] = []
        self._plan = SPACES[space.name].plan(
            **space.options, fused=engine.traits.fuses_activations, announce=self._remarks.append
        )

    def __iter__(self) -> Iterator[Part]:
        for part in self._plan:
            if self._engine.refusal(part.op) is None:
                yield part
            else:
                self._left_out[part.op.op_type] += 1

    def describe(self) -> list[str]:
        """Say what was left out, once the walk is over."""
        return [
            *self._remarks,
            *(
                f"Left out: {times:,} {op_type}, which {self._engine.name} does not run."
                for op_type, times in sorted(self._left_out.items())
            ),
        ]
