"""Which operators of a space to measure, so that the others can be estimated from them.

Reading order: `goal` (when to stop), `candidates` (a space by families), `design` (which of a family come
next), `family` and `knowledge` (what is measured, and how far estimates are off), `queues` (in which order
they come), `budget` (for how many there is time), `sampler` (rounds, up to a goal), `accuracy` (what a choice
was worth).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.sampling.cost import estimate_run_s
from bench.sampling.goal import Goal, Standing
from lut.lazy import load_lazily

if TYPE_CHECKING:
    from bench.sampling.accuracy import Accuracy, ChosenRun, judge_run, read_chosen_run
    from bench.sampling.candidates import Candidates, gather_candidates
    from bench.sampling.sampler import Sampler

__all__ = [
    "Accuracy",
    "Candidates",
    "ChosenRun",
    "Goal",
    "Sampler",
    "Standing",
    "estimate_run_s",
    "gather_candidates",
    "judge_run",
    "read_chosen_run",
]

if not TYPE_CHECKING:
    __getattr__ = load_lazily(
        __name__,
        {
            "Accuracy": "accuracy",
            "Candidates": "candidates",
            "ChosenRun": "accuracy",
            "Sampler": "sampler",
            "gather_candidates": "candidates",
            "judge_run": "accuracy",
            "read_chosen_run": "accuracy",
        },
    )
