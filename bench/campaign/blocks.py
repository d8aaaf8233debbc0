"""Cutting a plan into blocks: what is not done yet, in an order of its own."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from itertools import islice
from math import ceil

from bench.campaign.summary import RunSummary
from bench.device_runner import Block
from bench.sampling import estimate_run_s
from lut.entries import RunConfig
from lut.journal import RunProgress
from lut.ops import OpSpec, bytes_moved
from lut.plan import Origin, Part, Plan, take_part

__all__ = ["cut_blocks", "shuffle"]

_WINDOW_OPS = 1 << 15
"""A plan is read and shuffled so many operators at a time, so that long ones start at once. A space is in the
order of its sizes: where each window had one size, slow phases of minutes made 4x4 images 9 % slower than in
another run, and 7x7 ones 6 % quicker."""

_BLOCK_OPS = 4096
"""A block has no more operators."""

_BLOCK_BYTES = 160 << 20
"""All nets of a block stay loaded between its passes; this bounds the memory they take."""

_BLOCK_S = 60.0
"""A block's estimated time; its passes are spread over it, so slow phases don't hit all of them."""

_SHARES = 3
"""Several devices get their part of a plan in at least so many blocks, so that none waits long at the end."""


def shuffle(plan: Plan, seed: int, *, by_nets: bool = False) -> Iterator[list[Part]]:
    """Shuffle a stream window by window, the same way for the same seed.

    With `by_nets` each net is shuffled for itself, and nets stay in the order of the plan.
    """
    stream, order = map(take_part, plan), random.Random(seed)
    while window := list(islice(stream, _WINDOW_OPS)):
        origins = dict.fromkeys(part.origin for part in window) if by_nets else {}
        places = {origin: place for place, origin in enumerate(origins)}
        order.shuffle(window)
        if by_nets:
            window.sort(key=lambda part: places[part.origin])
        yield window


def cut_blocks(
    windows: Iterable[list[Part]], config: RunConfig, done: RunProgress, summary: RunSummary, devices: int
) -> Iterator[Block]:
    """Drop what is done, and cut the rest into blocks by estimated time and memory."""
    every_pass = frozenset(range(config.passes))
    seen: set[int] = set()  # ids as numbers take half the memory of their texts
    wanted: dict[OpSpec, frozenset[int]] = {}
    origins: dict[str, Origin] = {}
    seconds = size = 0.0
    for window in windows:
        most_ops = _BLOCK_OPS if devices == 1 else min(_BLOCK_OPS, ceil(len(window) / devices / _SHARES))
        for part in window:
            op = part.op
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
            if part.origin is not None:
                origins[op.id] = part.origin
            seconds += estimate_run_s(op) * len(passes) * (config.warmup + config.iters)
            size += bytes_moved(op)
            if seconds > _BLOCK_S / devices or size > _BLOCK_BYTES or len(wanted) >= most_ops:
                yield Block(wanted, origins)
                wanted, origins, seconds, size = {}, {}, 0.0, 0.0
    if wanted:
        yield Block(wanted, origins)
