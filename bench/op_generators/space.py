"""What a space is: a set of operators worth measuring together."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from lut.ops import OpSpec
from lut.spaces import SpaceOption

__all__ = ["Precisions", "Resolutions", "Space", "Span", "draw", "unique"]

Span: TypeAlias = tuple[int, int]
"""The least and the greatest value."""

Precisions: TypeAlias = Annotated[
    tuple[str, ...], SpaceOption("--precision", "int8, the default, fp32, or both.", kind="precisions")
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
    """A space: one sentence on what it holds, and the stream of its operators, each once.

    The parameters of `generate` are the space's options; see `lut.spaces.list_options`.
    """

    summary: str
    generate: Callable[..., Iterator[OpSpec]]


def unique(ops: Iterable[OpSpec]) -> Iterator[OpSpec]:
    """Pass each operator on once, in the order of first appearance.

    What was seen is remembered as numbers of 64 bits, about 100 bytes an operator.
    """
    seen: set[int] = set()
    for op in ops:
        number = int(op.id, 16)
        if number not in seen:
            seen.add(number)
            yield op


def draw(ops: Iterable[OpSpec], count: int, seed: int) -> list[OpSpec]:
    """Draw so many operators at random out of a stream, each with the same chance (all, if fewer)."""
    chance = random.Random(seed)
    drawn: list[OpSpec] = []
    for number, op in enumerate(ops, 1):
        if len(drawn) < count:
            drawn.append(op)
        elif (place := chance.randrange(number)) < count:
            drawn[place] = op
    return drawn
