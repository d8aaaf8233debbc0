"""Rounds of operators, each chosen by what the rounds before it told, until a goal is reached.

First come the corners of every family, and all of families too small to be estimated; then enough of each to
have a model; after that whatever lowers the error of all estimates most for its time. In every round some
operators are held out to judge by.

What was chosen is in the journal before it is measured, so that a run that goes on chooses as if it had never
stopped.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator

import numpy as np

from bench.sampling.budget import LEAST_HELD_OUT, Budget
from bench.sampling.candidates import Candidates
from bench.sampling.design import find_corners
from bench.sampling.family import FamilyKnowledge
from bench.sampling.goal import Goal, Standing
from bench.sampling.knowledge import Knowledge
from bench.sampling.queues import MOST_ALIKE, TOGETHER, FamilyQueue, draw_order, name_ops
from lut.entries import Failure, Measurement, Repeated, Round
from lut.estimation import LEAST_OPS

__all__ = ["Sampler"]


class Sampler:
    """Chooses a space's operators, round by round; several devices may ask for rounds at once."""

    def __init__(
        self, candidates: Candidates, goal: Goal, passes: int, seed: int = 0, devices: int = 1
    ) -> None:
        """Take a space, and when to stop.

        Args:
            candidates: the space.
            goal: when to stop.
            passes: visits of each operator.
            seed: decides which operators are held out.
            devices: how many share the work.
        """
        self._candidates = candidates
        self._goal = goal
        self._known = Knowledge(candidates, passes)
        self._budget = Budget(goal.budget_s, self._known, devices)
        self._random_order = draw_order(candidates, seed)
        self._has_heard = False
        self._unfinished: list[Round] = []
        self._lock = threading.RLock()

    def replay(self, entries: Iterable[Round | Measurement | Repeated | Failure]) -> None:
        """Take in what a journal holds: the rounds that were chosen, and what came of them.

        Rounds of another space in the same journal are no part of this one's time.
        """
        rounds: list[Round] = []
        is_own = True
        for entry in entries:
            if isinstance(entry, Round):
                is_own = is_own if entry.ends_run else self._is_own(entry)
                if not is_own:
                    continue
                self._budget.settle(entry.spent_s)
                if not entry.ends_run:
                    rounds.append(entry)
                    self._begin(entry)
            elif isinstance(entry, Failure):
                self._known.hear(entry)
            else:
                if is_own:
                    self._budget.guess(entry)
                if isinstance(entry, Measurement):
                    self._known.hear(entry)
        self._unfinished = [each for each in rounds if not all(map(self._known.is_done, each.ids))]

    def _is_own(self, round_: Round) -> bool:
        """Tell whether a round was chosen from this space: spaces may have some operators in common."""
        return 2 * sum(op_id in self._candidates.where for op_id in round_.ids) > len(round_.ids)

    def hear(self, outcome: Measurement | Repeated | Failure, device_ns: int) -> None:
        """Take in a visit, and the nanoseconds of the device's time that it took."""
        with self._lock:
            self._has_heard = True
            self._budget.spend(device_ns / 1e9)
            if not isinstance(outcome, Repeated):
                self._known.hear(outcome)

    def close(self) -> Round | None:
        """Give the line that ends a run in its journal; None for one that measured nothing."""
        with self._lock:
            return Round("", (), spent_s=self._budget.spent_s) if self._has_heard else None

    def stand(self) -> Standing:
        """Tell how things stand."""
        with self._lock:
            return self._known.take_stock(self._budget.spent_s)

    def rounds(self) -> Iterator[tuple[Round, bool]]:
        """Give rounds up to the goal or the space's end; with each, whether the journal holds it already."""
        while True:
            with self._lock:
                if self._unfinished:
                    found, is_written = self._unfinished.pop(0), True
                else:
                    chosen, is_written = self._choose(), False
                    if chosen is None:
                        self._known.fit_all()
                        return
                    found = chosen
                    self._begin(found)
            yield found, is_written

    def is_done(self, op_id: str) -> bool:
        """Tell whether nothing is left to measure of an operator."""
        with self._lock:
            return self._known.is_done(op_id)

    def _begin(self, round_: Round) -> None:
        """Count a round's operators as chosen, and remember how things stood before it."""
        self._budget.begin_round()
        self._known.choose(round_.chosen, round_.held_out)

    def _choose(self) -> Round | None:
        """Choose the next round; None if the goal is reached or nothing is left."""
        self._known.even_out()
        count = self._budget.count_affordable()
        if not count or self._is_good_enough():
            return None
        chosen = self._choose_basics(count)
        held_out: list[str] = []
        if len(chosen) < count:
            held_out = self._hold_out(self._budget.count_to_hold_out(count - len(chosen)), {*chosen})
            taken = {*chosen, *held_out}
            chosen += self._choose_doubtful(count - len(taken), taken)
        if not chosen and not held_out:
            return None
        return Round("", tuple(chosen), tuple(held_out), self._budget.spent_s)

    def _is_good_enough(self) -> bool:
        if self._goal.error is None:
            return False
        now = self._known.take_stock(self._budget.spent_s)
        return (
            not now.refused
            and now.held_out >= min(LEAST_HELD_OUT, now.left)
            and now.is_within(self._goal.error)
        )

    def _choose_basics(self, count: int) -> list[str]:
        """Choose what every estimate needs: whole small families, corners, and enough of each family.

        Families take turns, so that time that ends early leaves none of them out. The largest one is first:
        most of the space is estimated by it.
        """
        families = sorted(self._known.families.values(), key=lambda known: -len(known.family))
        wanted = [self._list_basics(each) for each in families]
        longest = max(map(len, wanted), default=0)
        starts = range(0, longest, TOGETHER)
        in_turn = [op_id for start in starts for ids in wanted for op_id in ids[start : start + TOGETHER]]
        return in_turn[:count]

    def _list_basics(self, known: FamilyKnowledge) -> list[str]:
        family = known.family
        free = known.free
        if family.is_whole:
            return name_ops(known, np.flatnonzero(free))
        usable = ~known.failed & ~known.held_out
        taken = known.chosen & usable
        corners = find_corners(family.sizes, usable, taken)
        taken[corners] = True
        numbers = list(corners)
        spread = known.spread.copy()
        for number in corners:
            spread.take(number)
        while taken.sum() < LEAST_OPS and (further := spread.choose(free & ~taken)) is not None:
            taken[further] = True
            numbers.append(further)
        return name_ops(known, numbers)

    def _hold_out(self, count: int, taken: set[str]) -> list[str]:
        """Draw operators at random, each of those that are left with the same chance."""
        held_out: list[str] = []
        for op_id in self._random_order:
            if len(held_out) >= count:
                break
            found = self._known.find(op_id)
            assert found is not None
            known, number = found
            if not known.family.is_whole and known.free[number] and op_id not in taken:
                held_out.append(op_id)
        return held_out

    def _choose_doubtful(self, count: int, taken: set[str]) -> list[str]:
        """Choose operators that lower the error of the estimates most for the time they take.

        No family has much more of a round than of the space, and none of a net: small operators take half as
        long where nothing else runs between them.
        """
        families = self._known.families
        queues = {name: FamilyQueue(known, taken) for name, known in families.items()}
        space = len(self._candidates)
        room = {name: count * max(len(known.family) / space, MOST_ALIKE) for name, known in families.items()}
        chosen: list[str] = []
        while len(chosen) < count:
            worth = {name: queue.gain for name, queue in queues.items() if queue.gain > 0}
            if not worth:
                break
            fitting = [name for name in worth if room[name] > 0]
            best = max(fitting or worth, key=worth.__getitem__)
            found = queues[best].take(min(TOGETHER, count - len(chosen)))
            room[best] -= len(found)
            chosen += found
        return chosen
