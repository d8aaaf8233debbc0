"""What a run looks like while it goes on: the figures of one moment, and the words for them."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from bench.campaign import RunSummary
from lut.cli import Bar
from lut.entries import Measurement
from lut.ops import OpSpec

__all__ = ["QUIET_S", "DeviceLines", "Display", "Moment", "Pace", "describe_line", "describe_moment"]

_LAYOUT = "{desc} {percentage:3.0f}%|{bar:12}| {n_fmt}/{total_fmt}{postfix}"
"""The time left is shown after it: tqdm's own would take what an earlier run left for work done now."""

Lines = TypeVar("Lines", bound="DeviceLines")

QUIET_S = 10.0
QUIET_SHARE = 0.05
"""Where lines can't be overwritten, the next one waits for so much time and for so much of the run."""


@dataclass(frozen=True)
class Moment:
    """How far a run is, as seen from one device; None is what nobody knows (yet).

    `done` and `total` are visits of the whole run, what an earlier run left included; `here` are those of
    this device where it shares the run with others. `left_s` is in seconds.
    """

    done: int
    total: int
    failed: int = 0
    here: int | None = None
    left_s: float | None = None
    celsius: float | None = None
    khz: int | None = None
    op: OpSpec | None = None


class Pace:
    """Reads moments off a growing summary, and knows how fast visits come since it was first asked."""

    def __init__(self, total: int, passes: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the number of visits of the whole run, and how many each operator gets."""
        self._total = total
        self._passes = passes
        self._clock = clock
        self._first: tuple[float, int] | None = None
        self._told: tuple[float, int] | None = None

    def read(self, now: RunSummary, serial: str, *, alone: bool = True) -> Moment:
        """Give the moment as this device's line shows it; `alone` where no other shares the run."""
        done = min(self._total, now.visits + (now.resumed + now.failed) * self._passes)
        outcome, state = now.latest.get(serial), now.states.get(serial)
        conditions = outcome.conditions if isinstance(outcome, Measurement) else None
        return Moment(
            done=done,
            total=self._total,
            failed=now.failed,
            here=None if alone else now.visits_on[serial],
            left_s=self._left_s(now.visits, done),
            celsius=None if state is None else state.celsius,
            khz=None if conditions is None else conditions.khz_after or conditions.khz_before,
            op=outcome.op if outcome else None,
        )

    def _left_s(self, visits: int, done: int) -> float | None:
        time_s = self._clock()
        if self._first is None:
            self._first = time_s, visits
        since_s, before = self._first
        # What an earlier run left took no time in this one: only visits of this run make the pace.
        if visits == before:
            return None
        return (time_s - since_s) / (visits - before) * (self._total - done)

    def is_due(self, done: int) -> bool:
        """Tell whether a line is due where lines stay: time has passed, and the run went on.

        The first call only starts the clock: a run of seconds says nothing but its summary.
        """
        time_s = self._clock()
        if self._told is None:
            self._told = time_s, done
        told_s, told = self._told
        if time_s - told_s < QUIET_S or done - told < self._total * QUIET_SHARE:
            return False
        self._told = time_s, done
        return True


def describe_moment(moment: Moment) -> str:
    """Say the time left, failures, heat, clock and operator; what is unknown is left out.

    The operator comes last, where a narrow terminal cuts.
    """
    parts = []
    if moment.here is not None:
        parts.append(f"{moment.here} here")
    if moment.left_s is not None:
        parts.append(f"{timedelta(seconds=round(moment.left_s))} left")
    parts.append(f"{moment.failed} failed")
    if moment.celsius is not None:
        parts.append(f"{moment.celsius:.0f} °C")
    if moment.khz is not None:
        parts.append(f"{moment.khz / 1e6:.2f} GHz")
    if moment.op is not None:
        parts.append(moment.op.describe())
    return ", ".join(parts)


def describe_line(serial: str, moment: Moment) -> str:
    """One line of a log: `host: 60 of 111 visits (54 %), 0:01:10 left, 0 failed, …`."""
    share = 100 * moment.done // max(1, moment.total)
    return f"{serial}: {moment.done:,} of {moment.total:,} visits ({share} %), {describe_moment(moment)}"


class DeviceLines(ABC):
    """A line of progress for each device of a run, by its serial, and sentences above them."""

    def __init__(self, serials: Sequence[str], make_bar: Callable[[str], Bar], quiet: bool) -> None:
        """Take the serials known at first, and what makes a line for one that comes later too."""
        self._quiet = quiet
        self._make_bar = make_bar
        self._bars = {serial: make_bar(serial) for serial in serials}
        self._first = next(iter(self._bars.values()))

    def __enter__(self: Lines) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        for bar in self._bars.values():
            bar.close()

    @abstractmethod
    def show(self, serials: Sequence[str], now: RunSummary) -> None:
        """Show how far the devices are that share a journal."""

    def bar(self, serial: str) -> Bar:
        """Give a device's line."""
        if serial not in self._bars:
            self._bars[serial] = self._make_bar(serial)
        return self._bars[serial]

    def say(self, message: str) -> None:
        """Show a sentence above the lines."""
        if not self._quiet:
            self._first.say(message)


class Display(DeviceLines):
    """One line of progress for each device of a run; into a log, a line now and then."""

    def __init__(self, serials: Sequence[str], operators: int, passes: int, quiet: bool) -> None:
        """Take the devices' serials, the plan's operators, and how many visits each gets."""
        self._total = operators * passes
        self._passes = passes
        self._paces: dict[tuple[str, ...], Pace] = {}

        def make_bar(serial: str) -> Bar:
            return Bar(self._total, "visit", quiet, title=serial, layout=_LAYOUT)

        super().__init__(serials, make_bar, quiet)

    def show(self, serials: Sequence[str], now: RunSummary) -> None:
        """Show how far the devices are that share a journal."""
        if self._quiet:
            return
        pace = self._paces.setdefault(tuple(serials), Pace(self._total, self._passes))
        moments = {serial: pace.read(now, serial, alone=len(serials) == 1) for serial in serials}
        if self._first.shown:
            for serial, moment in moments.items():
                self.bar(serial).set(moment.done, describe_moment(moment))
        elif pace.is_due(moments[serials[0]].done):
            self._first.say("\n".join(describe_line(serial, moment) for serial, moment in moments.items()))
