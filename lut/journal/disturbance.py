"""What disturbed a run, counted: runs and visits that were made again, and visits that stayed spoilt."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from lut.entries import CAUSES, Discarded, Measurement, Repeated
from lut.journal.visits import MeasurementLine

__all__ = ["Disturbances"]

_WORDS = {
    "canary": "in slow phases",
    "preempted": "while something else had the processor",
    "alone": "by itself, not in turns",
    "unsteady": "on an unsteady device",
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

    def add(self, visit: Measurement | MeasurementLine | Repeated) -> None:
        """Count a visit, by what spoilt it and how many of its runs do not count."""
        if isinstance(visit, Repeated):
            if cause := visit.visit.conditions.spoilt_by:
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

    def describe(self) -> list[str]:
        """Say what was made again, and what stayed spoilt; nothing where nothing disturbed."""
        lines = []
        runs, visits = self.discarded_runs, self.repeated_visits
        if runs.total() or visits.total():
            lines.append(
                "Thrown away and made again: "
                + " and ".join(
                    f"{counts.total():,} {noun}{'s' * (counts.total() != 1)} ({_by_cause(counts)})"
                    for counts, noun in ((runs, "run"), (visits, "visit"))
                    if counts.total()
                )
                + "."
            )
        if spoilt := self.spoilt_visits:
            lines.append(
                f"{spoilt.total():,} visits stayed disturbed however often they were made again "
                f"({_by_cause(spoilt)}); their operators are marked. Measure them again on a quiet device."
            )
        if slow := self.slow_visits.total():
            lines.append(
                f"Left out: {slow:,} visit{'s' * (slow != 1)} ({_by_cause(self.slow_visits)}); the others of "
                f"their operators were faster."
            )
        return lines


def _by_cause(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[cause]:,} {_WORDS[cause]}" for cause in CAUSES if counts[cause])
