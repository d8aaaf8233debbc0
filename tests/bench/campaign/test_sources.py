"""Runs that choose their operators, on the host's engine: killed, resumed, failed, and judged."""

from __future__ import annotations

import sys
from collections import Counter
from itertools import product
from pathlib import Path

import pytest

from bench.campaign import ChosenOperators, RunSummary, run_plan
from bench.sampling import Goal, gather_candidates
from lut.entries import Measurement, Round
from lut.errors import StoppedError
from lut.journal import read_journal
from lut.merge import merge_journals
from lut.ops import FLOAT, OpSpec, TensorSpec
from lut.plan import Part, write_plan
from tests.bench.conftest import CONFIG, FaultyHost, run_with_kills, softmax
from tests.bounds import SOAK


def relu(channels: int, size: int) -> OpSpec:
    return OpSpec.of("Relu", (TensorSpec((1, channels, size, size), FLOAT),), order="NCHW")


OPS = [*(relu(*shape) for shape in product(range(4, 404, 4), range(2, 22, 2))), softmax()]


def rounds(journal: Path) -> list[Round]:
    return [entry for entry in read_journal(journal) if isinstance(entry, Round) and entry.ids]


def visits(journal: Path) -> Counter[tuple[str, int]]:
    entries = (entry for entry in read_journal(journal) if isinstance(entry, Measurement))
    return Counter((entry.op.id, entry.pass_index) for entry in entries)


def run(host: FaultyHost, journal: Path, goal: Goal, **options: object) -> RunSummary:
    source = ChosenOperators(gather_candidates(map(Part, OPS)), goal, journal)
    return run_plan(source, host, CONFIG, journal, **options)  # type: ignore[arg-type]


def test_the_journal_holds_what_was_chosen_before_it_is_measured(host: FaultyHost, tmp_path: Path) -> None:
    journal = tmp_path / "run.jsonl"
    summary = run(host, journal, Goal(error=0.9))
    assert summary.standing is not None
    assert summary.standing.median_error is not None
    assert summary.standing.refused == 0
    assert summary.standing.left > 0
    chosen: set[str] = set()
    for entry in read_journal(journal):
        if isinstance(entry, Round):
            assert chosen.isdisjoint((*entry.chosen, *entry.held_out))
            chosen |= {*entry.chosen, *entry.held_out}
        elif isinstance(entry, Measurement):
            assert entry.op.id in chosen
    assert len(chosen) == summary.measured == summary.planned
    merged = merge_journals([journal], lambda _: None)
    held_out = {op_id for each in rounds(journal) for op_id in each.held_out}
    assert {key.id for key in merged.held_out} == held_out
    assert len(held_out) == summary.standing.held_out


def test_a_larger_goal_goes_on_from_the_same_journal(host: FaultyHost, tmp_path: Path) -> None:
    journal = tmp_path / "run.jsonl"
    first = run(host, journal, Goal(budget_s=0.02))
    before = rounds(journal)
    again = run(host, journal, Goal(budget_s=0.02))
    assert again.measured == 0
    assert again.resumed == first.measured
    assert again.standing is not None
    assert first.standing is not None
    assert again.standing.spent_s == first.standing.spent_s
    more = run(host, journal, Goal(budget_s=100))
    assert rounds(journal)[: len(before)] == before
    assert more.standing is not None
    assert more.standing.left == 0
    assert visits(journal) == Counter((op.id, number) for op in OPS for number in range(CONFIG.passes))


def test_what_is_interrupted_in_a_round_is_finished_first(host: FaultyHost, tmp_path: Path) -> None:
    journal = tmp_path / "run.jsonl"

    def stop(now: RunSummary) -> None:
        if now.visits == 30:
            host.interrupt()

    with pytest.raises(StoppedError):
        run(host, journal, Goal(budget_s=100), progress=stop)
    begun = rounds(journal)  # what the program had told already is written down, be it a whole round
    run(FaultyHost(), journal, Goal(budget_s=1e-6))
    assert rounds(journal) == begun
    wanted = {op_id for each in begun for op_id in each.ids}
    assert visits(journal) == Counter((op_id, number) for op_id in wanted for number in range(CONFIG.passes))


@pytest.mark.parametrize("seed", range(3 if SOAK else 1))
def test_killed_at_any_moment_nothing_is_measured_twice(seed: int, tmp_path: Path) -> None:
    plan, journal = tmp_path / "plan.jsonl", tmp_path / "run.jsonl"
    write_plan(OPS, plan)
    command = [sys.executable, "-c", "from bench.cli import main; main()", "run", str(plan), "-q"]
    command += ["-o", str(journal), "--passes=2", "--iters=3", "--warmup=1", "--budget=1h"]
    run_with_kills(command, seed, least_s=0.5, most_s=1.5)
    assert visits(journal) == Counter((op.id, number) for op in OPS for number in range(2))
    chosen = [op_id for each in rounds(journal) for op_id in (*each.chosen, *each.held_out)]
    assert sorted(chosen) == sorted(op.id for op in OPS)
