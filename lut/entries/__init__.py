"""What a run writes down: who measured, by which program, how, and what came of it. All are immutable.

`segment` says who measured and how, `visit` what came of an operator, `marks` what else a journal notes. Each
is read and written as it is defined (see `lut.schema`).
"""

from __future__ import annotations

from typing import TypeAlias

from lut.entries.marks import BlockState, Round
from lut.entries.segment import DeviceInfo, ProgramInfo, RunConfig, Segment, SegmentFields
from lut.entries.visit import (
    CAUSES,
    Anchor,
    Conditions,
    Discarded,
    Failure,
    Measurement,
    Repeated,
    check_cause,
)

__all__ = [
    "CAUSES",
    "Anchor",
    "BlockState",
    "Conditions",
    "DeviceInfo",
    "Discarded",
    "Entry",
    "Failure",
    "Measurement",
    "ProgramInfo",
    "Repeated",
    "Round",
    "RunConfig",
    "Segment",
    "SegmentFields",
    "check_cause",
]

Entry: TypeAlias = Segment | BlockState | Round | Measurement | Repeated | Anchor | Failure
"""What a line of a journal says."""
