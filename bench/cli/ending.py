"""What `bench run` says at its end: what was measured and what that took, and what failed."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from textwrap import shorten

from bench.campaign import RunSummary
from lut.cli import describe_units
from lut.drift import LARGE_IN_WORDS, RunDrift
from lut.errors import FailedError
from lut.wording import list_first

__all__ = ["describe_run", "refuse_failures"]

_REASON_WIDTH = 200
"""What an engine says of an operator may be pages; the journal has all of it."""


def describe_run(summary: RunSummary, journal: Path) -> str:
    """Say what a run measured, what it took, what was made again, and what it overcame."""
    engine = summary.engine_s
    lines = [
        f"{journal}: {summary.measured} operators measured in {summary.visits} visits, "
        f"{summary.resumed} done before, {summary.failed} failed."
    ]
    if summary.failed_before:
        lines.append(
            f"{summary.failed_before} of those done before failed then; --retry-failed tries them again."
        )
    if engine and (wall := _wall_s()) is not None:
        lines.append(f"Took {_seconds(wall)}, {_seconds(engine)} of it measuring.")
    elif engine:
        lines.append(f"Measuring took {_seconds(engine)}.")
    lines += summary.disturbances.describe(summary.visits)
    lines += _describe_drift(summary.drift)
    lines += describe_units(summary.units)
    if summary.recoveries or summary.incidents:
        met = ", ".join(f"{count} x {kind}" for kind, count in sorted(summary.incidents.items()))
        times = "once" if summary.recoveries == 1 else f"{summary.recoveries} times"
        lines.append(f"Lost and found again {times} ({met})." if summary.recoveries else f"Overcome: {met}.")
    lines += [f"{serial} dropped out: {reason}" for serial, reason in summary.lost_devices.items()]
    return "\n".join(lines)


def refuse_failures(summaries: Mapping[Path, RunSummary]) -> None:
    """End a run in which operators failed, by naming the first of them.

    Args:
        summaries: what each journal's part of the run came to.

    Raises:
        FailedError: some operator failed.
    """
    failures = list(chain.from_iterable(summary.failures for summary in summaries.values()))
    if not failures:
        return
    planned = sum(summary.planned for summary in summaries.values())
    lines = (
        f"{failure.op.describe()} ({failure.stage}: {shorten(failure.reason, _REASON_WIDTH)})"
        for failure in failures
    )
    raise FailedError(
        f"{len(failures):,} of {planned:,} operators could not be measured:\n"
        f"{list_first(lines, len(failures))}\n"
        f'They are the lines of kind "failure" in {", ".join(map(str, summaries))}. '
        f"--retry-failed tries them again."
    )


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:,.0f} s"


def _describe_drift(drift: RunDrift | None) -> list[str]:
    if drift is None:
        return []
    lines = [f"The device was {drift.describe('the journal before this run')}."]
    if drift.is_large:
        lines.append(
            f"Warning: more than {LARGE_IN_WORDS} apart, so a table of this journal mixes two speeds of the "
            f"device. Let it settle and measure the plan again into another journal, or merge this one and "
            f"check with `bench validate` how far sums are off."
        )
    return lines


def _wall_s() -> float | None:
    """Tell for how many seconds this process has run; None where the system does not say when it began.

    Linux says it in seconds since boot: field 22 of /proc/self/stat.
    """
    if sys.platform != "linux":
        return None
    after_name = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    start = int(after_name[19]) / os.sysconf("SC_CLK_TCK")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - start
