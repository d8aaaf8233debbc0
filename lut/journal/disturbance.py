"""What disturbed a run, counted: runs and visits that were made again, and visits that stayed spoilt."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from lut.entries import CAUSES, Discarded, Measurement, Repeated

__all__ = ["Disturbances"]

_WORDS = {
    "canary": "the device ran slowly for a while",
    "preempted": "other programs were running",
    "alone": "the program ended early",
    "unsteady": "the device's speed varied",
}

_NONE = Discarded()


@dataclass
class Disturbances:
    """Counts by cause (see `CAUSES`)."""

    discarded_runs: Counter[str] = field(default_factory=Counter)
    """Timed runs that count for nothing; others were made in their place."""
    repeated_visits: Counter[str] = field(default_factory=Counter)
    """Visits that were made again because too few of their runs were fit to count."""
    spoilt_visits: Counter[str] = field(default_factory=Counter)
    """Visits that stayed spoilt however often they were made again; their operators are marked."""

    slow_visits: Counter[str] = field(default_factory=Counter)
    """Visits that count for nothing, since a table has enough that were faster; known when one is made."""

    def add(self, visit: Measurement | Repeated) -> None:
        """Count a visit, by what spoilt it and how many of its runs do not count."""
        if isinstance(visit, Repeated):
            if cause := visit.conditions.spoilt_by:
                self.repeated_visits[cause] += 1
            return
        if visit.discarded != _NONE:
            self.discarded_runs.update(visit.discarded.count())
        if cause := visit.conditions.spoilt_by:
            self.spoilt_visits[cause] += 1

    def to_json(self) -> dict[str, dict[str, int]]:
        """Give the counts that are not 0, by kind and cause."""
        return {
            name: {cause: count for cause in CAUSES if (count := counts[cause])}
            for name, counts in vars(self).items()
            if counts.total()
        }

    def describe(self, visits: int | None = None) -> list[str]:
        """Say what was repeated and why, of how many visits, and warn of what stayed spoilt.

        Nothing is said where nothing disturbed.
        """
        lines = []
        repeated, runs, spoilt = self.repeated_visits, self.discarded_runs, self.spoilt_visits
        if repeated.total() or runs.total():
            counts = [
                _count(repeated.total(), "visit", visits),
                _count(runs.total(), "single run"),
            ]
            lines.append(
                f"Repeated {' and '.join(filter(None, counts))} because {_explain(repeated + runs)}"
                + ("." if spoilt.total() else "; results are fine.")
            )
        if number := spoilt.total():
            were, their = ("was", "its operator is") if number == 1 else ("were", "their operators are")
            lines.append(
                f"Warning: {_count(number, 'visit')} {were} disturbed however often repeated, because "
                f"{_explain(spoilt)}; {their} marked in the table. Measure them again on an idle device."
            )
        return lines + self.describe_slow()

    def describe_slow(self) -> list[str]:
        """Say how many visits a table leaves out as slow; nothing where it leaves out none."""
        slow = self.slow_visits.total()
        return (
            [f"Left out {_count(slow, 'slow visit')}: other visits of the same operators were faster."]
            if slow
            else []
        )


def _count(number: int, noun: str, total: int | None = None) -> str:
    """Count things, of so many; nothing where there are none."""
    if not number:
        return ""
    if total is not None and total >= number:
        return f"{number:,} of {total:,} {noun}{'s' * (total != 1)}"
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _explain(counts: Counter[str]) -> str:
    return " and ".join(_WORDS[cause] for cause in CAUSES if counts[cause])
