"""A campaign that is open: what is left of a plan, in blocks, and where the outcomes are written down."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from bench.campaign.anchors import MOST_ANCHORS, choose_anchors
from bench.campaign.facts import refuse_former_name
from bench.campaign.fleet import WorkPool
from bench.campaign.recorder import Recorder
from bench.campaign.sources import Source, WholePlan
from bench.campaign.summary import RunSummary
from bench.device_runner import Block
from lut.entries import Segment
from lut.journal import open_journal, read_progress
from lut.ops import OpSpec
from lut.plan import Plan

__all__ = ["Campaign", "Progress", "open_campaign"]

Progress = Callable[[RunSummary], None]
"""Hears the growing summary after every visit."""


@dataclass(frozen=True)
class Campaign:
    """What those who measure take from, and what they hand their outcomes to."""

    summary: RunSummary
    pool: WorkPool
    recorder: Recorder
    anchors: tuple[OpSpec, ...] = ()
    """What each of several units measures before its first block."""


@contextlib.contextmanager
def open_campaign(
    plan: Plan | Source,
    segment: Segment,
    journal: Path,
    summary: RunSummary,
    *,
    devices: int,
    by_nets: bool,
    seed: int = 0,
    retry_failed: bool = False,
    announce: Callable[[str], None] = lambda _: None,
    progress: Progress = lambda _: None,
) -> Iterator[Campaign]:
    """Open a journal and go on where it stands; at the end it is on the disk, and the summary complete.

    Args:
        plan: operators, or a source that hands out its own blocks.
        segment: whose identity the journal has, or is to have.
        journal: the file to append to.
        summary: what is counted in.
        devices: how many share the blocks.
        by_nets: whether operators of a net stay together.
        seed: decides the order of operators.
        retry_failed: try the operators again that failed in an earlier run.
        announce: hears sentences for the user.
        progress: hears the growing summary after every visit.

    Raises:
        ConflictError: the journal belongs to another run, or is being written.
        FileError: plan or journal can't be read.
    """
    source = plan if isinstance(plan, Source) else WholePlan(plan, seed)
    started = time.monotonic()
    refuse_former_name(journal, segment)
    done = read_progress(journal, segment, announce)
    if retry_failed:
        done.failed.clear()
    blocks = source.cut(segment.config, done, summary, devices, by_nets=by_nets)
    first = _draw_first(blocks, devices)  # a plan that can't be read leaves no journal behind
    with open_journal(journal, done.file_bytes) as writer:
        recorder = Recorder(writer, summary, done.times, progress, source.hear)
        try:
            yield Campaign(summary, WorkPool(chain(first, blocks)), recorder, choose_anchors(first, seed))
        finally:
            if (closing := source.conclude(summary)) is not None:
                recorder.conclude(closing, segment)
            recorder.sync()
            summary.drift = done.times.compare()
            summary.units = recorder.compare_units()
            summary.wall_s = time.monotonic() - started


def _draw_first(blocks: Iterator[Block], devices: int) -> list[Block]:
    """Draw as many blocks as devices take at once at most, until they hold enough anchors."""
    drawn: list[Block] = []
    while len(drawn) < devices and sum(map(len, drawn)) < MOST_ANCHORS:
        if (block := next(blocks, None)) is None:
            break
        drawn.append(block)
    return drawn
