"""Whole nets through one device: many short passes, so that a slow phase takes a part of every net.

Nets that need much memory are cut into groups that take turns, a process and a pass each: what one process
holds at once is bounded.

A net that the engine refuses, or that takes its process down, is reported with the reason; the others go on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain
from math import ceil

from bench.device_runner.device import Device, LostError
from bench.device_runner.endurance import Endurance
from bench.device_runner.gaps import GAPS_MS, GapTimes
from bench.device_runner.program import (
    CanaryMemory,
    End,
    EndedEarly,
    Gaps,
    NetFailed,
    NetTimed,
    ProcessKilled,
    build_canary,
    program_arguments,
    run_program,
)
from bench.device_runner.steadiness import SteadyRuns, keep_steady
from bench.device_runner.watch import UNWATCHED, Watch
from bench.engines import NetSource
from lut.entries import ProgramInfo, RunConfig, Segment
from lut.journal import Disturbances

__all__ = ["NetRuns", "measure_nets"]

SILENCE_S = 600.0
"""How long the program may print nothing: one visit of a net takes as long as those of all its operators."""

_GROUP_BYTES = 160 << 20
"""One process holds at most this much of weights and activations, or one net: phones run other programs."""

_MOST_WATCHED = 6
"""Gaps are watched for so often at most, however many processes the nets take."""

_MOST_AGAIN = 10
"""At most this many visits of a net are repeated, since they were spoilt or slow. A net with fewer than half
of its visits then is marked."""


@dataclass(frozen=True, slots=True)
class NetRuns:
    """All timed runs of one net in nanoseconds, or why there are none.

    `spoilt_by` (see `CAUSES`) is set where most visits were spoilt, or too few as fast as the fastest: the
    runs tell of the disturbance as much as of the net.
    """

    samples_ns: tuple[int, ...]
    failure: str | None = None
    spoilt_by: str | None = None
    disturbances: Disturbances = field(default_factory=Disturbances)
    gaps: GapTimes | None = None
    """What gaps took while the nets ran."""


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
            usual = memory.recall(segment) if segment and with_canary else None
            if seed is not None:
                order = seed + max(run.left.values()) - passes  # or each process of one pass had the same
            arguments = program_arguments(config, passes, order, usual, gaps_ms=run.gaps_ms)
            for event in run_program(device, [*with_canary, *group], arguments, watch.silence_s or SILENCE_S):
                if isinstance(event, NetTimed):
                    run.time(event)
                elif isinstance(event, End) and event.canary is not None and segment:
                    memory.learn(segment, event.canary, watch.announce)
                elif isinstance(event, Gaps):
                    run.gaps.append(event)
                elif isinstance(event, NetFailed):
                    run.fail(event.id, f"{event.stage}: {event.message}")
                elif isinstance(event, EndedEarly):
                    endurance.hear(event.reason)
                elif isinstance(event, ProcessKilled):
                    endurance.hear(event.reason)
                    serial = device.info.serial
                    watch.announce(f"{serial}: the benchmark program was {event.reason}. It goes on.")
                    for net_id in filter(endurance.blame_kill, event.ids & run.left.keys()):
                        run.fail(net_id, f"crash: {event.reason}")
                progress(config.passes * len(nets) - run.visits_left)
        except LostError as error:
            fit = False
            endurance.hear(str(error))
            device.recover(watch.announce)
            watch.announce(f"{device.info.serial} is back: {error}")
            if error.op_id in run.left and endurance.blame(error.op_id):
                run.fail(error.op_id, f"lost: {error}")
        endurance.count(progressed=run.visits_left < before or run.spoilt > spoilt, lost=not fit)
    gaps = GapTimes(run.gaps)
    return {net.id: run.conclude(net.id, gaps) for net in nets}


@dataclass
class _Run:
    """What was measured, and the passes still to be made of each net."""

    nets: dict[str, NetSource]
    left: dict[str, int]
    sizes: Mapping[str, int]
    visits: dict[str, list[NetTimed]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    again: Counter[str] = field(default_factory=Counter)
    gaps: list[Gaps] = field(default_factory=list)

    @property
    def visits_left(self) -> int:
        return sum(self.left.values())

    @property
    def spoilt(self) -> int:
        return self.again.total()

    @property
    def gaps_ms(self) -> int:
        """How long the next process watches for gaps: the first few tell enough."""
        return GAPS_MS if len(self.gaps) < _MOST_WATCHED else 0

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
        if self.left[event.id]:
            return
        lacking = self._asked(event.id) - ceil(self._steady(event.id).visits)
        more = min(lacking, _MOST_AGAIN - self.again[event.id])
        if more > 0:
            self.again[event.id] += more
            self.left[event.id] = more
        else:
            del self.left[event.id]

    def _asked(self, net_id: str) -> int:
        """How many visits of a net were asked for that has had all of them."""
        return len(self.visits[net_id]) - self.again[net_id]

    def _fit(self, net_id: str) -> list[NetTimed]:
        return [visit for visit in self.visits[net_id] if not visit.conditions.spoilt_by]

    def _steady(self, net_id: str) -> SteadyRuns:
        return keep_steady([visit.samples_ns for visit in self._fit(net_id)], self._asked(net_id))

    def fail(self, net_id: str, reason: str) -> None:
        self.failures[net_id] = reason
        del self.left[net_id]

    def conclude(self, net_id: str, gaps: GapTimes) -> NetRuns:
        """Give a net's runs: those of its steady visits where they are half of what was asked for.

        Else they are those of all visits that the canary let pass, or at worst of all.
        """
        if net_id in self.failures:
            return NetRuns((), self.failures[net_id])
        visits, fit, steady = self.visits[net_id], self._fit(net_id), self._steady(net_id)
        causes = Counter(visit.conditions.spoilt_by for visit in visits if visit.conditions.spoilt_by)
        least = self._asked(net_id) / 2
        spoilt_by = None
        kept = steady.samples_ns
        if len(fit) < least:
            kept, spoilt_by = _pool(visits), causes.most_common(1)[0][0]
        elif steady.visits < least:
            kept, spoilt_by = _pool(fit), "unsteady"
        disturbances = Disturbances()
        for visit in visits:
            disturbances.discarded_runs.update(visit.discarded.count())
        (disturbances.repeated_visits if len(fit) >= least else disturbances.spoilt_visits).update(causes)
        if spoilt_by is None:
            disturbances.repeated_visits.update({"unsteady": len(fit) - ceil(steady.visits)})
        return NetRuns(kept, spoilt_by=spoilt_by, disturbances=disturbances, gaps=gaps)


def _pool(visits: Iterable[NetTimed]) -> tuple[int, ...]:
    return tuple(chain.from_iterable(visit.samples_ns for visit in visits))
