"""What gaps take of a run: moments in which the system has the processor."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate
from statistics import median

from bench.device_runner.program import Gaps

__all__ = ["GAPS_MS", "GapTimes"]

GAPS_MS = 250
"""Watched for so long before the nets run, and after: timers and hypervisors come by the hundred a second."""

_WINDOWS = 500
"""A run is laid at so many moments of what was watched, by steps of the golden ratio: even ones may be in
step with a timer."""

_GOLDEN = (5**0.5 - 1) / 2


class GapTimes:
    """When the system had the processor, as watched one or several times."""

    def __init__(self, watched: Iterable[Gaps]) -> None:
        self._watched = [(gaps, (0, *accumulate(gaps.took_ns))) for gaps in watched]
        self._typical: dict[float, float] = {}
        """What was told before: nets share most of their operators."""

    def __bool__(self) -> bool:
        return bool(self._watched)

    def take_typical(self, run_ns: float) -> float:
        """Give what gaps take of a run of so many nanoseconds: the median over when it begins.

        A short run meets none, most of the time; one of several milliseconds meets about as many each time.
        Where nobody watched there is nothing to tell.
        """
        if run_ns not in self._typical:
            self._typical[run_ns] = float(median(self._lay(run_ns)))
        return self._typical[run_ns]

    def _lay(self, run_ns: float) -> Iterator[float]:
        """Lay a run into what was watched, and give what gaps take of it each time."""
        for gaps, passed in self._watched:
            room = gaps.span_ns - run_ns
            if room <= 0:
                yield passed[-1] * run_ns / gaps.span_ns
                continue
            for window in range(_WINDOWS):
                start = room * (window * _GOLDEN % 1)
                first, last = bisect_right(gaps.at_ns, start), bisect_right(gaps.at_ns, start + run_ns)
                yield passed[last] - passed[first]
