"""What is measured of a space, and how far estimates of the rest are off."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from msgspec.structs import replace

from bench.sampling.candidates import Candidates
from bench.sampling.family import FamilyKnowledge
from bench.sampling.goal import Standing
from lut.entries import Failure, Measurement
from lut.estimation import LEAST_JUDGED, find_paces
from lut.journal import Pools

__all__ = ["Knowledge"]


class Knowledge:
    """What is known of all families."""

    def __init__(self, candidates: Candidates, passes: int) -> None:
        self._candidates = candidates
        self._passes = passes
        self._pools = Pools()
        self._rounds = 0
        self.families = {name: FamilyKnowledge(family) for name, family in candidates.families.items()}

    def find(self, op_id: str) -> tuple[FamilyKnowledge, int] | None:
        """Find an operator's family, and its number there; None where it is not of the space."""
        found = self._candidates.where.get(op_id)
        return None if found is None else (self.families[found[0]], found[1])

    def choose(self, chosen: Iterable[str], held_out: Iterable[str]) -> None:
        """Count the operators of a round as being measured."""
        for ids, is_held_out in ((chosen, False), (held_out, True)):
            for op_id in ids:
                if found := self.find(op_id):
                    family, number = found
                    family.choose(number, held_out=is_held_out, round_=self._rounds)
        self._rounds += 1

    def fit_all(self) -> None:
        """Fit to all that is measured, once no round waits for it: that takes seconds for large families."""
        for each in self.families.values():
            each.fit_all()
        self.even_out()

    def even_out(self) -> None:
        """Find how fast the device was in each round, and fit anew to what is measured."""
        paces = find_paces({name: each.samples for name, each in self.families.items()})
        for each in self.families.values():
            each.even_out(paces)

    def hear(self, outcome: Measurement | Failure) -> None:
        """Take in a visit; with the last of its visits an operator is known."""
        found = self.find(outcome.op.id)
        if found is None:
            return
        family, number = found
        family.choose(number, held_out=False)
        if isinstance(outcome, Failure):
            family.failed[number] = True
            family.time_us[number] = np.nan
            return
        key = outcome.op.key
        visit = replace(outcome, turn=None)  # how slow a turn was is known once all of it is heard
        self._pools.add(visit, self._passes)
        if self._pools.is_complete(key) and not family.failed[number]:
            median_us = self._pools.median_us(key)
            family.time_us[number] = median_us if median_us > 0 else np.nan

    def count_free(self) -> int:
        """Count the operators that could be chosen next."""
        return sum(int(each.free.sum()) for each in self.families.values())

    def count_held_out(self) -> int:
        """Count the operators that are held out, those being measured included."""
        return sum(int(each.held_out.sum()) for each in self.families.values())

    def count_done(self) -> int:
        """Count the operators that are measured, or that failed."""
        return sum(int((each.measured | each.failed).sum()) for each in self.families.values())

    def is_done(self, op_id: str) -> bool:
        """Tell whether nothing is left to measure of an operator."""
        found = self.find(op_id)
        return found is None or bool(found[0].measured[found[1]] or found[0].failed[found[1]])

    def take_stock(self, spent_s: float) -> Standing:
        """Tell how things stand."""
        known = self.families.values()
        ratios, times_us = map(np.concatenate, zip(*(each.judge() for each in known), strict=True))
        errors = np.abs(ratios - 1)
        is_enough = len(errors) >= LEAST_JUDGED
        return Standing(
            operators=len(self._candidates),
            fitted=sum(int(each.fitted.sum()) for each in known),
            held_out=sum(int((each.measured & each.held_out).sum()) for each in known),
            failed=sum(int(each.failed.sum()) for each in known),
            refused=sum(each.count_refused() for each in known),
            median_error=float(np.median(errors)) if is_enough else None,
            p90_error=float(np.quantile(errors, 0.9)) if is_enough else None,
            p90_error_us=float(np.quantile(errors * times_us, 0.9)) if is_enough else None,
            spent_s=spent_s,
        )
