"""The device's time: what is spent, and for how many operators the rest is enough."""

from __future__ import annotations

from bench.sampling.knowledge import Knowledge
from lut.entries import Measurement, Repeated

__all__ = ["LEAST_HELD_OUT", "Budget"]

_ROUND_S = 5.0
"""A round takes about so long on the device: the next one is chosen by what it told."""

_LEAST_ROUND, _MOST_ROUND = 60, 1200
"""Operators in a round: enough to take turns as in a net, and few enough to choose anew. No round has more
than all before it, since what those tell decides."""

_TELLING = 20
"""Operators that tell how long the next ones take."""

_HELD_OUT = 0.2
"""The share of a round that is held out at most."""

LEAST_HELD_OUT, _ENOUGH_HELD_OUT = 60, 500
"""So many operators have to be held out before an error is taken for the goal's, and so many are at most."""

_DEVICE_SHARE = 1.15
"""The device's time over that of recorded runs, where no round tells: loading operators takes the rest."""


class Budget:
    """Time that devices share, and what it buys."""

    def __init__(self, budget_s: float | None, known: Knowledge, devices: int) -> None:
        """Take how much there is.

        Args:
            budget_s: seconds of each device's time; None where nothing bounds it.
            known: what is measured so far.
            devices: how many share the work.
        """
        self._budget_s = budget_s
        self._known = known
        self._devices = devices
        self._before = (0.0, 0)
        self._recorded_s = 0.0
        self._share = _DEVICE_SHARE
        self.spent_s = 0.0
        """Seconds of each device's time so far."""

    def spend(self, device_s: float) -> None:
        """Count a device's time."""
        self.spent_s += device_s / self._devices

    def guess(self, visit: Measurement | Repeated) -> None:
        """Count a visit of an earlier run by the times it recorded, until a line there tells more."""
        recorded_s = _recorded_s(visit) / self._devices
        self._recorded_s += recorded_s
        self.spent_s += self._share * recorded_s

    def settle(self, spent_s: float) -> None:
        """Take in what an earlier run had spent by then."""
        if spent_s and self._recorded_s:
            self._share = spent_s / self._recorded_s
        self.spent_s = spent_s

    def begin_round(self) -> None:
        """Remember how things stand before a round."""
        self._before = (self.spent_s, self._known.count_done())

    def count_affordable(self) -> int:
        """Count how many operators the next round may have."""
        left = self._known.count_free()
        done = self._known.count_done()
        if not done:
            return min(left, _LEAST_ROUND)  # how fast the device is, the first round tells
        each_s = self._seconds_each()
        # In whole steps, so that a run that goes on after a kill, and knows its time less well, cuts alike.
        wanted = min(_MOST_ROUND, done, _ROUND_S / each_s if each_s else _MOST_ROUND)
        count = min(left, max(1, round(wanted / _LEAST_ROUND)) * _LEAST_ROUND)
        if self._budget_s is None or not each_s:
            return count
        affordable = int((self._budget_s - self.spent_s) / each_s)
        if affordable < min(left, _LEAST_ROUND // 2):
            return 0
        # Half of what is left at most, so that the last operators' time is known well.
        return min(count, affordable, max(_LEAST_ROUND, affordable // 2))

    def _seconds_each(self) -> float:
        """Tell how long an operator takes, as lately: the first ones are corners, longer than most."""
        done = self._known.count_done()
        since_s, since = self.spent_s - self._before[0], done - self._before[1]
        return since_s / since if since >= _TELLING else self.spent_s / max(1, done)

    def count_to_hold_out(self, count: int) -> int:
        """Count how many of so many operators to hold out.

        With a budget they are spread over the time that is left: those of the first seconds alone would tell
        of the device's speed in these.
        """
        present = self._known.count_held_out()
        share = _HELD_OUT
        each_s = self._seconds_each()
        if self._budget_s is not None and each_s and present >= LEAST_HELD_OUT:
            affordable = (self._budget_s - self.spent_s) / each_s
            left = min(affordable, self._known.count_free())
            share = min(share, (_ENOUGH_HELD_OUT - present) / max(1.0, left))
        return min(round(count * share), _ENOUGH_HELD_OUT - present)


def _recorded_s(visit: Measurement | Repeated) -> float:
    """Sum up a visit's runs, those that do not count included, in seconds."""
    discarded = sum(visit.discarded.canary) + sum(visit.discarded.preempted)
    return (sum(visit.samples_ns) * visit.repeats + sum(visit.warmup_ns) + discarded) / 1e9
