"""What a `bench run` was asked for, wherever it measures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from bench.campaign import Source, Timing
from bench.cli.device_options import DeviceChoice
from bench.cli.live import DeviceLines
from lut.plan import Plan

__all__ = ["Asked", "Show"]

Show: TypeAlias = Callable[[Sequence[str]], DeviceLines]
"""Makes the lines of progress for devices, by their serials."""


@dataclass(frozen=True)
class Asked:
    """What is measured, on which devices, how, and with how much patience."""

    plan: Callable[[Path], Plan | Source]
    """Gives what is to be measured into a journal."""
    timing: Timing
    devices: DeviceChoice
    seed: int
    retry_failed: bool
    silence_s: float
