"""The hull of the released ChamNets: their layout with every expansion and width between theirs.

    python -m tests.perf.hull --ops 3000 -o hull.plan.jsonl

Widths go in steps of 8, expansions are 4, 5, 6, resolutions those of the released nets; the bounds of
each group of blocks are the smallest and largest width that a released net has there.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from pathlib import Path

from bench.op_generators import FAMILIES
from lut.ops import OpSpec
from lut.plan import write_plan

__all__ = ["sample_hull", "walk_hull"]

RESOLUTIONS = (128, 160, 192, 224)
EXPANSIONS = (4, 5, 6)
STEM = range(8, 33, 8)
LAST = range(1280, 2017, 32)
"""Coarser than the rest: the last convolution alone would be half of the hull otherwise."""
GROUPS = (
    # widths, stride of the first block, expansions
    (range(8, 25, 8), 1, (1,)),
    (range(24, 41, 8), 2, EXPANSIONS),
    (range(32, 49, 8), 2, EXPANSIONS),
    (range(40, 97, 8), 2, EXPANSIONS),
    (range(64, 161, 8), 1, EXPANSIONS),
    (range(96, 249, 8), 2, EXPANSIONS),
    (range(128, 481, 8), 1, EXPANSIONS),
)
CLASSES = 1000


def walk_hull() -> Iterator[OpSpec]:
    """Yield every int8 operator of the hull, each once."""
    walked = (op for resolution in RESOLUTIONS for op in _walk_resolution(resolution))
    return iter(dict.fromkeys(walked))


def sample_hull(count: int, seed: int) -> list[OpSpec]:
    """Choose so many operators of the hull at random."""
    return random.Random(seed).sample(list(walk_hull()), count)


def _walk_resolution(resolution: int) -> Iterator[OpSpec]:
    yield from _make("quantize", height=resolution, width=resolution, channels=3, classes=CLASSES)
    size = resolution
    for width in STEM:
        yield from _conv(size, 3, width, kernel=3, stride=2, relu=True)
    size //= 2
    sources: range = STEM
    for widths, stride, expansions in GROUPS:
        for expansion in expansions:
            for source in sorted({*sources, *widths}):
                for width in widths:
                    if source in sources:
                        yield from _block(size, source, width, expansion, stride)
                    if source == width:  # the blocks behind a group's first
                        yield from _block(size // stride, source, width, expansion, 1)
        size //= stride
        sources = widths
    for last in LAST:
        for source in sources:
            yield from _conv(size, source, last, relu=True)
        yield from _make("average_pool", height=size, width=size, channels=last, kernel=size)
        yield from _make("fc", in_channels=last, classes=CLASSES)


def _block(size: int, source: int, width: int, expansion: int, stride: int) -> Iterator[OpSpec]:
    middle = source * expansion
    yield from _conv(size, source, middle, relu=True)
    for relu in (False, True):  # released nets have either
        yield from _conv(size, middle, middle, kernel=3, stride=stride, group=middle, relu=relu)
    size //= stride
    yield from _conv(size, middle, width)
    if stride == 1 and source == width:
        yield from _make("sum", height=size, width=size, channels=width)


def _conv(
    size: int,
    source: int,
    target: int,
    *,
    kernel: int = 1,
    stride: int = 1,
    group: int = 1,
    relu: bool = False,
) -> Iterator[OpSpec]:
    yield from _make(
        "conv",
        height=size,
        width=size,
        in_channels=source,
        out_channels=target,
        kernel=kernel,
        stride=stride,
        group=group,
        relu=relu,
    )


def _make(family: str, **axes: int) -> Iterator[OpSpec]:
    return FAMILIES[family].make("int8", **axes)


def main() -> None:
    """Write a plan of the hull, or of a sample of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--ops", type=int, help="How many operators, chosen at random. Default: all.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    ops = list(walk_hull()) if options.ops is None else sample_hull(options.ops, options.seed)
    write_plan(ops, options.output)


if __name__ == "__main__":
    main()
