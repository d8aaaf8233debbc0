"""The space `chamnet`: MobileNetV2's plan with every width, expansion and resolution inside a hull.

The hull is that of the released nets unless options widen it: from the least to the greatest value each
group of blocks has in any of them, in steps, and the released values themselves.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from bench.op_generators import block, conv, elementwise
from bench.op_generators.space import Precisions, Resolutions, Space, Span, join_activations
from lut.ops import OpSpec
from lut.spaces import SpaceOption
from lut.zoo import CHAMNETS, Architecture

__all__ = ["EXPANSIONS", "RESOLUTIONS", "SPACE", "Hull", "make_hull"]

EXPANSIONS = (4, 5, 6)
RESOLUTIONS = (128, 160, 192, 224)

WIDTH_STEP = 8
"""Of stem and blocks: quantized kernels work on eight channels at a time."""

LAST_STEP = 24
"""The last convolution is a hundred times as wide as the stem: steps of 8 would double the hull."""

_STRIDES = (1, 2, 2, 2, 1, 2, 1)
"""The stride of each group's first block; the first group does not expand."""


def _group_widths(net: Architecture) -> tuple[int, ...]:
    """Give a net's width in each of the seven groups; stages 3 and 4 of its table hold two each."""
    first, second, third, fourth, fifth = (
        [row.out_channels for row in net.blocks if row.name[0] == stage] for stage in "01234"
    )
    return (first[0], second[0], third[0], fourth[0], fourth[-1], fifth[0], fifth[-1])


_RELEASED_STEMS = tuple(net.stem for net in CHAMNETS)
_RELEASED_WIDTHS = tuple(zip(*map(_group_widths, CHAMNETS), strict=True))
_RELEASED_LASTS = tuple(net.last for net in CHAMNETS)


@dataclass(frozen=True)
class Hull:
    """Every value that each part of a net may take; `widths` has one entry for each group."""

    stems: tuple[int, ...]
    widths: tuple[tuple[int, ...], ...]
    lasts: tuple[int, ...]
    expansions: tuple[int, ...]


def _spread(span: Span | None, released: Sequence[int], step: int) -> tuple[int, ...]:
    """Give the span's values in steps, and the released ones inside it."""
    least, most = span or (min(released), max(released))
    inside = {value for value in released if least <= value <= most}
    return tuple(sorted({*range(least, most + 1, step), *inside}))


def make_hull(
    stem: Span | None = None,
    widths: Sequence[Span] = (),
    last: Span | None = None,
    expansions: tuple[int, ...] = EXPANSIONS,
    *,
    width_step: int = WIDTH_STEP,
    last_step: int = LAST_STEP,
) -> Hull:
    """Make a hull; what is left open is that of the released nets."""
    spans = tuple(widths) or (None,) * len(_STRIDES)
    return Hull(
        _spread(stem, _RELEASED_STEMS, width_step),
        tuple(
            _spread(span, released, width_step)
            for span, released in zip(spans, _RELEASED_WIDTHS, strict=True)
        ),
        _spread(last, _RELEASED_LASTS, last_step),
        expansions,
    )


def _walk(
    precisions: Precisions = ("int8",),
    resolutions: Resolutions = RESOLUTIONS,
    expansions: Annotated[
        tuple[int, ...],
        SpaceOption(
            "--expansion", "Of a block's width; may be repeated. Default: 4, 5 and 6.", repeated=True
        ),
    ] = EXPANSIONS,
    stem: Annotated[Span | None, SpaceOption("--stem", "Stem widths.", kind="span")] = None,
    widths: Annotated[
        tuple[Span, ...],
        SpaceOption("--widths", "Widths of the seven groups of blocks.", kind="spans", count=len(_STRIDES)),
    ] = (),
    last: Annotated[
        Span | None, SpaceOption("--last", "Widths of the last convolution.", kind="span")
    ] = None,
    width_step: Annotated[
        int, SpaceOption("--width-step", f"Step of stem and block widths. Default: {WIDTH_STEP}.")
    ] = WIDTH_STEP,
    last_step: Annotated[
        int, SpaceOption("--last-step", f"Step of last widths. Default: {LAST_STEP}.")
    ] = LAST_STEP,
    *,
    fused: bool = False,
) -> Iterator[OpSpec]:
    hull = make_hull(stem, widths, last, expansions, width_step=width_step, last_step=last_step)
    for resolution in resolutions:
        for precision in precisions:
            yield from join_activations(_walk_one(precision, resolution, hull), fused)


