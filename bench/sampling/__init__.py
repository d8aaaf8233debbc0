"""Which operators of a space to measure, so that the others can be estimated from them.

Reading order: `candidates` (a space by families), `design` (which of a family come next), `knowledge` (what
is measured, and how far estimates are off), `sampler` (rounds, up to a goal).
"""

from __future__ import annotations

from bench.sampling.candidates import Candidates, gather_candidates
from bench.sampling.knowledge import Standing
from bench.sampling.sampler import Goal, Sampler

__all__ = ["Candidates", "Goal", "Sampler", "Standing", "gather_candidates"]
