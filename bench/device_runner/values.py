"""Nets run once on a device for what they compute."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bench.device_runner.device import Device, LostError
from bench.device_runner.endurance import Endurance
from bench.device_runner.program import EndedEarly, NetFailed, NetValues, ProcessKilled, run_program
from bench.engines import NetSource

__all__ = ["run_values"]


def run_values(
    device: Device, nets: Sequence[NetSource], silence_s: float, announce: Callable[[str], None]
) -> dict[str, tuple[bytes, ...] | str]:
    """Run nets and give the bytes of each one's outputs by its id, or why there are none.

    A net that takes the process down ends it; those behind it are run by another. A device that is lost gets
    some more tries once it is back; `announce` hears what it is waited for.

    Raises:
        DeviceError: the device can't be used, was lost for good, or the program can't be started.
    """
    results: dict[str, tuple[bytes, ...] | str] = {}
    left = list(nets)
    endurance = Endurance(device.info.serial)
    while left:
        lost = False
        try:
            for event in run_program(device, left, ["--values"], silence_s):
                if isinstance(event, NetValues):
                    results[event.id] = event.values
                elif isinstance(event, NetFailed):
                    results[event.id] = f"{event.stage}: {event.message}"
                elif isinstance(event, EndedEarly | ProcessKilled):
                    endurance.hear(event.reason)
        except LostError as error:
            lost = True
            endurance.hear(str(error))
            device.recover(announce)
        rest = [net for net in left if net.id not in results]
        endurance.count(progressed=len(rest) < len(left), lost=lost)
        left = rest
    return results
