"""Which operators of a space to measure, so that the others can be estimated from them.

Reading order: `goal` (when to stop), `candidates` (a space by families), `design` (which of a family come
next), `knowledge` (what is measured, and how far estimates are off), `sampler` (rounds, up to a goal).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.sampling.goal import Goal, Standing
from lut.lazy import load_lazily

if TYPE_CHECKING:
    from bench.sampling.candidates import Candidates, gather_candidates
    from bench.sampling.sampler import Sampler

__all__ = ["Candidates", "Goal", "Sampler", "Standing", "gather_candidates"]

if not TYPE_CHECKING:
    __getattr__ = load_lazily(
        __name__, {"Candidates": "candidates", "Sampler": "sampler", "gather_candidates": "candidates"}
    )
