"""Drift: by how much a device changed between two measurements, as told by what was measured in both.

`change` compares pairs of times, `runs` two runs, `journals` the runs of several journals, `units` the units
of one name, and `resumed` a run with what its own journal held before.
"""

from __future__ import annotations

from lut.drift.change import LARGE, Drift, compare_times, describe_change
from lut.drift.journals import JournalDrift, JournalTimes
from lut.drift.resumed import ResumedTimes
from lut.drift.runs import LARGE_IN_WORDS, Canary, RunDrift, compare_runs, is_telling, take_median
from lut.drift.units import UnitDrift, UnitTimes, add_anchor, compare_units

__all__ = [
    "LARGE",
    "LARGE_IN_WORDS",
    "Canary",
    "Drift",
    "JournalDrift",
    "JournalTimes",
    "ResumedTimes",
    "RunDrift",
    "UnitDrift",
    "UnitTimes",
    "add_anchor",
    "compare_runs",
    "compare_times",
    "compare_units",
    "describe_change",
    "is_telling",
    "take_median",
]
