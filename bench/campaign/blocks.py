"""Cutting a plan into blocks: what is not done yet, in an order of its own."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from itertools import islice
from math import ceil

from bench.campaign.summary import RunSummary
from bench.device_runner import Block
from lut.entries import RunConfig
from lut.journal import RunProgress
from lut.ops import OpSpec, bytes_moved, multiply_adds

__all__ = ["cut_blocks", "shuffle"]

_WINDOW_OPS = 4096
"""A plan is read and shuffled so many operators at a time: long plans start at once."""

_BLOCK_BYTES = 160 << 20
"""All nets of a block stay loaded between its passes; this bounds the memory they take."""

_BLOCK_S = 60.0
"""A block's estimated time; its passes are spread over it, so slow phases don't hit all of them."""

_SHARES = 3
"""Several devices get their part of a plan in at least so many blocks, so that none waits long at the end."""


def shuffle(plan: Iterable[OpSpec], seed: int) -> Iterator[list[OpSpec]]:
    """Shuffle a stream window by window, the same way for the same seed."""
    stream, order = iter(plan), random.Random(seed)
    while window := list(islice(stream, _WINDOW_OPS)):
        order.shuffle(window)
        yield window


def cut_blocks(
    windows: Iterable[list[OpSpec]], config: RunConfig, done: RunProgress, summary: RunSummary, devices: int
) -> Iterator[Block]:
    """Drop what is done, and cut the rest into blocks by estimated time and memory."""
    every_pass = frozenset(range(config.passes))
    seen: set[int] = set()  # ids as numbers take half the memory of their texts
    wanted: dict[OpSpec, frozenset[int]] = {}
    seconds = size = 0.0
    for window in windows:
        most_ops = _WINDOW_OPS if devices == 1 else ceil(len(window) / devices / _SHARES)
        for op in window:
            number = int(op.id, 16)
            if number in seen:
                continue
            seen.add(number)
            summary.planned += 1
            passes = every_pass - done.passes.get(op.key, set())
            if not passes or op.key in done.failed:
                summary.resumed += 1
                summary.failed_before += bool(passes)
                continue
            wanted[op] = passes
            seconds += _estimate_s(op) * len(passes) * (config.warmup + config.iters)
            size += bytes_moved(op)
            if seconds > _BLOCK_S / devices or size > _BLOCK_BYTES or len(wanted) >= most_ops:
                yield Block(wanted)
                wanted, seconds, size = {}, 0.0, 0.0
    if wanted:
        yield Block(wanted)


def _estimate_s(op: OpSpec) -> float:
    """A rough time of one run, good enough to cut blocks by: 4 multiply-adds or bytes a nanosecond."""
    return 10e-6 + (multiply_adds(op) + bytes_moved(op)) / 4e9
