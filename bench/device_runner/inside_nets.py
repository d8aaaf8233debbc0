"""What nets are made of, timed inside their runs on a device."""

from __future__ import annotations

from collections.abc import Sequence

from bench.device_runner.device import Device, LostError
from bench.device_runner.endurance import Endurance
from bench.device_runner.program import (
    EndedEarly,
    NetFailed,
    NetProfiled,
    ProcessKilled,
    program_arguments,
    run_program,
)
from bench.device_runner.watch import UNWATCHED, Watch
from bench.device_runner.whole_nets import SILENCE_S
from bench.engines import NetSource
from lut.entries import RunConfig

__all__ = ["profile_nets"]


def profile_nets(
    device: Device, nets: Sequence[NetSource], config: RunConfig, *, watch: Watch = UNWATCHED
) -> dict[str, tuple[NetProfiled, ...] | str]:
    """Profile nets and give the visits of each by its id, one a pass, or why there are none.

    A net that takes the process down ends it; those that have not had all their visits are run by another.

    Args:
        device: prepared by `prepare`.
        nets: with ids that differ.
        config: how to time them; `passes` visits of each.
        watch: who hears of it; without its `silence_s` a net counts as hung after `SILENCE_S`.

    Raises:
        DeviceError: the device can't be used, was lost for good, or the program can't be started.
        StoppedError: the device was interrupted.
    """
    visits: dict[str, list[NetProfiled]] = {net.id: [] for net in nets}
    failures: dict[str, str] = {}
    endurance = Endurance(device.info.serial)
    fit = False
    while left := _list_left(nets, visits, failures, config.passes):
        lacking = config.passes - min(len(visits[net.id]) for net in left)
        progressed = False
        try:
            if not fit:
                device.begin_block(watch.announce, config.cpus)
                fit = True
            arguments = ["--operators", *program_arguments(config, lacking, None)]
            for event in run_program(device, left, arguments, watch.silence_s or SILENCE_S):
                if isinstance(event, NetProfiled):
                    visits[event.id].append(event)
                    progressed = True
                elif isinstance(event, NetFailed):
                    failures[event.id] = f"{event.stage}: {event.message}"
                    progressed = True
                elif isinstance(event, EndedEarly | ProcessKilled):
                    endurance.hear(event.reason)
        except LostError as error:
            fit = False
            endurance.hear(str(error))
            device.recover(watch.announce)
            watch.announce(f"{device.info.serial} is back: {error}")
        endurance.count(progressed=progressed, lost=not fit)
    return {net.id: failures.get(net.id) or tuple(visits[net.id][: config.passes]) for net in nets}


def _list_left(
    nets: Sequence[NetSource],
    visits: dict[str, list[NetProfiled]],
    failures: dict[str, str],
    passes: int,
) -> list[NetSource]:
    return [net for net in nets if net.id not in failures and len(visits[net.id]) < passes]
