"""Faults at random places, in `make soak` by the hundred: nothing is lost or doubled, and the run ends."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from bench.campaign import run_plan
from bench.device_runner import AdbRoute, PhoneOptions, Watch, open_device
from lut.entries import Failure, Measurement, RunConfig
from lut.journal import read_journal
from lut.ops import FLOAT, OpKey, OpSpec, TensorSpec
from tests.bounds import SOAK
from tests.phone.conftest import QuickPhone
from tests.phone.faults import KINDS, Fault
from tests.phone.running import Running

CONFIG = RunConfig(passes=2, iters=10, warmup=1)
PLAN = [
    OpSpec.of("Relu", [TensorSpec((1, channels, 112, 112), FLOAT)], order="NCHW")
    for channels in range(100, 140)
]
LEAST_FAULTS = 200 if SOAK else 30
AT_ONCE = 3 if SOAK else 2
"""Phones with campaigns of their own: most of the time each waits for what its faults interrupted."""
STAGES = {"crash", "timeout", "parse"}
"""How operators fail under these faults."""
MUST_FAIL = STAGES if SOAK else {"crash"}
"""How some must have failed before the campaign ends; the others are rare."""
SILENCE_S = 0.8 if SOAK else 4.0
"""A program that is silent for so long hangs; beside others it may be slow."""


def draw_faults(seed: int, kinds: list[str]) -> list[Fault]:
    """Faults some thousand bytes apart, as soon as the phone has been greeted."""
    draw = random.Random(seed)
    faults, at_byte = [], 2500
    for kind in kinds:
        at_byte += draw.randrange(500, 6000)
        faults.append(Fault(kind, at_byte, for_s=0.15))
    return faults


def check_journal(journal: Path, plan: list[OpSpec], passes: int) -> Counter[str]:
    """Every operator was visited once a pass, or failed once with a reason; give the stages of failure."""
    visits: Counter[tuple[OpKey, int]] = Counter()
    failures: dict[OpKey, Failure] = {}
    for entry in read_journal(journal, pytest.fail):
        if isinstance(entry, Measurement):
            visits[entry.op.key, entry.pass_index] += 1
        elif isinstance(entry, Failure):
            assert entry.op.key not in failures
            assert entry.reason
            failures[entry.op.key] = entry
    assert max(visits.values()) == 1
    for op in plan:
        made = sum(visits[op.key, index] for index in range(passes))
        assert made == passes or op.key in failures
        assert not (made == passes and op.key in failures)
    assert {key for key, _ in visits} | failures.keys() == {op.key for op in plan}
    return Counter(failure.stage for failure in failures.values())


def run_with_faults(running: Running, options: PhoneOptions, journal: Path) -> Counter[str]:
    """Measure the plan, and check that the journal, the phone and the summary are as they must be."""
    device = open_device(running.serial, AdbRoute("direct"), options)
    try:
        summary = run_plan(PLAN, device, CONFIG, journal, watch=Watch(silence_s=SILENCE_S))
    finally:
        device.close()
    stages = check_journal(journal, PLAN, CONFIG.passes)
    assert summary.failed == stages.total()
    assert summary.measured == len(PLAN) - summary.failed
    assert running.foreign_files == []
    return stages


def test_a_campaign_of_random_faults(quick_phone: QuickPhone, options: PhoneOptions, tmp_path: Path) -> None:
    fired: Counter[str] = Counter()
    stages: Counter[str] = Counter()

    def run_once(running: Running, run: int) -> tuple[Counter[str], Counter[str]]:
        kinds = random.Random(run).sample(KINDS, len(KINDS)) * 2
        running.do(lambda: running.phone.new_faults(draw_faults(run, kinds)))
        came = run_with_faults(running, options, tmp_path / f"{run}.jsonl")
        return Counter(fault.kind for fault in running.phone.plan.fired), came

    with ExitStack() as stack:
        phones = [stack.enter_context(quick_phone(f"quick{number}")) for number in range(AT_ONCE)]
        pool = stack.enter_context(ThreadPoolExecutor(AT_ONCE))
        for first in range(0, 60, AT_ONCE):
            for struck, came in pool.map(run_once, phones, range(first, first + AT_ONCE)):
                fired += struck
                stages += came
            if fired.total() >= LEAST_FAULTS and fired.keys() == set(KINDS) and stages.keys() >= MUST_FAIL:
                break
        else:
            pytest.fail(f"only {fired} struck, only {stages} came of it")
    assert stages.keys() <= STAGES
