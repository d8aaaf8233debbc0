"""Runs on simulated phones that are interrupted: at a gate, in a recovery, in a visit, at any moment."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest

from bench.campaign import run_plan
from bench.device_runner import AdbRoute, PhoneOptions, Watch, open_device
from bench.device_runner.phone import bundle
from bench.device_runner.phone import process as phone_process
from bench.device_runner.phone.connection import Connection
from bench.device_runner.program import program_arguments
from bench.device_runner.program.manifest import encode_manifest
from bench.engines import CAFFE2
from lut.entries import Measurement, RunConfig
from lut.errors import StoppedError
from lut.frontends import load_model
from lut.journal import read_journal
from lut.plan import write_plan
from lut.zoo import write_common_net
from tests.bench.conftest import relu, slow_conv
from tests.bounds import within
from tests.phone.conftest import QUICK, QuickPhone
from tests.phone.faults import Fault
from tests.phone.running import Running

ROOT = Path(__file__).resolve().parents[2]
PLAN = [relu(channels) for channels in range(1, 13)]
LONG = RunConfig(passes=1, iters=20_000, warmup=1)
"""A visit takes a quarter of an hour with it."""


def interrupted_s(
    running: Running, options: PhoneOptions, journal: Path, told: str = "", after_s: float = 60
) -> float:
    """Start a run, interrupt it once it says `told` or after so long, and give the seconds until its end."""
    heard, ended_s = threading.Event(), 0.0
    with closing(open_device(running.serial, AdbRoute("direct"), options)) as device:

        def announce(sentence: str) -> None:
            if told and told in sentence:
                heard.set()

        def interrupt() -> None:
            nonlocal ended_s
            heard.wait(after_s)
            ended_s = time.monotonic()
            device.interrupt()

        threading.Thread(target=interrupt, daemon=True).start()
        with pytest.raises(StoppedError):
            run_plan([slow_conv()], device, LONG, journal, watch=Watch(announce))
        return time.monotonic() - ended_s


def test_a_gate_s_wait_ends(quick_phone: QuickPhone, options: PhoneOptions, tmp_path: Path) -> None:
    patient = replace(options, patience=replace(QUICK, poll_s=60, gate_s=600))
    with quick_phone() as running:
        running.do(lambda: running.phone.state.set_battery(level=7))
        assert interrupted_s(running, patient, tmp_path / "run.jsonl", "waits: ") < within(2)


def test_the_wait_for_a_lost_phone_ends(
    quick_phone: QuickPhone, options: PhoneOptions, tmp_path: Path
) -> None:
    with quick_phone() as running:
        reboot = Fault("reboot", 0, for_s=8.0)
        threading.Timer(2, lambda: running.do(lambda: running.phone.strike(reboot))).start()
        assert interrupted_s(running, options, tmp_path / "run.jsonl", after_s=5) < within(2)


def test_a_visit_ends_and_its_program_with_it(
    quick_phone: QuickPhone, options: PhoneOptions, tmp_path: Path
) -> None:
    with quick_phone() as running:
        assert interrupted_s(running, options, tmp_path / "run.jsonl", after_s=2) < within(2)
        assert {path.split("/")[5] for path in running.our_files} == {"bundles"}


def test_a_start_that_is_interrupted_leaves_nothing_behind(
    quick_phone: QuickPhone, options: PhoneOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        quick_phone() as running,
        closing(open_device(running.serial, AdbRoute("direct"), options)) as device,
    ):

        def push_and_interrupt(connection: Connection, archive: bytes, path: str) -> None:
            bundle.push_archive(connection, archive, path)
            assert any("/runs/" in file for file in running.our_files)
            device.interrupt()

        device.prepare(lambda _: None)
        monkeypatch.setattr(phone_process, "push_archive", push_and_interrupt)
        with pytest.raises(StoppedError):
            run_plan([slow_conv()], device, LONG, tmp_path / "run.jsonl")
        assert running.clears_runs(within(2))
        assert {path.split("/")[5] for path in running.our_files} == {"bundles"}


def test_a_user_s_own_program_ends_with_its_block(
    quick_phone: QuickPhone, options: PhoneOptions, tmp_path: Path
) -> None:
    with quick_phone() as running:
        own = replace(options, binary=running.write_stock_program(tmp_path))
        assert interrupted_s(running, own, tmp_path / "run.jsonl", after_s=3) < within(2)
        assert running.loses_program(within(2))


def test_a_user_s_own_program_that_hangs_does_not_run_beside_the_next(
    quick_phone: QuickPhone, options: PhoneOptions, tmp_path: Path
) -> None:
    with quick_phone() as running:
        own = replace(options, binary=running.write_stock_program(tmp_path))
        with closing(open_device(running.serial, AdbRoute("direct"), own)) as device:
            summary = run_plan([slow_conv()], device, LONG, tmp_path / "run.jsonl", watch=Watch(silence_s=3))
        assert (summary.measured, summary.failed) == (0, 1)
        assert running.loses_program(within(2))


def test_a_user_s_own_program_that_was_left_running_is_ended_by_the_next_start(
    quick_phone: QuickPhone, options: PhoneOptions, tmp_path: Path
) -> None:
    arguments = program_arguments(LONG, 1, None, None)
    with quick_phone() as running:
        own = replace(options, binary=running.write_stock_program(tmp_path))
        with closing(open_device(running.serial, AdbRoute("direct"), own)) as device:
            device.prepare(lambda _: None)
            left = device.start(encode_manifest([CAFFE2.lower(slow_conv())]), arguments)
            left.__enter__()  # and never left, as by a run that is killed
            assert running.has_program(within(5))
            time.sleep(1)  # or it would end by itself, finding its nets removed
            with device.start(encode_manifest([]), arguments) as process:
                assert "end" in str(process.read_line(5))
                assert running.loses_program(within(2))


def run_interrupted(
    plan: Path, journal: Path, serials: Sequence[str], after_s: float, how: signal.Signals
) -> tuple[int, float]:
    """Start `bench run`, signal it so long after, and give its exit code and the seconds it took to end."""
    devices = [word for serial in serials for word in ("--device", serial)]
    # Phones on one machine disturb each other: a canary would have each of them wait for the others.
    few = ("--passes=2", "--iters=40", "--warmup=4", "--canary-share=0", "--quiet")
    command = [sys.executable, "-m", "tests.phone.run_quick", "run", str(plan), "-o", str(journal)]
    started = journal.with_suffix(".started")
    started.unlink(missing_ok=True)
    environment = {**os.environ, "STARTED": str(started)}
    with subprocess.Popen([*command, *devices, *few], cwd=ROOT, env=environment) as run:
        deadline = time.monotonic() + within(30)
        while not started.exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        try:
            return run.wait(after_s), 0.0
        except subprocess.TimeoutExpired:
            run.send_signal(how)
            sent = time.monotonic()
            return run.wait(within(30)), time.monotonic() - sent


def interrupt_until_done(
    phones: Sequence[Running], folder: Path, seed: int, most: int
) -> list[tuple[int, float]]:
    """Interrupt runs of one journal at random moments, then let one end, and check what it left.

    Gives each run's exit code and the seconds from the signal to its end; fewer than `most` where one came to
    its end before its signal.
    """
    plan, journal = folder / "plan.jsonl", folder / "run.jsonl"
    ops = [*PLAN, slow_conv()]
    write_plan(ops, plan)
    serials, chance = [phone.serial for phone in phones], random.Random(seed)
    endings: list[tuple[int, float]] = []
    while len(endings) < most and (not endings or endings[-1][0] != 0):
        how = chance.choice([signal.SIGINT, signal.SIGTERM])
        endings.append(run_interrupted(plan, journal, serials, chance.uniform(0.1, 4.0), how))
    assert run_interrupted(plan, journal, serials, within(300), signal.SIGKILL) == (0, 0.0)
    counts = Counter(
        (entry.op, entry.pass_index) for entry in read_journal(journal) if isinstance(entry, Measurement)
    )
    assert counts == {(op, number): 1 for op in ops for number in range(2)}
    return endings


def start_table(model: Path, folder: Path, serial: str) -> subprocess.Popen[str]:
    """Start the one command from a net to its table on a phone."""
    command = [sys.executable, "-m", "tests.phone.run_quick", "table", str(model), "-o", str(folder)]
    few = ("--device", serial, "--passes=4", "--iters=40", "--warmup=4", "--canary-share=0")
    return subprocess.Popen(
        [*command, *few], cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def test_from_a_net_to_its_table_by_one_command_that_is_interrupted_twice(
    quick_phone: QuickPhone, options: PhoneOptions, tmp_path: Path
) -> None:
    pytest.importorskip("onnx", reason="needs the extra `onnx`")
    assert options.ignored_gates == frozenset()
    model, tables = write_common_net("SqueezeNet-1.1", tmp_path), tmp_path / "tables"
    kept = [0]
    with quick_phone() as running:
        for _ in range(2):
            with start_table(model, tables, running.serial) as begun:
                while begun.poll() is None and count_visits(tables) <= kept[-1]:
                    time.sleep(0.02)
                begun.send_signal(signal.SIGINT)
                _, err = begun.communicate(timeout=within(30))
            assert begun.returncode == 130
            assert err.endswith("Interrupted.\n")
            kept.append(count_visits(tables))
        with start_table(model, tables, running.serial) as whole:
            out, err = whole.communicate(timeout=within(300))
    assert whole.returncode == 0, err
    assert 0 < kept[1] < kept[2] < count_visits(tables)
    [table] = tables.glob("*-op_lut_database.json")
    ops = load_model(model).ops
    assert f"Sum of all {len(ops)} operators' medians" in out
    assert f"Table: {table}" in err
    [journal] = tables.glob("*.run.jsonl")
    counts = Counter(
        (entry.op, entry.pass_index) for entry in read_journal(journal) if isinstance(entry, Measurement)
    )
    assert counts == {(op, number): 1 for op in set(ops) for number in range(4)}


def count_visits(folder: Path) -> int:
    """Count the visits in the only journal of a folder, if it is there."""
    lines = (path.read_bytes().count(b'"measurement"') for path in folder.glob("*.run.jsonl"))
    return sum(lines)


@pytest.mark.parametrize("phones", [1, 2])
def test_an_interrupted_run_ends_soon_and_is_finished_later(
    phones: int, quick_phone: QuickPhone, options: PhoneOptions, tmp_path: Path
) -> None:
    assert options.ignored_gates == frozenset()
    with ExitStack() as stack:
        running = [stack.enter_context(quick_phone(f"quick{number}")) for number in range(phones)]
        endings = interrupt_until_done(running, tmp_path, seed=phones, most=2)
    assert {code for code, _ in endings} <= {0, 130}
    assert max(seconds for _, seconds in endings) < within(2)
