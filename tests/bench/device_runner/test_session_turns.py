"""A block of operators that take turns, and what a slow phase does to it."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.device_runner import Block, run_block, session
from bench.device_runner.program import CanaryMemory, CanaryTimes
from bench.engines import CAFFE2
from lut.entries import Failure, Measurement, Repeated, Segment
from lut.ops import OpSpec
from tests.bench.conftest import CONFIG, Fault, FaultyHost, int8_conv, relu, slow_conv
from tests.bench.slow_phases import FAST_NS, SLOW_NS, SlowPhases

OPS = [relu(4), relu(8), relu(16)]
SLOW = [int8_conv(), slow_conv()]
"""Operators that still take turns when a signal comes."""

EVERY_VISIT = Counter((op, number) for op in OPS for number in range(CONFIG.passes))


@pytest.fixture
def in_turns(segment: Segment) -> Segment:
    return replace(segment, config=replace(CONFIG, turns=6, fill_bytes=1 << 16))


def measure(host: FaultyHost, segment: Segment, ops: Sequence[OpSpec] = OPS) -> list[Measurement | Failure]:
    wanted = {op: frozenset(range(CONFIG.passes)) for op in ops}
    outcomes = [visit.outcome for visit in run_block(host, segment, Block(wanted), seed=1)]
    return [outcome for outcome in outcomes if not isinstance(outcome, Repeated)]


def visits(outcomes: Sequence[Measurement | Failure | Repeated]) -> Counter[tuple[OpSpec, int]]:
    return Counter((each.op, each.pass_index) for each in outcomes if isinstance(each, Measurement))


def test_every_pass_loads_its_nets_anew_in_one_process(host: FaultyHost, in_turns: Segment) -> None:
    wanted = {op: frozenset(range(CONFIG.passes)) for op in OPS}
    made = list(run_block(host, in_turns, Block(wanted), seed=1))
    assert host.starts == 1
    assert len(made) == EVERY_VISIT.total()
    assert all(visit.load_ns > 0 for visit in made)


def test_operators_that_took_turns_with_each_other_have_one_name_for_it(
    host: FaultyHost, segment: Segment, in_turns: Segment
) -> None:
    outcomes = [each for each in measure(host, in_turns) if isinstance(each, Measurement)]
    turns = [{each.turn for each in outcomes if each.pass_index == index} for index in range(CONFIG.passes)]
    assert [len(names) for names in turns] == [1] * CONFIG.passes
    assert len(set.union(*turns)) == CONFIG.passes
    by_themselves = [each for each in measure(host, segment) if isinstance(each, Measurement)]
    assert {each.turn for each in by_themselves} == {None}


def test_passes_that_some_operators_have_behind_them_are_made_with_those_that_lack_them(
    host: FaultyHost, in_turns: Segment
) -> None:
    wanted = {relu(4): frozenset({0, 1}), relu(8): frozenset({1}), relu(16): frozenset({0, 1})}
    outcomes = [visit.outcome for visit in run_block(host, in_turns, Block(wanted), seed=1)]
    assert visits(outcomes) == Counter((op, number) for op, numbers in wanted.items() for number in numbers)
    assert host.starts == 2


def test_each_precision_takes_turns_with_its_own(host: FaultyHost, in_turns: Segment) -> None:
    outcomes = measure(host, in_turns, [relu(4), int8_conv(), relu(8)])
    assert [(each.op, each.pass_index) for each in outcomes if isinstance(each, Measurement)] == [
        (int8_conv(), 0),
        (int8_conv(), 1),
        (relu(4), 0),
        (relu(8), 0),
        (relu(4), 1),
        (relu(8), 1),
    ]


@pytest.mark.parametrize("times", [1, 2, 3, 4])
def test_a_process_killed_in_turns_costs_no_operator(times: int, host: FaultyHost, in_turns: Segment) -> None:
    host.faults += [Fault('"turns"', signal=signal.SIGKILL) for _ in range(times)]
    outcomes = measure(host, in_turns)
    assert visits(outcomes) == EVERY_VISIT
    assert len(outcomes) == EVERY_VISIT.total()


def garbled(in_start: int) -> Fault:
    """A process that has to be ended in its turns, with no word on whose fault it is."""
    return Fault('"event":"net"', line='{"event":"net"', in_start=in_start)


def spoilt_by(outcomes: list[Measurement | Failure]) -> set[str | None]:
    return {each.conditions.spoilt_by for each in outcomes if isinstance(each, Measurement)}


def test_operators_whose_turns_ended_take_turns_again_once_each_was_tried(
    host: FaultyHost, in_turns: Segment
) -> None:
    host.faults.append(garbled(in_start=1))
    assert spoilt_by(measure(host, in_turns, SLOW)) == {None}


def test_operators_that_only_end_their_process_in_company_are_measured_alone_and_marked(
    host: FaultyHost, in_turns: Segment
) -> None:
    # The second start is the trial of each by itself.
    host.faults += [garbled(in_start=number) for number in (1, 3)]
    assert spoilt_by(measure(host, in_turns, SLOW)) == {"alone"}


def test_an_operator_that_ends_its_process_is_found_among_those_that_take_turns(
    host: FaultyHost, in_turns: Segment
) -> None:
    culprit = slow_conv()
    host.faults += [
        garbled(in_start=1),
        Fault(f'"begin","id":"{culprit.id}"', signal=signal.SIGSEGV, in_start=2),
    ]
    outcomes = measure(host, in_turns, SLOW)
    (failure,) = [each for each in outcomes if isinstance(each, Failure)]
    assert (failure.op, failure.stage) == (culprit, "crash")
    assert spoilt_by(outcomes) == {None}
    assert visits(outcomes) == Counter((int8_conv(), number) for number in range(CONFIG.passes))


@pytest.mark.disturbances
def test_what_only_ever_fell_into_slow_phases_is_kept_and_marked(
    host: FaultyHost, segment: Segment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = CanaryMemory(CAFFE2.canary, tmp_path)
    with_canary = replace(segment, config=replace(CONFIG, canary_share=0.15))
    for _ in range(20):  # as often as is remembered: what these processes take changes no median
        memory.learn(with_canary, CanaryTimes(1, 1))  # no processor is that fast
    monkeypatch.setattr(session, "CanaryMemory", lambda _: memory)
    first, second, kept = run_block(host, with_canary, Block({relu(4): {0}}), seed=None)
    assert isinstance(first.outcome, Repeated)
    assert isinstance(second.outcome, Repeated)
    assert first.outcome != second.outcome
    assert isinstance(kept.outcome, Measurement)
    assert kept.outcome.conditions.spoilt_by == "canary"
    assert host.starts == 3


SIX = [relu(channels) for channels in range(1, 7)]


@pytest.fixture
def six_in_turns(segment: Segment) -> Segment:
    return replace(segment, config=replace(CONFIG, turns=6))


@pytest.mark.disturbances
def test_turns_that_were_slower_than_another_time_are_taken_again(six_in_turns: Segment) -> None:
    host = SlowPhases({(1, visit) for visit in range(6, 12)})  # the second pass of the first process
    block = Block({op: range(CONFIG.passes) for op in SIX})
    outcomes = [visit.outcome for visit in run_block(host, six_in_turns, block, seed=1)]
    assert host.starts == 2
    again = [each for each in outcomes if isinstance(each, Repeated)]
    assert {(each.op, each.pass_index, each.samples_ns[0]) for each in again} == {
        (op, 1, SLOW_NS) for op in SIX
    }
    assert {each.conditions.spoilt_by for each in again} == {"unsteady"}
    kept = [each for each in outcomes if isinstance(each, Measurement)]
    assert visits(kept) == Counter((op, number) for op in SIX for number in range(CONFIG.passes))
    assert {(each.samples_ns[0], each.conditions.spoilt_by) for each in kept} == {(FAST_NS, None)}


@pytest.mark.disturbances
def test_turns_that_stay_slow_are_kept_in_the_end(six_in_turns: Segment) -> None:
    every = {(start, visit) for start in range(2, 9) for visit in range(12)} | {
        (1, visit) for visit in range(6, 12)
    }
    host, block = SlowPhases(every), Block({op: range(CONFIG.passes) for op in SIX})
    outcomes = [visit.outcome for visit in run_block(host, six_in_turns, block, seed=1)]
    assert host.starts == 3
    kept = {(each.pass_index, each.samples_ns[0]) for each in outcomes if isinstance(each, Measurement)}
    assert kept == {(0, FAST_NS), (1, SLOW_NS)}
