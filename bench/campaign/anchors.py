"""Anchors: a few operators that every unit of a run measures, to tell how fast each is."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator

from bench.device_runner import Block, Device, Recovery, Watch, run_block
from bench.sampling import estimate_run_s
from lut.entries import Anchor, BlockState, Measurement, Segment
from lut.ops import OpSpec

__all__ = ["MOST_ANCHORS", "choose_anchors", "measure_anchors"]

MOST_ANCHORS = 16


def choose_anchors(blocks: Iterable[Block], seed: int) -> tuple[OpSpec, ...]:
    """Choose a run's anchors from its first blocks: long and short ones alike, the same for the same seed."""
    ops = sorted((op for block in blocks for op in block.ops), key=lambda op: (estimate_run_s(op), op.id))
    if len(ops) <= MOST_ANCHORS:
        return tuple(ops)
    offset = random.Random(seed).random()
    return tuple(ops[int((place + offset) * len(ops) / MOST_ANCHORS)] for place in range(MOST_ANCHORS))


def measure_anchors(
    device: Device,
    segment: Segment,
    anchors: Iterable[OpSpec],
    seed: int,
    *,
    watch: Watch,
    note: Callable[[BlockState | Recovery], None],
) -> Iterator[Anchor]:
    """Measure each anchor once; one that fails is left out, as it is no failure of the run.

    Raises:
        DeviceError, StoppedError: as `run_block` does.
    """
    block = Block({op: {0} for op in anchors})
    for visit in run_block(device, segment, block, seed, watch=watch, note=note):
        if isinstance(visit.outcome, Measurement):
            yield Anchor.of(visit.outcome)
