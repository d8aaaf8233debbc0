"""A campaign: a plan measured on a device into a journal, resumed where an earlier one stopped."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from itertools import chain, islice
from math import ceil
from pathlib import Path

from bench.campaign.fleet import WorkPool, prepare_devices, share_work
from bench.device_runner import Device, Recovery, Visit, run_block
from lut.drift import ResumedTimes, RunDrift
from lut.entries import BlockState, Failure, Measurement, Repeated, RunConfig, Segment
from lut.journal import Disturbances, Entry, JournalWriter, RunProgress, open_journal, read_progress
from lut.ops import OpSpec, bytes_moved, multiply_adds

__all__ = ["RunSummary", "run_plan"]

_WINDOW_OPS = 4096
"""A plan is read and shuffled so many operators at a time: long plans start at once."""

_BLOCK_BYTES = 160 << 20
"""All nets of a block stay loaded between its passes; this bounds the memory they take."""

_BLOCK_S = 60.0
"""A block's estimated time; its passes are spread over it, so slow phases don't hit all of them."""

_SHARES = 3
"""Several devices get their part of a plan in at least so many blocks, so that none waits long at the end."""

_SYNC_S = 1.0
"""The journal is forced to the disk this often."""


@dataclass
class RunSummary:
    """What a run did: operators and visits, where the time went in seconds, what was overcome."""

    planned: int = 0
    resumed: int = 0
    measured: int = 0
    visits: int = 0
    failed: int = 0
    failed_before: int = 0
    """Operators that failed in an earlier run and were not tried again; `resumed` counts them too."""
    disturbances: Disturbances = field(default_factory=Disturbances)
    """What was made again, and what stayed spoilt."""
    recoveries: int = 0
    """Visits made again because the device was lost in them."""
    incidents: Counter[str] = field(default_factory=Counter)
    """Mishaps that devices overcame, by kind."""
    visits_on: Counter[str] = field(default_factory=Counter)
    """Visits by the serial of the device that made them."""
    latest: dict[str, Measurement | Failure] = field(default_factory=dict)
    """Each device's last outcome, by its serial."""
    states: dict[str, BlockState] = field(default_factory=dict)
    """How each device was when its present block began, by its serial."""
    lost_devices: dict[str, str] = field(default_factory=dict)
    """Devices that dropped out, and why; others took over their work."""
    engine_s: float = 0.0
    load_s: float = 0.0
    wall_s: float = 0.0
    drift: RunDrift | None = None
    """How the device was against the journal's earlier runs; None where that can't be told."""


def run_plan(
    plan: Iterable[OpSpec],
    devices: Device | Sequence[Device],
    config: RunConfig,
    journal: Path,
    *,
    seed: int = 0,
    device_name: str | None = None,
    retry_failed: bool = False,
    silence_s: float | None = None,
    progress: Callable[[RunSummary], None] = lambda _: None,
    announce: Callable[[str], None] = lambda _: None,
) -> RunSummary:
    """Measure a plan's operators that the journal does not hold yet, each once however often planned.

    Args:
        plan: operators that fit their shape rules, read as a stream.
        devices: the device to measure on, or several of the same name that share the work.
        config: how to time; `cpus` as given, nothing is filled in here.
        journal: the file to append to.
        seed: decides the order of operators; drift then does not follow shapes.
        device_name: recorded where the device's own name would be.
        retry_failed: try the operators again that failed in an earlier run.
        silence_s: how long the program may print nothing before an operator counts as hung.
        progress: hears the growing summary after every visit.
        announce: hears sentences for the user: a torn journal, a build.

    Raises:
        ConflictError: the journal belongs to another run, or is being written.
        DeviceError: no device is left that can be used, and operators are.
        FileError: plan or journal can't be read.
        StoppedError: a device was interrupted (`Device.interrupt`); the journal is whole and on the disk.
    """
    started = time.monotonic()
    fleet = [devices] if not isinstance(devices, Sequence) else list(devices)
    summary = RunSummary()
    ready = prepare_devices(fleet, announce, summary.lost_devices)
    segments = {
        device.info.serial: Segment(
            replace(device.info, name=device_name or device.info.name), program, config, _now()
        )
        for device, program in ready
    }
    done = read_progress(journal, next(iter(segments.values())), announce)
    if retry_failed:
        done.failed.clear()
    blocks = _cut_blocks(_shuffle(plan, seed), config, done, summary, len(ready))
    first = list(islice(blocks, 1))  # a plan that can't be read leaves no journal behind
    with open_journal(journal, done.file_bytes) as writer:
        recorder = _Recorder(writer, summary, done.times, progress)
        pool = WorkPool(chain(first, blocks))

        def work(device: Device) -> None:
            segment = segments[device.info.serial]
            recorder.write(segment)
            while (block := pool.take()) is not None:
                left = {op: set(passes) for op, passes in block.items()}
                try:
                    wanted = {op: frozenset(passes) for op, passes in left.items()}
                    visits = run_block(
                        device,
                        segment,
                        wanted,
                        seed,
                        announce=announce,
                        note=lambda event: recorder.note(event, segment),
                        silence_s=silence_s,
                    )
                    for visit in visits:
                        recorder.record(visit, left, segment.device.serial)
                        if pool.stopped:
                            return
                finally:
                    pool.give_back({op: frozenset(passes) for op, passes in left.items()})

        try:
            share_work([device for device, _ in ready], work, pool, announce, summary.lost_devices)
        finally:
            recorder.sync()
            for device, _ in ready:
                summary.incidents.update(device.incidents)
            summary.drift = done.times.compare()
            summary.wall_s = time.monotonic() - started
    return summary