def _walk_one(precision: str, resolution: int, hull: Hull) -> Iterator[OpSpec]:
    yield from block.surroundings(precision, resolution, hull.stems, hull.widths[-1], hull.lasts)
    size, sources = resolution // 2, hull.stems
    for index, (widths, stride) in enumerate(zip(hull.widths, _STRIDES, strict=True)):
        expansions = hull.expansions if index else (1,)
        out_size = size // stride
        yield from _expand(precision, size, sources, expansions, stride)
        yield from _project(precision, out_size, {t * c for c in sources for t in expansions}, widths)
        # A group's further blocks keep its width, and so does its first where the one before has it too.
        further = widths if index else ()
        if stride == 1:
            further = tuple(sorted({*further, *(width for width in widths if width in sources)}))
        for width in further:
            yield from elementwise.make(precision, height=out_size, width=out_size, channels=width)
        if index:
            yield from _expand(precision, out_size, widths, expansions, 1)
            for width in widths:
                yield from _project(precision, out_size, {t * width for t in expansions}, (width,))
        size, sources = out_size, widths


def _expand(
    precision: str, size: int, channels: Sequence[int], expansions: Sequence[int], stride: int
) -> Iterator[OpSpec]:
    """Yield the 1x1 convolutions that expand, and the depthwise ones after them."""
    for count in channels:
        for expansion in expansions:
            middle = count * expansion
            yield from conv.make(
                precision,
                height=size,
                width=size,
                in_channels=count,
                out_channels=middle,
                kernel=1,
                relu=True,
            )
            yield from block.depthwise(precision, size, size, middle, 3, stride)


def _project(precision: str, size: int, middles: set[int], widths: Sequence[int]) -> Iterator[OpSpec]:
    """Yield the linear 1x1 convolutions at a block's end."""
    for middle in sorted(middles):
        for width in widths:
            yield from conv.make(
                precision, height=size, width=size, in_channels=middle, out_channels=width, kernel=1
            )


_MOST_BLOCKS = 4
"""The released nets have one to so many blocks in a group."""


def _draw(
    chance: random.Random,
    precisions: Sequence[str] = ("int8",),
    resolutions: Sequence[int] = RESOLUTIONS,
    expansions: tuple[int, ...] = EXPANSIONS,
    stem: Span | None = None,
    widths: tuple[Span, ...] = (),
    last: Span | None = None,
    width_step: int = WIDTH_STEP,
    last_step: int = LAST_STEP,
) -> Iterator[OpSpec]:
    """Yield the operators of a net of the hull, each as often as it runs."""
    hull = make_hull(stem, widths, last, expansions, width_step=width_step, last_step=last_step)
    precision, resolution = chance.choice(precisions), chance.choice(resolutions)
    source, top = chance.choice(hull.stems), chance.choice(hull.lasts)
    chosen = [chance.choice(each) for each in hull.widths]
    yield from block.surroundings(precision, resolution, (source,), chosen[-1:], (top,))
    size = resolution // 2
    for index, (width, stride) in enumerate(zip(chosen, _STRIDES, strict=True)):
        for number in range(chance.randint(1, _MOST_BLOCKS) if index else 1):
            shape = {"height": size, "width": size, "in_channels": source, "out_channels": width}
            yield from block.make(
                precision,
                **shape,
                kernel=3,
                expansion=chance.choice(hull.expansions) if index else 1,
                stride=1 if number else stride,
                every_writing=False,
            )
            size, source = size // (1 if number else stride), width


SPACE = Space(
    "ChamNet: every width, expansion and resolution in the hull of the released nets, or of options",
    _walk,
    draw=_draw,
)
