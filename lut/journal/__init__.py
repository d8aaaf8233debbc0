"""Journals: what a run measured, appended as it comes, never rewritten.

`lines` is the format, `reading` and `writing` the file, `progress` what a run that goes on finds there.
`sources`, `pools` and `disturbance` sum up what a merge needs.
"""

from __future__ import annotations

from lut.journal.disturbance import Disturbances
from lut.journal.lines import format_entry, parse_line
from lut.journal.pools import PooledKeys, PooledRecords, Pools, take_percentiles_us
from lut.journal.progress import RunProgress, read_progress
from lut.journal.reading import read_config, read_head, read_journal
from lut.journal.sources import Sources, check_poolable
from lut.journal.writing import JournalWriter, open_journal

__all__ = [
    "Disturbances",
    "JournalWriter",
    "PooledKeys",
    "PooledRecords",
    "Pools",
    "RunProgress",
    "Sources",
    "check_poolable",
    "format_entry",
    "open_journal",
    "parse_line",
    "read_config",
    "read_head",
    "read_journal",
    "read_progress",
    "take_percentiles_us",
]
