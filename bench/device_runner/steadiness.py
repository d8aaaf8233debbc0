"""Slow phases that show only beside other visits: too slight for the canary, or shorter than a net's run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from statistics import median

__all__ = ["Pace", "SteadyRuns", "find_steady", "keep_steady"]

_SLOW_VISIT, _LEAST_VISITS = 0.03, 4
"""A visit of a net that took longer than the fast ones by more than this share fell into a slow phase."""

_LONG_NS = 2_000_000
"""After a run as long as this, the program looks at the canary each time. A slow phase may begin and end
within one of them, so that they are judged one by one; shorter ones, by the visit."""

_SLOW_RUN = 0.015
"""What single long runs may take longer than the fast ones. On a quiet server they differ by less than 1 %.
Up to 3 %, runs with short slow phases counted, and nets came out up to 6 % long where operators did not."""

_SLOW_TURNS, _LEAST_OPS = 0.05, 5
"""Operators that took longer, all in all, than in their fastest turns by more than this share did so too. At
3 %, a server as quiet as they get repeats every third turn."""

_FIRST_AGAIN, _SHARE_AGAIN = 2, 0.5
"""So many turns may be repeated at first, and this share of all."""


def find_steady(visits: Sequence[float], asked: int, slow: float = _SLOW_VISIT) -> list[int]:
    """Find the places of a net's visits, or of its runs, that were as fast as the fast ones.

    Args:
        visits: their times.
        asked: how many visits there would be, had none been made again; of fewer than four, all are steady.
        slow: the share by which the others took longer.
    """
    if asked < _LEAST_VISITS or len(visits) <= asked // 4:
        return list(range(len(visits)))
    fast = sorted(visits)[asked // 4]
    return [place for place, took in enumerate(visits) if took <= fast * (1 + slow)]


@dataclass(frozen=True, slots=True)
class SteadyRuns:
    """Timed runs of a net in nanoseconds, as fast as the fast ones, and how many visits they make."""

    samples_ns: tuple[int, ...]
    visits: float


def keep_steady(visits: Sequence[Sequence[int]], asked: int) -> SteadyRuns:
    """Keep of a net's visits those that were as fast as the fast ones; of long runs, each run that was.

    Args:
        visits: the nanoseconds of the timed runs of each.
        asked: how many visits there would be, had none been made again.
    """
    each, slow = 1, _SLOW_VISIT
    if visits and asked >= _LEAST_VISITS and median(chain.from_iterable(visits)) >= _LONG_NS:
        each, slow = max(map(len, visits)), _SLOW_RUN
        visits = [(sample,) for visit in visits for sample in visit]
    places = find_steady([median(visit) for visit in visits], asked * each, slow)
    return SteadyRuns(tuple(chain.from_iterable(visits[place] for place in places)), len(places) / each)


class Pace:
    """How fast operators that take turns were at best; each of their visits is held against that.

    One operator's time scatters by as much as a slight slow phase makes it longer. The sum of many does not.
    """

    def __init__(self) -> None:
        self._fastest: dict[str, float] = {}
        self._heard = 0
        self._again = 0

    def should_repeat(self, times: Mapping[str, float]) -> bool:
        """Hear the times of operators that took turns, by their ids, and tell whether to visit them again.

        A device that became slower for good is not made to do all its work again: only so many visits are.
        """
        self._heard += 1
        known = times.keys() & self._fastest.keys()
        before = sum(self._fastest[op_id] for op_id in known)
        now = sum(times[op_id] for op_id in known)
        if len(known) < _LEAST_OPS or now < before:
            self._fastest.update(times)
            return False
        slow = now > before * (1 + _SLOW_TURNS) and self._again < _FIRST_AGAIN + _SHARE_AGAIN * self._heard
        self._again += slow
        return slow
