"""Writing down what devices tell."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timezone

from msgspec.structs import replace

from bench.campaign.summary import RunSummary
from bench.device_runner import Block, Recovery, Visit
from lut.drift import ResumedTimes
from lut.entries import BlockState, Entry, Failure, Repeated, Segment
from lut.journal import JournalWriter

__all__ = ["Recorder", "now"]

_SYNC_S = 1.0
"""The journal is forced to the disk this often."""


def now() -> str:
    """Give the time of day in ISO 8601, UTC."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


class Recorder:
    """Writes what devices tell into the journal and the summary; several threads may use it."""

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
        self._synced = time.monotonic()

    def write(self, entry: Entry) -> None:
        """Write an entry down."""
        with self._lock:
            self._writer.append(entry)

    def begin(self, block: Block, segment: Segment) -> None:
        """Write down the round that a block's operators were chosen in, unless the journal holds it."""
        if block.unwritten is not None:
            self.write(replace(block.unwritten, segment=segment.id))
            block.unwritten = None

    def note(self, event: BlockState | Recovery, segment: Segment) -> None:
        """Write down a state; after a recovery a new segment begins."""
        with self._lock:
            if isinstance(event, Recovery):
                self._summary.recoveries += 1
                self._writer.append(replace(segment, started=now()))
            else:
                self._summary.states[segment.device.serial] = event
                self._writer.append(event)

    def record(self, visit: Visit, serial: str, *, is_last: bool) -> None:
        """Record a visit; with the last of its visits an operator is done."""
        with self._lock:
            self._writer.append(visit.outcome)
            self._count(visit, serial, is_last)
            self._hear(visit)
            self._progress(self._summary)
            if time.monotonic() - self._synced > _SYNC_S:
                self._writer.sync()
                self._synced = time.monotonic()

    def sync(self) -> None:
        """Force to the disk what was recorded."""
        with self._lock:
            self._writer.sync()

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
