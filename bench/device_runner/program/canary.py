"""The canary: one short operator, and memory that is read, timed again and again to see the device change.

When either takes longer than usual, so does all that runs at that time: another tenant has the other half of
the core, the clock is low, or the process was started unluckily. What it usually takes is remembered from run
to run, so that a process which is slow from beginning to end is noticed too.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median_low

from bench.engines import Engine, NetSource
from lut.cache import default_cache
from lut.entries import Segment
from lut.errors import FileError
from lut.files import write_atomically
from lut.ops import OpSpec
from lut.schema import Nanoseconds, Record, decode, encode_line

__all__ = ["CANARY_ID", "CanaryMemory", "CanaryTimes", "build_canary"]

CANARY_ID = "canary"

_REMEMBERED = 20
"""Processes whose canary counts: should a device become slower for good, that is usual after half as many."""


class CanaryTimes(Record, frozen=True, array_like=True):
    """What the canary's operator takes, and its reading of memory, in nanoseconds."""

    net_ns: Nanoseconds
    memory_ns: Nanoseconds


def build_canary(engine: Engine) -> NetSource:
    """Build the canary's net for an engine."""
    return replace(engine.lower(engine.canary), id=CANARY_ID)


_told: set[Path] = set()
"""Folders that can't be used, about which the user was told: once is enough for many processes."""


class CanaryMemory:
    """What a canary took in earlier processes, by unit, program, threads and processors."""

    def __init__(self, canary: OpSpec, folder: Path | None = None) -> None:
        self._canary = canary
        self._folder = default_cache() / "canary" if folder is None else folder

    def recall(self, segment: Segment) -> CanaryTimes | None:
        """Give the medians of the processes remembered; None where there are none.

        One that was odd, be it slow or quick, makes no other process look so.
        """
        if not (known := self._read(segment)):
            return None
        return CanaryTimes(
            median_low(each.net_ns for each in known), median_low(each.memory_ns for each in known)
        )

    def learn(
        self, segment: Segment, took: CanaryTimes, announce: Callable[[str], None] = lambda _: None
    ) -> None:
        """Remember what the canary usually took in a process that has ended.

        Measuring goes on without that where the folder can't be used; `announce` hears of it, once.
        """
        known = [*self._read(segment), took][-_REMEMBERED:]
        try:
            write_atomically(self._path(segment), encode_line(known))
        except FileError as refusal:
            if self._folder not in _told:
                _told.add(self._folder)
                announce(
                    f"How fast this device usually is can't be remembered for later runs: {refusal} It goes "
                    f"on without. Set CNN_LATENCY_LUT_CACHE to a folder that can be written."
                )

    def _read(self, segment: Segment) -> list[CanaryTimes]:
        try:
            return decode(self._path(segment).read_bytes(), list[CanaryTimes])
        except (OSError, ValueError):
            return []  # nothing is remembered, or nothing that can be read: the next process starts afresh

    def _path(self, segment: Segment) -> Path:
        config = segment.config
        device, sha256 = segment.device, segment.program.sha256
        # All hosts have one serial, and several may share a folder.
        unit = f"{device.serial}@{platform.node()}" if device.kind == "host" else device.serial
        identity = (device.name, unit, sha256, config.threads, config.cpus, self._canary.id)
        return self._folder / f"{hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:16]}.json"
