"""Whole nets through one device: many short passes, so that a slow phase takes a part of every net.

A net that the engine refuses, or that takes its process down, is told with the reason; the others go on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.device_runner.arguments import program_arguments
from bench.device_runner.device import Device, LostError
from bench.device_runner.endurance import Endurance
from bench.device_runner.parse import NetFailed, NetTimed
from bench.device_runner.program_run import run_program
from bench.nets import OpNets
from lut.records import RunConfig

__all__ = ["NetRuns", "measure_nets"]

SILENCE_S = 600.0
"""How long the program may print nothing: one visit of a net takes as long as those of all its operators."""


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
    fit = False
    while run.left:
        before = run.visits_left
        try:
            if not fit:
                device.begin_block(announce)
                fit = True
            group, passes = run.choose_group()
            arguments = program_arguments(config, passes, seed)
            for event in run_program(device, group, arguments, silence_s or SILENCE_S):
                if isinstance(event, NetTimed):
                    run.time(event)
                elif isinstance(event, NetFailed):
                    run.fail(event.id, f"{event.stage}: {event.message}")
                progress(config.passes * len(nets) - run.visits_left)
        except LostError as error:
            fit = False
            device.recover(announce)
            announce(f"{device.info.serial} is back: {error}")
            if error.op_id in run.left and endurance.blame(error.op_id):
                run.fail(error.op_id, f"lost: {error}")
        endurance.count(progressed=run.visits_left < before, lost=not fit)
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

    @property
    def visits_left(self) -> int:
        return sum(self.left.values())

    def choose_group(self) -> tuple[list[OpNets], int]:
        """Choose what the next process measures: the nets that lack the most passes, and how many."""
        passes = max(self.left.values())
        return [self.nets[net_id] for net_id, lacking in self.left.items() if lacking == passes], passes

    def time(self, event: NetTimed) -> None:
        self.samples_ns.setdefault(event.id, []).extend(event.samples_ns)
        self.left[event.id] -= 1
        if not self.left[event.id]:
            del self.left[event.id]

    def fail(self, net_id: str, reason: str) -> None:
        self.failures[net_id] = reason
        del self.left[net_id]
