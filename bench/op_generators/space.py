"""What a space is: a set of operators worth measuring together."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias, TypeVar

from lut.ops import OpSpec, fuse_neighbours
from lut.plan import Part, Plan, take_part
from lut.spaces import SpaceOption

__all__ = ["Precisions", "Resolutions", "Space", "Span", "draw", "join_activations"]

Drawn = TypeVar("Drawn")

Span: TypeAlias = tuple[int, int]
"""The least and the greatest value."""

Precisions: TypeAlias = Annotated[
    tuple[str, ...],
    SpaceOption(
        "--precision", "int8, fp32, or both. Default: int8; of models, what they are.", kind="precisions"
    ),
]

Resolutions: TypeAlias = Annotated[
    tuple[int, ...],
    SpaceOption(
        "--resolution",
        "Height and width of images; may be repeated. Default: those of the released nets.",
        least=32,
        repeated=True,
    ),
]


@dataclass(frozen=True)
class Space:
    """A space: one sentence on what it holds, and what walks through its operators, once or more often each.

    The parameters of `walk` are the space's options (see `lut.spaces.list_options`) and `fused`: whether for
    an engine that fuses activations.
    """

    summary: str
    walk: Callable[..., Plan]
    draw: Callable[..., Iterable[OpSpec]] | None = None
    """Gives the operators of one of its nets by chance, each as often as it runs; None where none is known.

    Its parameters are the source of chance, and options of `walk`.
    """
    announces: bool = False
    """Whether `walk` takes `announce` too, which hears what the operators leave out."""

    def plan(
        self, *, fused: bool = False, announce: Callable[[str], None] = lambda _: None, **options: Any
    ) -> Iterator[Part]:
        """Give every operator once, in the order of first appearance, with the net that it is a part of.

        `announce` hears, while they are given, what the operators leave out. What was seen is remembered as
        numbers of 64 bits, about 100 bytes an operator.

        Raises:
            FileError, ModelError: the options name no operators.
        """
        seen: set[int] = set()
        if self.announces:
            options["announce"] = announce
        for part in map(take_part, self.walk(fused=fused, **options)):
            number = int(part.op.id, 16)
            if number not in seen:
                seen.add(number)
                yield part

    def draw_nets(
        self, count: int, *, fused: bool = False, seed: int = 0, **options: Any
    ) -> list[list[OpSpec]]:
        """Draw so many nets at random, each as its operators; none where the space does not say how."""
        if self.draw is None:
            return []
        chance = random.Random(seed)
        return [list(join_activations(self.draw(chance, **options), fused)) for _ in range(count)]

    def generate(self, **options: Any) -> Iterator[OpSpec]:
        """Give every operator once, as `plan` does with the same options."""
        return (part.op for part in self.plan(**options))


def join_activations(ops: Iterable[OpSpec], fused: bool) -> Iterable[OpSpec]:
    """Let an engine that fuses activations have each ReLU within the operator that was yielded before it."""
    return fuse_neighbours(ops) if fused else ops


def draw(ops: Iterable[Drawn], count: int, seed: int) -> list[Drawn]:
    """Draw so many operators at random out of a stream, each with the same chance (all, if fewer)."""
    chance = random.Random(seed)
    drawn: list[Drawn] = []
    for number, op in enumerate(ops, 1):
        if len(drawn) < count:
            drawn.append(op)
        elif (place := chance.randrange(number)) < count:
            drawn[place] = op
    return drawn
