"""What a run that is resumed tells of drift: its times beside those that its journal already holds."""

from __future__ import annotations

from statistics import median

from lut.drift.runs import CanaryTimes, RunDrift, compare_runs, is_telling, take_median
from lut.entries import Measurement
from lut.ops import OpKey

__all__ = ["ResumedTimes"]


class ResumedTimes:
    """Times of earlier runs and of the present one.

    Of operators, only those are kept that lack passes: the present run can measure no others again. They are
    a block's at most, unless blocks were cut short often.
    """

    def __init__(self) -> None:
        self._then_ns: dict[OpKey, list[float]] = {}
        self._now_ns: dict[OpKey, list[float]] = {}
        self._canary_then, self._canary_now = CanaryTimes(), CanaryTimes()

    def add_earlier(self, visit: Measurement, *, is_last: bool) -> None:
        """Add a visit that the journal holds; with the last of its passes an operator is done with."""
        self._canary_then.add(visit.conditions)
        if is_last:
            self._then_ns.pop(visit.op.key, None)
        else:
            _add(self._then_ns, visit)

    def forget(self, key: OpKey) -> None:
        """Leave out an operator that failed: it is not measured again."""
        self._then_ns.pop(key, None)

    def add_present(self, visit: Measurement) -> None:
        """Add a visit of the present run."""
        self._canary_now.add(visit.conditions)
        if visit.op.key in self._then_ns:
            _add(self._now_ns, visit)

    def compare(self) -> RunDrift | None:
        """Compare the present run with the earlier ones; None where there is too little of either."""
        pairs = [(median(self._then_ns[key]), median(times)) for key, times in self._now_ns.items()]
        return compare_runs(pairs, self._canary_then.take_median(), self._canary_now.take_median())


def _add(times_ns: dict[OpKey, list[float]], visit: Measurement) -> None:
    if is_telling(visit.conditions):
        times_ns.setdefault(visit.op.key, []).append(take_median(visit.samples_ns))
