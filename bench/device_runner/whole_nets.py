"""Whole nets through one device: many short passes, so that a slow phase takes a part of every net.

Nets that need much memory are cut into groups that take turns, a process and a pass each: what one process
holds at once is bounded.

A net that the engine refuses, or that takes its process down, is reported with the reason; the others go on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain
from statistics import median

from bench.device_runner.device import Device, LostError
from bench.device_runner.endurance import Endurance
from bench.device_runner.program import (
    CanaryMemory,
    End,
    NetFailed,
    NetTimed,
    ProcessKilled,
    build_canary,
    program_arguments,
    run_program,
)
from bench.device_runner.watch import UNWATCHED, Watch
from bench.engines import NetSource
from lut.entries import ProgramInfo, RunConfig, Segment
from lut.journal import Disturbances

__all__ = ["NetRuns", "is_unsteady", "measure_nets"]

SILENCE_S = 600.0
"""How long the program may print nothing: one visit of a net takes as long as those of all its operators."""

_GROUP_BYTES = 160 << 20
"""One process holds at most this much of weights and activations, or one net: phones run other programs."""

_UNSTEADY, _LEAST_VISITS = 0.03, 4
"""Where the median of a net's visits, so many at least, is longer than that of the fast ones by more than
this share, about half of them fell into a slow phase too slight for the canary."""

_MOST_AGAIN = 10
"""At most this many spoilt visits of a net are repeated. A net with fewer than half of its visits then is
marked."""


@dataclass(frozen=True, slots=True)
class NetRuns:
    """All timed runs of one net in nanoseconds, or why there are none.

    `spoilt_by` (see `CAUSES`) is set where most visits were spoilt, or half of them slower than the others:
    the runs tell of the disturbance as much as of the net.
    """

    samples_ns: tuple[int, ...]
    failure: str | None = None
    spoilt_by: str | None = None
    disturbances: Disturbances = field(default_factory=Disturbances)


def measure_nets(
    device: Device,
    nets: Sequence[NetSource],
    config: RunConfig,
    *,
    program: ProgramInfo | None = None,
    sizes: Mapping[str, int] | None = None,
    seed: int | None = 0,
    watch: Watch = UNWATCHED,
    progress: Callable[[int], None] = lambda _: None,
) -> dict[str, NetRuns]:
    """Measure nets and give the runs of each by its id.

    When the device is lost, the visit in flight is made again once it is back.

    Args:
        device: prepared by `prepare`.
        nets: with ids that differ.
        config: how to time them; `passes` visits of each.
        program: what the device prepared; with it, what the canary took in earlier processes is known.
        sizes: the bytes that each net takes by estimate, by its id; one that is not there counts as none.
        seed: shuffles the order of each pass; None keeps the given order.
        watch: who hears of it; without its `silence_s` a net counts as hung after `SILENCE_S`.
        progress: hears the number of visits done, failed nets' visits included.

    Raises:
        DeviceError: the program can't be started, ends again and again without reaching a net, or the
            device was lost and did not come back.
        StoppedError: the device was interrupted.
    """
    run = _Run({net.id: net for net in nets}, {net.id: config.passes for net in nets}, sizes or {})
    endurance = Endurance(device.info.serial)
    segment = Segment(device.info, program, config) if program else None
    with_canary = [build_canary(device.engine)] if config.canary_share else []
    memory = CanaryMemory(device.engine.canary)
    fit, order = False, seed
    while run.left:
        before, spoilt = run.visits_left, run.spoilt
        try:
            if not fit:
                device.begin_block(watch.announce, config.cpus)
                fit = True
            group, passes = run.choose_group()
            usual_ns = memory.usual_ns(segment) if segment and with_canary else None
            if seed is not None:
                order = seed + max(run.left.values()) - passes  # or each process of one pass had the same
            arguments = program_arguments(config, passes, order, usual_ns)
            for event in run_program(device, [*with_canary, *group], arguments, watch.silence_s or SILENCE_S):
                if isinstance(event, NetTimed):
                    run.time(event)
                elif isinstance(event, End) and event.canary_ns is not None and segment:
                    memory.learn(segment, event.canary_ns, watch.announce)
                elif isinstance(event, NetFailed):
                    run.fail(event.id, f"{event.stage}: {event.message}")
                elif isinstance(event, ProcessKilled):
                    serial = device.info.serial
                    watch.announce(f"{serial}: the benchmark program was {event.reason}. It goes on.")
                    for net_id in filter(endurance.blame_kill, event.ids & run.left.keys()):
                        run.fail(net_id, f"crash: {event.reason}")
                progress(config.passes * len(nets) - run.visits_left)
        except LostError as error:
            fit = False
            device.recover(watch.announce)
            watch.announce(f"{device.info.serial} is back: {error}")
            if error.op_id in run.left and endurance.blame(error.op_id):
                run.fail(error.op_id, f"lost: {error}")
        endurance.count(progressed=run.visits_left < before or run.spoilt > spoilt, lost=not fit)
    return {net.id: run.conclude(net.id) for net in nets}


def is_unsteady(visits: Sequence[float]) -> bool:
    """Tell from the times of a net's visits whether about half of them were slower than the others."""
    if len(visits) < _LEAST_VISITS:
        return False
    fast = sorted(visits)[len(visits) // 4]
    return median(visits) > fast * (1 + _UNSTEADY)


@dataclass
class _Run:
    """What was measured, and the passes still to be made of each net."""

    nets: dict[str, NetSource]
    left: dict[str, int]
    sizes: Mapping[str, int]
    visits: dict[str, list[NetTimed]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    again: Counter[str] = field(default_factory=Counter)

    @property
    def visits_left(self) -> int:
        return sum(self.left.values())

    @property
    def spoilt(self) -> int:
        return self.again.total()

    def choose_group(self) -> tuple[list[NetSource], int]:
        """Choose what the next process measures: the nets that lack the most passes, and how many.

        Where not all nets fit into one process, it is one pass of as many as do; then the others lack more.
        """
        most = max(self.left.values())
        lacking = [net_id for net_id, passes in self.left.items() if passes == most]
        if sum(map(self._size, self.left)) <= _GROUP_BYTES:
            return [self.nets[net_id] for net_id in lacking], most
        sums = accumulate(map(self._size, lacking))
        fitting = sum(size <= _GROUP_BYTES for size in sums)
        return [self.nets[net_id] for net_id in lacking[: max(1, fitting)]], 1

    def _size(self, net_id: str) -> int:
        return self.sizes.get(net_id, 0)

    def time(self, event: NetTimed) -> None:
        """Keep a visit; one that is spoilt is made again, but not without end."""
        self.visits.setdefault(event.id, []).append(event)
        if event.conditions.spoilt_by and self.again[event.id] < _MOST_AGAIN:
            self.again[event.id] += 1
            return
        self.left[event.id] -= 1
        if not self.left[event.id]:
            del self.left[event.id]

    def fail(self, net_id: str, reason: str) -> None:
        self.failures[net_id] = reason
        del self.left[net_id]

    def conclude(self, net_id: str) -> NetRuns:
        """Give a net's runs: those of its fit visits where they are half of what was asked for, else all."""
        if net_id in self.failures:
            return NetRuns((), self.failures[net_id])
        visits = self.visits[net_id]
        fit = [visit for visit in visits if not visit.conditions.spoilt_by]
        causes = Counter(visit.conditions.spoilt_by for visit in visits if visit.conditions.spoilt_by)
        enough = 2 * len(fit) >= len(visits) - self.again[net_id]
        disturbances = Disturbances()
        for visit in visits:
            disturbances.add_visit(None, visit.discarded.count())
        (disturbances.repeated_visits if enough else disturbances.spoilt_visits).update(causes)
        spoilt_by = None if enough else causes.most_common(1)[0][0]
        if enough and is_unsteady([median(visit.samples_ns) for visit in fit]):
            spoilt_by = "unsteady"
        return NetRuns(
            tuple(chain.from_iterable(visit.samples_ns for visit in (fit if enough else visits))),
            spoilt_by=spoilt_by,
            disturbances=disturbances,
        )
