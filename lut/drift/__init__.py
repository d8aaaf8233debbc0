"""TODO door of lut.drift."""

from __future__ import annotations

from lut.drift.change import LARGE, Drift, compare_times, describe_change
from lut.drift.journals import JournalDrift, JournalTimes
from lut.drift.resumed import ResumedTimes
from lut.drift.runs import LARGE_IN_WORDS, Canary, RunDrift, compare_runs, is_telling

__all__ = [
    "LARGE",
    "LARGE_IN_WORDS",
    "Canary",
    "Drift",
    "JournalDrift",
    "JournalTimes",
    "ResumedTimes",
    "RunDrift",
    "compare_runs",
    "compare_times",
    "describe_change",
    "is_telling",
]