class _Recorder:
    """Writes what devices tell into the journal and the summary; several threads may use it."""

    def __init__(
        self,
        writer: JournalWriter,
        summary: RunSummary,
        times: ResumedTimes,
        progress: Callable[[RunSummary], None],
    ) -> None:
        self._writer = writer
        self._summary = summary
        self._times = times
        self._progress = progress
        self._lock = threading.Lock()
        self._synced = time.monotonic()

    def write(self, entry: Entry) -> None:
        with self._lock:
            self._writer.append(entry)

    def note(self, event: BlockState | Recovery, segment: Segment) -> None:
        """Write down a state; after a recovery a new segment begins."""
        with self._lock:
            if isinstance(event, Recovery):
                self._summary.recoveries += 1
                self._writer.append(replace(segment, started=_now()))
            else:
                self._summary.states[segment.device.serial] = event
                self._writer.append(event)

    def record(self, visit: Visit, left: dict[OpSpec, set[int]], serial: str) -> None:
        """Record a visit, and strike it off what is left to do."""
        with self._lock:
            self._writer.append(visit.outcome)
            self._count(visit, left, serial)
            self._progress(self._summary)
            if time.monotonic() - self._synced > _SYNC_S:
                self._writer.sync()
                self._synced = time.monotonic()

    def sync(self) -> None:
        """Force to the disk what was recorded."""
        with self._lock:
            self._writer.sync()

    def _count(self, visit: Visit, left: dict[OpSpec, set[int]], serial: str) -> None:
        summary, outcome = self._summary, visit.outcome
        if not isinstance(outcome, Repeated):
            summary.latest[serial] = outcome
        summary.engine_s += visit.engine_ns / 1e9
        summary.load_s += visit.load_ns / 1e9
        if isinstance(outcome, Failure):
            summary.failed += 1
            left.pop(outcome.op)
            return
        summary.disturbances.add(outcome)
        if isinstance(outcome, Repeated):
            return
        self._times.add_present(outcome)
        summary.visits += 1
        summary.visits_on[serial] += 1
        left[outcome.op].discard(outcome.pass_index)
        if not left[outcome.op]:
            del left[outcome.op]
            summary.measured += 1


def _shuffle(plan: Iterable[OpSpec], seed: int) -> Iterator[list[OpSpec]]:
    """Shuffle a stream window by window, the same way for the same seed."""
    stream, order = iter(plan), random.Random(seed)
    while window := list(islice(stream, _WINDOW_OPS)):
        order.shuffle(window)
        yield window


def _cut_blocks(
    windows: Iterable[list[OpSpec]], config: RunConfig, done: RunProgress, summary: RunSummary, devices: int
) -> Iterator[dict[OpSpec, frozenset[int]]]:
    """Drop what is done, and cut the rest into blocks by estimated time and memory."""
    every_pass = frozenset(range(config.passes))
    seen: set[int] = set()  # ids as numbers take half the memory of their texts
    block: dict[OpSpec, frozenset[int]] = {}
    seconds = size = 0.0
    for window in windows:
        most_ops = _WINDOW_OPS if devices == 1 else ceil(len(window) / devices / _SHARES)
        for op in window:
            number = int(op.id, 16)
            if number in seen:
                continue
            seen.add(number)
            summary.planned += 1
            wanted = every_pass - done.passes.get(op.key, set())
            if not wanted or op.key in done.failed:
                summary.resumed += 1
                summary.failed_before += bool(wanted)
                continue
            block[op] = wanted
            seconds += _estimate_s(op) * len(wanted) * (config.warmup + config.iters)
            size += bytes_moved(op)
            if seconds > _BLOCK_S / devices or size > _BLOCK_BYTES or len(block) >= most_ops:
                yield block
                block, seconds, size = {}, 0.0, 0.0
    if block:
        yield block


def _estimate_s(op: OpSpec) -> float:
    """A rough time of one run, good enough to cut blocks by: 4 multiply-adds or bytes a nanosecond."""
    return 10e-6 + (multiply_adds(op) + bytes_moved(op)) / 4e9


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
