"""What becomes of each node of a model: no node is ever left out without a word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Fate", "Outcome"]

Outcome = Literal["operators", "free", "unmapped"]


@dataclass(frozen=True)
class Fate:
    """What a node of a model becomes.

    `outcome` is "operators" (it runs, as the operators that `detail` names), "free" (it takes no time, for
    the reason in `detail`) or "unmapped" (nothing here stands for it, for the reason in `detail`; a sum
    without it is partial). `multiply_adds` are those of its operators or, where it is unmapped, those that
    can be told from its shapes.
    """

    node: str
    op_type: str
    outcome: Outcome
    detail: str
    multiply_adds: int = 0
