"""How measuring is asked for, wherever it is done: the options of devices, timing, patience and farms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from bench.campaign import Source, Timing
from bench.cli.device_options import DeviceChoice, device_options
from bench.cli.farm_options import farm_options
from bench.cli.live import DeviceLines
from bench.cli.protocol_options import protocol_options
from bench.device_runner import SILENCE_S
from lut.cli import grouped
from lut.plan import Plan

if TYPE_CHECKING:
    from bench.farm import SchedulerAddress

__all__ = ["Asked", "Planner", "Show", "asked_options"]

Show: TypeAlias = Callable[[Sequence[str]], DeviceLines]
"""Makes the lines of progress for devices, by their serials."""

Planner: TypeAlias = Callable[[Path], Plan | Source]
"""Gives what is to be measured into a journal."""

_patience = grouped("Order and patience")


@dataclass(frozen=True)
class Asked:
    """On which devices, how, and with how much patience to measure; with `farm`, on phones offered there."""

    timing: Timing
    devices: DeviceChoice
    seed: int
    retry_failed: bool
    silence_s: float
    farm: SchedulerAddress | None


def asked_options(title: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add all options that say how to measure; the command gets them as one `asked: Asked`.

    Args:
        title: of the group in which help lists the devices.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @device_options(title, several=True, name_help="Record under this name, not the device's own.")
        @protocol_options
        @_patience("--seed", type=int, default=0, show_default=True, help="Decides the order of operators.")
        @_patience("--retry-failed", is_flag=True, help="Try operators again that failed in an earlier run.")
        @_patience(
            "--silence-s",
            type=click.FloatRange(1),
            default=SILENCE_S,
            show_default=True,
            help="How long one visit may take before it counts as hung.",
        )
        @farm_options
        @wraps(command)
        def with_asked(
            *args: Any,
            timing: Timing,
            devices: DeviceChoice,
            seed: int,
            retry_failed: bool,
            silence_s: float,
            farm: SchedulerAddress | None,
            **options: Any,
        ) -> Any:
            asked = Asked(timing, devices, seed, retry_failed, silence_s, farm)
            return command(*args, asked=asked, **options)

        return with_asked

    return decorate
