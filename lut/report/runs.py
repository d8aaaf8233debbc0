"""A journal as a course of events: visit after visit, with what the device was like around each."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lut.entries import BlockState, Measurement, Repeated, Segment
from lut.errors import FileError
from lut.journal import Disturbances, read_journal
from lut.ops import OpKey
from lut.report.columns import Floats, Indices

__all__ = ["Run", "read_run"]


@dataclass(frozen=True, eq=False)
class Run:
    """The visits of a journal in the order they were made; NaN where something was not told.

    `relative` is a visit's median over the median of all the operator's visits: 1 for a device that does
    not change. `canary_us` is the canary's time around the visit, `khz` the clock, both the mean of before
    and behind. `celsius` is the hottest zone, or else the battery, when the visit's block began.
    """

    path: Path
    segments: tuple[Segment, ...]
    relative: Floats
    canary_us: Floats
    khz: Floats
    celsius: Floats
    spoilt: Indices
    """The visits that stayed spoilt however often they were made again."""
    disturbances: Disturbances


class _Course:
    """Columns that grow, twenty-odd bytes a visit: a run of a whole space makes millions."""

    def __init__(self) -> None:
        self.numbers: dict[OpKey, int] = {}
        self.op = array("q")
        self.median_ns, self.canary_ns, self.khz, self.celsius = (array("d") for _ in range(4))
        self.spoilt = array("q")
        self.disturbances = Disturbances()

    def add(self, visit: Measurement, celsius: float) -> None:
        state = visit.conditions
        self.disturbances.add(visit)
        if state.spoilt_by:
            self.spoilt.append(len(self.op))
        self.op.append(self.numbers.setdefault(visit.op.key, len(self.numbers)))
        self.median_ns.append(float(np.median(visit.samples_ns)))
        self.canary_ns.append(_mean(state.canary_before_ns, state.canary_after_ns))
        self.khz.append(_mean(state.khz_before, state.khz_after))
        self.celsius.append(celsius)


def read_run(
    path: Path,
    warn: Callable[[str], None] = lambda _: None,
    progress: Callable[[int], None] = lambda _: None,
) -> Run:
    """Read a journal; `progress` hears how many visits are read.

    Raises:
        FileError: it can't be read, or holds no measurement.
    """
    course, segments, celsius = _Course(), [], np.nan
    for entry in read_journal(path, warn):
        if isinstance(entry, Segment):
            segments.append(entry)
            celsius = np.nan
        elif isinstance(entry, BlockState):
            celsius = np.nan if entry.celsius is None else entry.celsius
        elif isinstance(entry, Measurement):
            course.add(entry, celsius)
            progress(len(course.op))
        elif isinstance(entry, Repeated):
            course.disturbances.add(entry)
    if not course.op:
        raise FileError(f"{path} holds no measurement. Give a journal that `bench run` has written.")
    op, median_ns = np.array(course.op, np.intp), np.array(course.median_ns)
    return Run(
        path=path,
        segments=tuple(segments),
        relative=median_ns / _medians_by(op, median_ns)[op],
        canary_us=np.array(course.canary_ns) / 1000,
        khz=np.array(course.khz),
        celsius=np.array(course.celsius),
        spoilt=np.array(course.spoilt, np.intp),
        disturbances=course.disturbances,
    )


def _medians_by(group: Indices, values: Floats) -> Floats:
    order = np.argsort(group, kind="stable")
    parts = np.split(values[order], np.flatnonzero(np.diff(group[order])) + 1)
    return np.array([np.median(part) for part in parts])


def _mean(before: int | None, after: int | None) -> float:
    known = [value for value in (before, after) if value is not None]
    return sum(known) / len(known) if known else np.nan
