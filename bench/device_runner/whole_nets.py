"""Whole nets through one device: many short passes, so that a slow phase takes a part of every net.

A net that the engine refuses, or that takes its process down, is told with the reason; the others go on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.device_runner.arguments import program_arguments
from bench.device_runner.canary import CanaryMemory, build_canary
from bench.device_runner.device import Device, LostError
from bench.device_runner.endurance import Endurance
from bench.device_runner.parse import End, NetFailed, NetTimed
from bench.device_runner.program_run import run_program
from bench.nets import OpNets
from lut.records import ProgramInfo, RunConfig, Segment

__all__ = ["NetRuns", "measure_nets"]

SILENCE_S = 600.0
"""How long the program may print nothing: one visit of a net takes as long as those of all its operators."""


_MOST_AGAIN = 20
"""So many visits of a net in slow phases are made again; what is slow then counts as it is."""


@dataclass(frozen=True, slots=True)
class NetRuns:
    """All timed runs of one net in nanoseconds, or why there are none."""

    samples_ns: tuple[int, ...]
    failure: str | None = None


def measure_nets(
    device: Device,
    nets: Sequence[OpNets],
    config: RunConfig,
    *,
    program: ProgramInfo | None = None,
    seed: int | None = 0,
    silence_s: float | None = None,
    announce: Callable[[str], None] = lambda _: None,
    progress: Callable[[int], None] = lambda _: None,
) -> dict[str, NetRuns]:
    """Measure nets and give the runs of each by its id.

    When the device is lost, the visit in flight is made again once it is back.

    Args:
        device: prepared by `prepare`.
        nets: with ids that differ.
        config: how to time them; `passes` visits of each.
        program: what the device prepared; with it, what the canary took in earlier processes is known.
        seed: shuffles the order of each pass; None keeps the given order.
        silence_s: how long the program may print nothing before a net counts as hung; `SILENCE_S` where
            nobody says.
        announce: hears sentences for the user.
        progress: hears the number of visits done, failed nets' visits included.

    Raises:
        DeviceError: the program can't be started, ends again and again without reaching a net, or the
            device was lost and did not come back.
    """
    run = _Run({net.id: net for net in nets}, {net.id: config.passes for net in nets})
    endurance = Endurance(device.info.serial)
    segment = Segment(device.info, program, config) if program else None
    with_canary = [build_canary()] if config.canary_share else []
    fit = False
    while run.left:
        before, repeated = run.visits_left, run.repeated
        try:
            if not fit:
                device.begin_block(announce)
                fit = True
            group, passes = run.choose_group()
            usual_ns = CanaryMemory().usual_ns(segment) if segment and with_canary else None
            arguments = program_arguments(config, passes, seed, usual_ns)
            for event in run_program(device, [*with_canary, *group], arguments, silence_s or SILENCE_S):
                if isinstance(event, NetTimed):
                    run.time(event)
                elif isinstance(event, End) and event.canary_ns is not None and segment:
                    CanaryMemory().learn(segment, event.canary_ns)
                elif isinstance(event, NetFailed):
                    run.fail(event.id, f"{event.stage}: {event.message}")
                progress(config.passes * len(nets) - run.visits_left)
        except LostError as error:
            fit = False
            device.recover(announce)
            announce(f"{device.info.serial} is back: {error}")
            if error.op_id in run.left and endurance.blame(error.op_id):
                run.fail(error.op_id, f"lost: {error}")
        endurance.count(progressed=run.visits_left < before or run.repeated > repeated, lost=not fit)
    return {
        net.id: NetRuns((), run.failures[net.id])
        if net.id in run.failures
        else NetRuns(tuple(run.samples_ns[net.id]))
        for net in nets
    }


@dataclass
class _Run:
    """What was measured, and the passes still to be made of each net."""

    nets: dict[str, OpNets]
    left: dict[str, int]
    samples_ns: dict[str, list[int]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    unsettled: Counter[str] = field(default_factory=Counter)

    @property
    def visits_left(self) -> int:
        return sum(self.left.values())

    @property
    def repeated(self) -> int:
        return self.unsettled.total()

    def choose_group(self) -> tuple[list[OpNets], int]:
        """Choose what the next process measures: the nets that lack the most passes, and how many."""
        passes = max(self.left.values())
        return [self.nets[net_id] for net_id, lacking in self.left.items() if lacking == passes], passes

    def time(self, event: NetTimed) -> None:
        """Count a visit, unless it fell into a slow phase; so many of a net are made again."""
        if event.conditions.settled is False and self.unsettled[event.id] < _MOST_AGAIN:
            self.unsettled[event.id] += 1
            return
        self.samples_ns.setdefault(event.id, []).extend(event.samples_ns)
        self.left[event.id] -= 1
        if not self.left[event.id]:
            del self.left[event.id]

    def fail(self, net_id: str, reason: str) -> None:
        self.failures[net_id] = reason
        del self.left[net_id]
