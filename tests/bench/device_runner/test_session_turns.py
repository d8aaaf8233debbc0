"""A block of operators that take turns, and what a slow phase does to it."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bench.device_runner import session
from bench.device_runner.canary import CanaryMemory
from bench.device_runner.session import run_block
from lut.records import Failure, Measurement, OpSpec, Repeated, Segment
from tests.bench.conftest import CONFIG, Fault, FaultyHost, int8_conv, relu

OPS = [relu(4), relu(8), relu(16)]
EVERY_VISIT = Counter((op, number) for op in OPS for number in range(CONFIG.passes))


@pytest.fixture
def in_turns(segment: Segment) -> Segment:
    return replace(segment, config=replace(CONFIG, turns=4, fill_bytes=1 << 16))


def measure(host: FaultyHost, segment: Segment, ops: Sequence[OpSpec] = OPS) -> list[Measurement | Failure]:
    wanted = {op: frozenset(range(CONFIG.passes)) for op in ops}
    outcomes = [visit.outcome for visit in run_block(host, segment, wanted, seed=1)]
    return [outcome for outcome in outcomes if not isinstance(outcome, Repeated)]


def visits(outcomes: list[Measurement | Failure]) -> Counter[tuple[OpSpec, int]]:
    return Counter((each.op, each.pass_index) for each in outcomes if isinstance(each, Measurement))


def test_every_pass_is_a_process_of_its_own(host: FaultyHost, in_turns: Segment) -> None:
    assert visits(measure(host, in_turns)) == EVERY_VISIT
    assert host.starts == CONFIG.passes


def test_each_precision_takes_turns_with_its_own(host: FaultyHost, in_turns: Segment) -> None:
    outcomes = measure(host, in_turns, [relu(4), int8_conv(), relu(8)])
    assert [(each.op, each.pass_index) for each in outcomes if isinstance(each, Measurement)] == [
        (int8_conv(), 0),
        (relu(4), 0),
        (relu(8), 0),
        (int8_conv(), 1),
        (relu(4), 1),
        (relu(8), 1),
    ]


def test_a_process_lost_in_turns_costs_no_operator(host: FaultyHost, in_turns: Segment) -> None:
    host.faults.append(Fault('"turns"', signal=signal.SIGKILL))
    outcomes = measure(host, in_turns)
    assert visits(outcomes) == EVERY_VISIT
    assert len(outcomes) == EVERY_VISIT.total()


def test_what_only_ever_fell_into_slow_phases_is_kept_and_marked(
    host: FaultyHost, segment: Segment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = CanaryMemory(tmp_path)
    with_canary = replace(segment, config=replace(CONFIG, canary_share=0.15))
    memory.learn(with_canary, 1)  # no processor is that fast
    monkeypatch.setattr(session, "CanaryMemory", lambda: memory)
    first, second, kept = run_block(host, with_canary, {relu(4): frozenset({0})}, seed=None)
    assert isinstance(first.outcome, Repeated)
    assert isinstance(second.outcome, Repeated)
    assert first.outcome.visit != second.outcome.visit
    assert isinstance(kept.outcome, Measurement)
    assert kept.outcome.conditions.spoilt_by == "canary"
    assert host.starts == 3
