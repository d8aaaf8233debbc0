"""What becomes of each node of a model: no node is ever left out without a word."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

__all__ = ["Fate", "Lost", "Outcome"]

Outcome = Literal["operators", "free", "unmapped"]


@dataclass(frozen=True)
class Fate:
    """What a node of a model becomes.

    `outcome` is "operators" (it runs, as the operators that `detail` names), "free" (it takes no time, for
    the reason in `detail`) or "unmapped" (nothing here stands for it, for the reason in `detail`; a sum
    without it is partial). `multiply_adds` are those of its operators or, where it is unmapped, those that
    its type and shapes tell; None where they tell nothing.
    """

    node: str
    op_type: str
    outcome: Outcome
    detail: str
    multiply_adds: int | None = 0


@dataclass(frozen=True)
class Lost:
    """The multiply-adds of nodes without operators: of those that can be counted, and how many can't be."""

    multiply_adds: int
    uncounted: int

    @classmethod
    def of(cls, fates: Iterable[Fate]) -> Lost:
        """Add up what nodes make."""
        counts = [fate.multiply_adds for fate in fates]
        known = [each for each in counts if each is not None]
        return cls(sum(known), len(counts) - len(known))
