"""What a space is: a set of operators worth measuring together."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from lut.ops import OpSpec

__all__ = ["Space", "SpaceOptions", "Span", "draw", "unique"]

Span: TypeAlias = tuple[int, int]
"""The least and the greatest value."""


@dataclass(frozen=True)
class SpaceOptions:
    """What the command line says of a space; each space takes what concerns it.

    `models` are folders of nets; `input_dims`, where given, holds for each of them. `grid` is the TOML
    file of the space `grid`. Empty tuples and None stand for a space's own choice.
    """

    models: tuple[Path, ...] = ()
    input_dims: dict[str, tuple[int, ...]] | None = None
    precisions: tuple[str, ...] = ("int8",)
    grid: Path | None = None
    resolutions: tuple[int, ...] = ()
    expansions: tuple[int, ...] = ()
    stem_span: Span | None = None
    width_spans: tuple[Span, ...] = ()
    """One for each of ChamNet's seven groups of blocks."""
    last_span: Span | None = None
    width_step: int = 8
    """Stem and blocks; quantized kernels work on eight channels at a time."""
    last_step: int = 24
    """The last convolution is a hundred times as wide as the stem: steps of 8 would double the hull."""


@dataclass(frozen=True)
class Space:
    """A space: one sentence on what it holds, and the stream of its operators, each once."""

    summary: str
    generate: Callable[[SpaceOptions], Iterator[OpSpec]]


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
