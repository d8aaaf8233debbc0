"""Writing down what devices tell."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import TypeAlias

from msgspec.structs import replace

from bench.campaign.summary import RunSummary
from bench.device_runner import Block, Recovery, Visit
from lut.drift import ResumedTimes, UnitDrift, UnitTimes, add_anchor, compare_units
from lut.entries import Anchor, BlockState, Failure, Measurement, Repeated, Round, Segment
from lut.journal import JournalWriter

__all__ = ["Recorder", "now"]

_SYNC_S = 1.0
"""The journal is forced to the disk this often."""


Noted: TypeAlias = Anchor | BlockState | Round | Measurement | Repeated | Failure
"""What belongs to a segment."""


def now() -> str:
    """Give the time of day in ISO 8601, UTC."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


class Recorder:
    """Writes what devices tell into the journal and the summary; several threads may use it.

    Whatever segment an entry names, as of a host that measured for us, it is written under the one that its
    device began here last.
    """

    def __init__(
        self,
        writer: JournalWriter,
        summary: RunSummary,
        times: ResumedTimes,
        progress: Callable[[RunSummary], None],
        hear: Callable[[Visit], None] = lambda _: None,
    ) -> None:
        """Take where to write, what to count in, and who hears of the growing summary and of each visit."""
        self._writer = writer
        self._summary = summary
        self._times = times
        self._progress = progress
        self._hear = hear
        self._lock = threading.Lock()
        self._units: dict[str, UnitTimes] = {}
        self._segments: dict[str, Segment] = {}
        """The present one of each device, by its serial; the latest that was begun is the last."""
        self._synced = time.monotonic()

    def begin(self, segment: Segment) -> None:
        """Begin a segment of a device."""
        with self._lock:
            self._begin(segment)

    def begin_block(self, block: Block, serial: str) -> None:
        """Write down the round that a block's operators were chosen in, unless the journal holds it."""
        if block.unwritten is not None:
            with self._lock:
                self._write(block.unwritten, serial)
            block.unwritten = None

    def conclude(self, closing: Round, segment: Segment) -> None:
        """Write down a run's end in the latest segment; in a new one where the run has begun none."""
        with self._lock:
            if not self._segments:
                self._begin(segment)
            self._write(closing, next(reversed(self._segments)))

    def note(self, event: BlockState | Recovery | Anchor, serial: str) -> None:
        """Write down a state or an anchor; after a recovery a new segment begins."""
        with self._lock:
            if isinstance(event, Recovery):
                self._summary.recoveries += 1
                self._begin(replace(self._segments[serial], started=now()))
            elif isinstance(event, Anchor):
                self._write(event, serial)
                add_anchor(self._units, serial, 0, event)
            else:
                self._summary.states[serial] = event
                self._write(event, serial)

    def record(self, visit: Visit, serial: str, *, is_last: bool) -> None:
        """Record a visit; with the last of its visits an operator is done."""
        with self._lock:
            self._write(visit.outcome, serial)
            self._count(visit, serial, is_last)
            self._hear(visit)
            self._progress(self._summary)
            if time.monotonic() - self._synced > _SYNC_S:
                self._writer.sync()
                self._synced = time.monotonic()

    def compare_units(self) -> tuple[UnitDrift, ...]:
        """Compare the units that have measured anchors."""
        for serial, unit in self._units.items():
            unit.visits = self._summary.visits_on[serial]
        return compare_units(self._units)

    def sync(self) -> None:
        """Force to the disk what was recorded."""
        with self._lock:
            self._writer.sync()

    def _begin(self, segment: Segment) -> None:
        self._writer.append(segment)
        self._segments.pop(segment.device.serial, None)
        self._segments[segment.device.serial] = segment

    def _write(self, entry: Noted, serial: str) -> None:
        segment = self._segments[serial].id
        self._writer.append(entry if entry.segment == segment else replace(entry, segment=segment))

    def _count(self, visit: Visit, serial: str, is_last: bool) -> None:
        summary, outcome = self._summary, visit.outcome
        if not isinstance(outcome, Repeated):
            summary.latest[serial] = outcome
        summary.engine_s += visit.engine_ns / 1e9
        summary.load_s += visit.load_ns / 1e9
        if isinstance(outcome, Failure):
            summary.failures.append(outcome)
            return
        summary.disturbances.add(outcome)
        if isinstance(outcome, Repeated):
            return
        self._times.add_present(outcome)
        summary.visits += 1
        summary.visits_on[serial] += 1
        summary.measured += is_last
