"""A block of operators through the real program, and through all that can happen to it."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterable

import pytest

import bench.engines.caffe2.nets
from bench.device_runner import Block, Visit, Watch, run_block, session
from lut.entries import Failure, Measurement, Repeated, Segment
from lut.errors import DeviceError
from lut.ops import OpSpec, TensorSpec
from tests.bench.conftest import CONFIG, Fault, FaultyHost, int8_conv, relu, slow_conv, softmax

Outcomes = list[Measurement | Failure]
OPS = [relu(4), relu(8), relu(16), int8_conv()]


def measure(
    host: FaultyHost, segment: Segment, ops: Iterable[OpSpec] = OPS, seed: int | None = None
) -> Outcomes:
    wanted = {op: frozenset(range(CONFIG.passes)) for op in ops}
    return outcomes_of(run_block(host, segment, Block(wanted), seed))


def outcomes_of(visits: Iterable[Visit]) -> Outcomes:
    """Give what visits came to in the end, without those that were disturbed and made again."""
    return [visit.outcome for visit in visits if not isinstance(visit.outcome, Repeated)]


def visits(outcomes: Outcomes) -> list[tuple[OpSpec, int]]:
    return [(each.op, each.pass_index) for each in outcomes if isinstance(each, Measurement)]


def failures(outcomes: Outcomes) -> list[Failure]:
    return [each for each in outcomes if isinstance(each, Failure)]


def test_every_operator_is_visited_once_a_pass(host: FaultyHost, segment: Segment) -> None:
    outcomes = measure(host, segment)
    assert visits(outcomes) == [(op, number) for number in range(CONFIG.passes) for op in OPS]
    assert host.starts == 1
    for each in outcomes:
        assert isinstance(each, Measurement)
        assert len(each.samples_ns) == CONFIG.iters
        assert len(each.warmup_ns) == CONFIG.warmup
        assert each.segment == segment.id


@pytest.mark.disturbances
def test_the_device_is_busy_for_more_than_the_engine_and_no_longer_than_it_took(
    host: FaultyHost, segment: Segment
) -> None:
    wanted = {op: frozenset(range(CONFIG.passes)) for op in OPS}
    started_ns = time.perf_counter_ns()
    found = list(run_block(host, segment, Block(wanted), None))
    took_ns = time.perf_counter_ns() - started_ns
    busy_ns = sum(visit.busy_ns for visit in found)
    assert sum(visit.engine_ns + visit.load_ns for visit in found) < busy_ns <= took_ns


def test_passes_are_shuffled_each_in_its_own_way(host: FaultyHost, segment: Segment) -> None:
    ops = [relu(channels) for channels in range(1, 33)]
    outcomes = visits(measure(host, segment, ops, seed=7))
    first, second = outcomes[: len(ops)], outcomes[len(ops) :]
    assert sorted(op.id for op, _ in first) == sorted(op.id for op, _ in second)
    assert [op for op, _ in first] != [op for op, _ in second]
    assert visits(measure(host, segment, ops, seed=7)) == outcomes


def test_only_the_passes_that_are_wanted_are_made(host: FaultyHost, segment: Segment) -> None:
    wanted = {relu(4): frozenset({1}), relu(8): frozenset({0, 1}), relu(16): frozenset[int]()}
    outcomes = outcomes_of(run_block(host, segment, Block(wanted), None))
    assert sorted(visits(outcomes), key=lambda visit: (visit[0].id, visit[1])) == sorted(
        [(relu(4), 1), (relu(8), 0), (relu(8), 1)], key=lambda visit: (visit[0].id, visit[1])
    )


def test_an_operator_that_aborts_the_engine_costs_itself_alone(
    host: FaultyHost, segment: Segment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench.engines.caffe2.nets, "PROBABILITY_SCALE", 0.1)
    outcomes = measure(host, segment, [*OPS[:2], softmax(), *OPS[2:]])
    (failure,) = failures(outcomes)
    assert failure.op == softmax()
    assert failure.stage == "crash"
    assert failure.reason.startswith("killed by SIGABRT: ")
    assert set(visits(outcomes)) == {(op, number) for op in OPS for number in range(CONFIG.passes)}
    assert len(visits(outcomes)) == len(OPS) * CONFIG.passes


def test_an_operator_that_the_engine_refuses_is_told_in_its_words(
    host: FaultyHost, segment: Segment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        bench.engines.caffe2.nets, "SCALE", 2.0
    )  # in·weight/out becomes 2, above the 1 allowed
    outcomes = measure(host, segment)
    (failure,) = failures(outcomes)
    assert failure.op == int8_conv()
    assert failure.stage in {"warmup", "run"}
    assert failure.reason
    assert host.starts == 1


def test_output_shapes_other_than_the_rule_s_are_a_failure(
    host: FaultyHost, segment: Segment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.device_runner.visits.infer_outputs", lambda _: (TensorSpec((9,)),))
    assert {failure.stage for failure in failures(measure(host, segment))} == {"shape"}


@pytest.mark.parametrize(
    ("fault", "stage", "reason"),
    [
        (Fault("begin", signal=signal.SIGSEGV), "crash", "killed by SIGSEGV"),
        (Fault("net", line='{"event":"net","id":'), "parse", "which is not one of its events"),
        (Fault("begin", signal=signal.SIGSTOP), "timeout", "printed nothing for"),
    ],
    ids=["crashing", "garbled", "hanging"],
)
@pytest.mark.parametrize("pass_index", range(CONFIG.passes))
def test_a_lost_process_costs_the_operator_it_was_at(
    fault: Fault,
    stage: str,
    reason: str,
    pass_index: int,
    host: FaultyHost,
    segment: Segment,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if fault.signal == signal.SIGSTOP:
        # As short as a test can wait for, and longer than a busy machine takes for the slowest visit here.
        monkeypatch.setattr(session, "SILENCE_S", 4.0)
    victim = slow_conv()  # slow enough to be still at it when the signal comes
    trigger = f'"{fault.trigger}","id":"{victim.id}","pass":{pass_index}'
    host.faults.append(Fault(trigger, fault.line, fault.signal))
    outcomes = measure(host, segment, [OPS[0], victim, *OPS[1:]])
    (failure,) = failures(outcomes)
    assert failure.op == victim
    assert failure.stage == stage
    assert reason in failure.reason
    others = {(op, number) for op in OPS for number in range(CONFIG.passes)}
    seen = [visit for visit in visits(outcomes) if visit[0] != failure.op]
    assert set(seen) == others
    assert len(seen) == len(others)


def kill_at(op: OpSpec, times: int, signal: signal.Signals = signal.SIGKILL) -> list[Fault]:
    return [Fault(f'"begin","id":"{op.id}"', signal=signal) for _ in range(times)]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_an_operator_is_not_blamed_for_two_kills_from_outside(
    number: signal.Signals, host: FaultyHost, segment: Segment
) -> None:
    victim = slow_conv()
    host.faults += kill_at(victim, 2, number)
    said: list[str] = []
    wanted = {op: frozenset(range(CONFIG.passes)) for op in [OPS[0], victim, OPS[1]]}
    outcomes = outcomes_of(run_block(host, segment, Block(wanted), None, watch=Watch(said.append)))
    assert not failures(outcomes)
    assert len(visits(outcomes)) == len(set(visits(outcomes))) == 3 * CONFIG.passes
    assert len(said) == 2
    for sentence in said:
        assert sentence.startswith(f"host: the benchmark program was killed by {number.name}")


def test_an_operator_that_is_killed_three_times_fails(host: FaultyHost, segment: Segment) -> None:
    victim = slow_conv()
    host.faults += kill_at(victim, 3)
    outcomes = measure(host, segment, [OPS[0], victim, OPS[1]])
    (failure,) = failures(outcomes)
    assert (failure.op, failure.stage) == (victim, "crash")
    assert failure.reason.startswith("killed by SIGKILL")
    assert {op for op, _ in visits(outcomes)} == {OPS[0], OPS[1]}


def test_a_process_that_never_reaches_an_operator_is_the_device_s_fault(
    host: FaultyHost, segment: Segment
) -> None:
    host.faults += [Fault('"start"', signal=signal.SIGKILL, cut=True) for _ in range(3)]
    with pytest.raises(
        DeviceError, match=r"ended 3 times without reaching an operator; the last time: (killed by|ended)"
    ):
        measure(host, segment)


def test_a_refusal_of_the_program_ends_the_run_with_its_words(host: FaultyHost, segment: Segment) -> None:
    from msgspec.structs import replace

    nowhere = replace(segment, config=replace(CONFIG, cpus=hex(1 << 700)))
    with pytest.raises(DeviceError, match="refused to run: it ended with code"):
        measure(host, nowhere)
