"""How good a run's choice was: its estimates held against a table in which everything was measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lut.entries import Measurement, Round
from lut.errors import FileError
from lut.estimation import Prediction, fit_table
from lut.journal import Pools, read_journal
from lut.ops import OpSpec
from lut.records import LutRecord
from lut.table import LutTable

__all__ = ["Accuracy", "ChosenRun", "judge_run", "read_chosen_run"]

_NET_SHARE = 0.01
"""Sums of nets count as right within this share."""

_ABOUT = 0.05
"""A run ends when its budget is spent, give or take this share."""

_LEAST_DRAWN = 30
"""So many operators tell the factor between run and table, at least, where they are drawn from the space."""


@dataclass(frozen=True)
class Accuracy:
    """What estimates are worth after so much of the device's time, in seconds.

    `factor` is by how much the device was slower when the full table was made than in the run: the median
    over operators that both measured and that were drawn from the whole space to judge by, or, where these
    are few, over all that both measured. It is taken out of all errors, which are absolute values of
    predicted / measured - 1 over operators that the run did not measure; None where there are none, or none
    that it can estimate. `covered` is the share of these within their 90 % interval, `nets_within` the share
    of nets whose sum is within 1 % of that from the full table.
    """

    budget_s: float
    measured: int
    refused: int
    factor: float
    median_error: float | None = None
    p90_error: float | None = None
    covered: float | None = None
    nets: int = 0
    nets_within: float | None = None


@dataclass(frozen=True)
class ChosenRun:
    """What a run that chose its operators measured, round by round, and how much time it took in all.

    What a run that was killed took is known up to the beginning of its last round only.
    """

    rounds: tuple[Round, ...]
    spent_s: float
    time_us: Mapping[OpSpec, float]

    def cut(self, budget_s: float) -> tuple[list[Round], bool]:
        """Give the rounds that were over after so many seconds; whether the run went on for as long.

        The last one counts with what is left of the run's time.
        """
        ends = [*(each.spent_s for each in self.rounds[1:]), self.spent_s]
        latest_s = (1 + _ABOUT) * budget_s
        done = [each for each, end in zip(self.rounds, ends, strict=True) if end <= latest_s]
        return done, self.spent_s >= (1 - _ABOUT) * budget_s


def read_chosen_run(journal: Path, warn: Callable[[str], None] = lambda _: None) -> ChosenRun:
    """Read a journal of a run that chose its operators.

    `warn` hears of lines that are damaged and left out.

    Raises:
        FileError: it can't be read, or holds no such run.
    """
    rounds, pools, ops = list[Round](), Pools(), dict[OpSpec, None]()
    spent_s = 0.0
    for entry in read_journal(journal, warn):
        if isinstance(entry, Round):
            spent_s = entry.spent_s
            if not entry.ends_run:
                rounds.append(entry)
        elif isinstance(entry, Measurement):
            pools.add(entry)
            ops[entry.op] = None
    if not rounds:
        raise FileError(f"{journal} is of no run that chose its operators. `bench run --budget` makes one.")
    return ChosenRun(tuple(rounds), spent_s, {op: pools.median_us(op.key) for op in ops})


def judge_run(
    run: ChosenRun, full: LutTable, nets: Sequence[Sequence[OpSpec]], budgets_s: Iterable[float]
) -> Iterator[Accuracy]:
    """Hold the estimates after each budget against a full table.

    Args:
        run: what was chosen and measured.
        full: a table of the whole space, in which all is measured.
        nets: the operators of nets of the space.
        budgets_s: after so many seconds of the device's time each.
    """
    truth = {OpSpec.from_key(record.key): record.p50 for record in full.measured if record.p50 > 0}
    for budget_s in budgets_s:
        rounds, _ = run.cut(budget_s)
        yield _judge(run, rounds, truth, nets, budget_s)


def _judge(
    run: ChosenRun,
    rounds: Sequence[Round],
    truth: Mapping[OpSpec, float],
    nets: Sequence[Sequence[OpSpec]],
    budget_s: float,
) -> Accuracy:
    ids = {op_id for each in rounds for op_id in each.ids}
    held_out = frozenset(op_id for each in rounds for op_id in each.held_out)
    measured = {op: time for op, time in run.time_us.items() if op.id in ids and time > 0}
    factor = _find_factor(measured, held_out, truth)
    rest = [op for op in truth if op not in measured]
    records = (LutRecord(op.key, (time,) * 5, "") for op, time in measured.items())
    guesses = fit_table(records, held_out, [each.ids for each in rounds]).predict_many(rest)
    known = {op: guess for op, guess in zip(rest, guesses, strict=True) if guess is not None}
    found = Accuracy(budget_s, len(measured), len(rest) - len(known), factor, nets=len(nets))
    if not known:
        return found
    errors = np.array([guess.runtime_us * factor / truth[op] - 1 for op, guess in known.items()])
    inside = [guess.low_us <= truth[op] / factor <= guess.high_us for op, guess in known.items()]
    ratios = _judge_nets(measured, known, truth, nets) * factor
    return replace(
        found,
        median_error=float(np.median(np.abs(errors))),
        p90_error=float(np.quantile(np.abs(errors), 0.9)),
        covered=float(np.mean(inside)),
        nets=len(ratios),
        nets_within=float(np.mean(np.abs(ratios - 1) <= _NET_SHARE)) if len(ratios) else None,
    )


def _find_factor(
    measured: Mapping[OpSpec, float], held_out: Set[str], truth: Mapping[OpSpec, float]
) -> float:
    """Find by how much the device was slower for the full table: by operators that stand for the space."""
    ratios = {op.id: truth[op] / time for op, time in measured.items() if op in truth}
    drawn = [ratio for op_id, ratio in ratios.items() if op_id in held_out]
    telling = drawn if len(drawn) >= _LEAST_DRAWN else list(ratios.values())
    return float(np.median(telling)) if telling else 1.0


def _judge_nets(
    measured: Mapping[OpSpec, float],
    known: Mapping[OpSpec, Prediction],
    truth: Mapping[OpSpec, float],
    nets: Sequence[Sequence[OpSpec]],
) -> NDArray[np.float64]:
    """Give for each net whose operators all have both its sum by the run over that by the full table."""
    times = {**{op: guess.runtime_us for op, guess in known.items()}, **measured}
    whole = [net for net in nets if all(op in times and op in truth for op in net)]
    return np.array([sum(times[op] for op in net) / sum(truth[op] for op in net) for net in whole])
