"""Whole runs on the host: resumed, killed, disturbed, and nothing lost or doubled."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

import bench.engines.caffe2.nets
from bench.campaign import blocks as campaign_blocks
from bench.campaign import run_plan
from bench.device_runner import UNWATCHED
from lut.drift.runs import CANARY, OPERATORS
from lut.entries import Failure, Measurement, Segment
from lut.errors import ConflictError
from lut.journal import open_journal, read_journal
from lut.ops import OpKey, OpSpec
from lut.plan import write_plan
from lut.zoo import NETS, PRECISIONS, build_net
from tests.bench.conftest import CONFIG, FaultyHost, int8_conv, relu, run_with_kills, softmax
from tests.bounds import SOAK

PLAN = [*(relu(channels) for channels in range(1, 9)), int8_conv(), softmax()]


def visits(journal: Path) -> Counter[tuple[OpKey, int]]:
    return Counter(
        (entry.op.key, entry.pass_index) for entry in read_journal(journal) if isinstance(entry, Measurement)
    )


def every_visit_once(plan: list[OpSpec], passes: int = CONFIG.passes) -> Counter[tuple[OpKey, int]]:
    return Counter((op.key, number) for op in plan for number in range(passes))


def test_a_plan_is_measured_once_however_often_an_operator_stands_in_it(
    host: FaultyHost, tmp_path: Path
) -> None:
    summary = run_plan(PLAN + PLAN, host, CONFIG, tmp_path / "run.jsonl")
    assert visits(tmp_path / "run.jsonl") == every_visit_once(PLAN)
    assert (summary.planned, summary.measured, summary.visits) == (10, 10, 20)
    assert (summary.resumed, summary.failed) == (0, 0)
    assert 0 < summary.engine_s < summary.wall_s


def test_the_journal_begins_with_who_measured_and_how(host: FaultyHost, tmp_path: Path) -> None:
    run_plan(PLAN[:1], host, CONFIG, tmp_path / "run.jsonl", device_name="my-host-1")
    first = next(read_journal(tmp_path / "run.jsonl"))
    assert isinstance(first, Segment)
    assert first.device.name == "my-host-1"
    assert first.config == CONFIG
    assert first.program.kind == "speed_benchmark"
    assert len(first.program.sha256) == 64


def test_a_second_run_does_nothing(host: FaultyHost, tmp_path: Path) -> None:
    journal = tmp_path / "run.jsonl"
    run_plan(PLAN, host, CONFIG, journal)
    starts = host.starts
    summary = run_plan(PLAN, host, CONFIG, journal)
    assert (summary.resumed, summary.visits, host.starts) == (len(PLAN), 0, starts)
    assert visits(journal) == every_visit_once(PLAN)


def test_a_longer_plan_measures_what_is_new(host: FaultyHost, tmp_path: Path) -> None:
    journal = tmp_path / "run.jsonl"
    run_plan(PLAN[:4], host, CONFIG, journal)
    summary = run_plan(PLAN, host, CONFIG, journal)
    assert (summary.resumed, summary.measured) == (4, 6)
    assert visits(journal) == every_visit_once(PLAN)


def test_a_resumed_run_says_how_the_device_was_when_it_was_stopped(host: FaultyHost, tmp_path: Path) -> None:
    """Stopped after one of two passes, on a device that took a twentieth of the time."""
    whole, stopped = tmp_path / "whole.jsonl", tmp_path / "stopped.jsonl"
    assert run_plan(PLAN, host, CONFIG, whole).drift is None
    with open_journal(stopped) as journal:
        for entry in read_journal(whole):
            if isinstance(entry, Segment):
                journal.append(entry)
            elif isinstance(entry, Measurement) and entry.pass_index == 0:
                samples = tuple(max(1, sample // 20) for sample in entry.samples_ns)
                journal.append(structs.replace(entry, samples_ns=samples))
    drift = run_plan(PLAN, host, CONFIG, stopped).drift
    assert drift is not None
    assert (drift.count, drift.by) == (len(PLAN), OPERATORS)
    assert drift.factor > 5


def test_where_no_operator_is_measured_again_the_canary_tells(host: FaultyHost, tmp_path: Path) -> None:
    journal, watched = tmp_path / "run.jsonl", structs.replace(CONFIG, canary_share=0.5)
    assert run_plan(PLAN[:5], host, watched, journal).drift is None
    drift = run_plan(PLAN, host, watched, journal).drift
    assert drift is not None
    assert drift.by == CANARY
    assert 1 / 5 < drift.factor < 5
    assert run_plan(PLAN, host, watched, journal).drift is None


def test_a_run_goes_on_from_a_damaged_journal(host: FaultyHost, tmp_path: Path) -> None:
    """Zeros at the end, a line torn by the next one, and garbage: what they held is measured again."""
    journal, said = tmp_path / "run.jsonl", list[str]()
    run_plan(PLAN, host, CONFIG, journal)
    lines = journal.read_bytes().splitlines(keepends=True)
    held = [number for number, line in enumerate(lines) if line.startswith(b'{"kind": "measurement"')]
    lines[held[3]] = lines[held[3]][:90]  # and so the line behind it is lost too
    lines[held[9]] = b"\xff" * 40 + b"\n"
    journal.write_bytes(b"".join(lines[: held[15]]) + lines[held[15]][:50] + bytes(4096))

    watch = replace(UNWATCHED, announce=said.append)
    run_plan(PLAN, host, CONFIG, journal, watch=watch)
    assert f"{journal}: 3 lines are damaged and left out, the first of them line {held[3] + 1}." in said
    assert visits(journal) == every_visit_once(PLAN)


def test_other_settings_need_another_journal(host: FaultyHost, tmp_path: Path) -> None:
    journal = tmp_path / "run.jsonl"
    run_plan(PLAN[:1], host, CONFIG, journal)
    before = journal.read_bytes()
    with pytest.raises(ConflictError, match="iters there is 3, in this run 4"):
        run_plan(PLAN[:1], host, structs.replace(CONFIG, iters=4), journal)
    assert journal.read_bytes() == before


def test_a_failed_operator_stays_failed(
    host: FaultyHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = tmp_path / "run.jsonl"
    monkeypatch.setattr(bench.engines.caffe2.nets, "PROBABILITY_SCALE", 0.1)  # aborts the engine
    summary = run_plan(PLAN, host, CONFIG, journal)
    assert (summary.failed, summary.measured) == (1, len(PLAN) - 1)
    again = run_plan(PLAN, host, CONFIG, journal)
    assert (again.failed, again.resumed) == (0, len(PLAN))
    failures = [entry for entry in read_journal(journal) if isinstance(entry, Failure)]
    assert [(failure.op, failure.stage) for failure in failures] == [(softmax(), "crash")]


def test_a_plan_is_cut_into_blocks_by_memory(
    host: FaultyHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaign_blocks, "_BLOCK_BYTES", 1000)
    run_plan(PLAN, host, CONFIG, tmp_path / "run.jsonl")
    assert host.starts > 2
    assert visits(tmp_path / "run.jsonl") == every_visit_once(PLAN)


def test_the_seed_decides_the_order(host: FaultyHost, tmp_path: Path) -> None:
    def order(name: str, seed: int) -> list[str]:
        run_plan(PLAN, host, CONFIG, tmp_path / name, seed=seed)
        return [e.op.id for e in read_journal(tmp_path / name) if isinstance(e, Measurement)]

    assert order("a", 1) == order("b", 1) != order("c", 2)


def test_progress_counts_up_to_every_visit(host: FaultyHost, tmp_path: Path) -> None:
    seen: list[int] = []
    run_plan(PLAN, host, CONFIG, tmp_path / "run.jsonl", progress=lambda now: seen.append(now.visits))
    assert seen == list(range(1, len(PLAN) * CONFIG.passes + 1))


@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_engine_agrees_with_the_shape_rules_on_every_operator_of_the_zoo(
    precision: str, host: FaultyHost, tmp_path: Path
) -> None:
    from lut.frontends.netdef import list_ops, parameter_specs
    from lut.ops import TensorSpec

    plan: list[OpSpec] = []
    for name in NETS:
        built = build_net(name, precision)
        known = parameter_specs(built.init_net)
        known |= {name: TensorSpec(shape) for name, shape in built.input_dims.items()}
        plan += list_ops(built.predict_net, known)
    once = structs.replace(CONFIG, passes=1, iters=1, warmup=0)
    summary = run_plan(plan, host, once, tmp_path / "run.jsonl")
    failures = [entry for entry in read_journal(tmp_path / "run.jsonl") if isinstance(entry, Failure)]
    assert failures == []
    assert summary.measured == len(set(plan)) == {"int8": 362, "fp32": 437}[precision]


@pytest.mark.parametrize("seed", range(6 if SOAK else 2))
def test_a_run_killed_at_any_moment_goes_on_where_it_was(seed: int, tmp_path: Path) -> None:
    plan, journal = tmp_path / "plan.jsonl", tmp_path / "run.jsonl"
    ops = [relu(channels) for channels in range(1, 200)]
    write_plan(ops, plan)
    command = [sys.executable, "-c", "from bench.cli import main; main()", "run", str(plan), "-q"]
    command += ["-o", str(journal), "--passes=3", "--iters=5", "--warmup=1"]
    run_with_kills(command, seed, least_s=0.3, most_s=1.2)
    assert visits(journal) == every_visit_once(ops, passes=3)
