"""A sample of a table's operators: which are chosen, and what measuring them again says on the host."""

from __future__ import annotations

from statistics import median

import pytest
from msgspec.structs import replace

from bench.campaign import IN_TURNS, drift_sample
from bench.campaign.drift_sample import DriftSample, Remeasurement, choose_sample, measure_again
from bench.device_runner import Block, HostDevice, Visit, run_block
from lut.drift import Drift
from lut.entries import Measurement, ProgramInfo, RunConfig, Segment
from lut.ops import OpSpec, bytes_moved
from lut.plan import Origin
from lut.records import LutRecord
from lut.table import LutTable
from tests.bench.conftest import int8_conv, relu, slow_conv
from tests.bench.slow_phases import SlowPhases
from tests.lut.samples import PROGRAM

TURNS = replace(IN_TURNS, turns=8)
LONG_TURNS = replace(TURNS, iters=100_000)
OPS = [relu(channels) for channels in range(1, 200)]


def table_of(ops: list[OpSpec], device: str = "here") -> LutTable:
    return LutTable([LutRecord(op.key, (1.0, 2.0, 3.0, 4.0, 5.0), device) for op in ops])


def test_operators_that_took_turns_do_so_with_their_neighbours() -> None:
    sample = choose_sample(table_of(OPS), [[OPS[100]] * 3], TURNS, "here")
    assert sample.config == replace(TURNS, passes=3)
    sizes = sorted(map(bytes_moved, sample.then_us))
    assert sizes == [bytes_moved(op) for op in OPS[98:102]]  # half as many of floats
    assert set(sample.then_us.values()) == {3.0}


def test_the_sample_lies_where_the_nets_spend_their_time() -> None:
    sample = choose_sample(table_of(OPS), [[OPS[10], OPS[150]]], TURNS, "here")
    assert {OPS[10], OPS[150]} <= sample.then_us.keys()
    assert OPS[80] not in sample.then_us


def test_each_precision_has_its_own_windows() -> None:
    sample = choose_sample(table_of([*OPS, int8_conv()]), [[OPS[10], int8_conv()]], TURNS, "here")
    assert int8_conv() in sample.then_us
    assert OPS[10] in sample.then_us


def test_where_each_is_measured_by_itself_the_nets_operators_are_the_sample() -> None:
    sample = choose_sample(table_of(OPS), [[OPS[3], OPS[7]]], RunConfig(), "here")
    assert set(sample.then_us) == {OPS[3], OPS[7]}


def test_on_an_engine_that_shares_activations_the_sample_is_of_whole_nets() -> None:
    nets = [OPS[start : start + 10] * 2 for start in range(0, 190, 10)]
    sample = choose_sample(table_of(OPS), nets, LONG_TURNS, "here", by_nets=True)
    assert list(sample.then_us) == [op for number in (0, 6, 12, 18) for op in nets[number][:10]]
    assert sample.origins[OPS[60].id] == Origin("net6", 20, 0)


def test_where_it_takes_a_moment_all_nets_are_the_sample() -> None:
    nets = [OPS[start : start + 10] for start in range(0, 190, 10)]
    assert len(choose_sample(table_of(OPS), nets, TURNS, "here", by_nets=True).then_us) == 190


def test_of_few_nets_all_are_the_sample() -> None:
    sample = choose_sample(table_of(OPS), [OPS[:3], OPS[5:9]], TURNS, "here", by_nets=True)
    assert list(sample.then_us) == [*OPS[:3], *OPS[5:9]]


def test_records_of_other_devices_do_not_count() -> None:
    assert not choose_sample(table_of(OPS, "there"), [[OPS[3]]], TURNS, "here").then_us


@pytest.mark.parametrize("factor", [1.0, 0.5])
def test_the_factor_is_that_of_the_device(factor: float) -> None:
    """Measured against what it has just measured, and against a table that says half."""
    host = SlowPhases(())
    program = host.prepare(lambda _: None)
    ops = [slow_conv(), *(relu(channels) for channels in range(600, 606))]
    config = RunConfig(passes=3, iters=20, warmup=3, cpus=host.default_cpus(1))
    first = _medians(host, program, ops, config)
    sample = DriftSample(config, {op: time * factor for op, time in first.items()})
    drift = measure_again(host, program, sample).drift
    assert drift is not None
    assert drift.count == len(ops)
    assert drift.factor == pytest.approx(1 / factor)


def test_a_turn_in_a_slow_phase_is_no_drift(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a device took is made up here: quick, half as quick, and quick again."""
    ops = [relu(channels) for channels in range(600, 606)]

    visits = [
        Visit(Measurement.of(op, "segment", turn, (took_ns,), turn=turn))
        for turn, took_ns in enumerate([9_000, 18_000, 9_100])
        for op in ops
    ]
    monkeypatch.setattr(drift_sample, "run_block", lambda *_, **__: iter(visits))
    sample = DriftSample(TURNS, dict.fromkeys(ops, 9.05))
    assert measure_again(HostDevice(), PROGRAM, sample).drift == Drift(1.0, len(ops))


def test_a_net_is_held_against_what_was_measured_again_of_it() -> None:
    again = Remeasurement({OPS[0]: 10.0, OPS[1]: 20.0}, {OPS[0]: 11.0})
    assert again.sum_up([OPS[0], OPS[0], OPS[1], OPS[2]]) == (20.0, 22.0)
    assert again.drift is None


def _medians(
    host: HostDevice, program: ProgramInfo, ops: list[OpSpec], config: RunConfig
) -> dict[OpSpec, float]:
    """Each operator's time in the middle one of its visits, in microseconds."""
    block = Block({op: set(range(config.passes)) for op in ops})
    medians_us: dict[OpSpec, list[float]] = {op: [] for op in ops}
    for visit in run_block(host, Segment(host.info, program, config), block, 0):
        assert isinstance(visit.outcome, Measurement)
        medians_us[visit.outcome.op].append(median(visit.outcome.samples_ns) / 1000)
    return {op: median(times_us) for op, times_us in medians_us.items()}
