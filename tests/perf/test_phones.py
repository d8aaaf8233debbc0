"""What measuring over ADB costs beyond the program itself, and what several phones gain."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

from bench.campaign import run_plan
from bench.device_runner import AdbRoute, PhoneOptions, open_device
from bench.device_runner.phone.adb import DirectChannel
from bench.device_runner.phone.bundle import FOLDER
from bench.device_runner.phone.connection import Connection, Patience
from bench.device_runner.program.manifest import encode_manifest
from bench.engines import CAFFE2, build_nets
from lut.entries import RunConfig
from lut.ops import FLOAT, OpSpec, TensorSpec
from tests.phone.conftest import QuickPhone, keys, options, own_program, prepared_storage, quick_phone
from tests.phone.running import run_phone
from tests.phone.userland import OWN

__all__ = ["keys", "options", "own_program", "prepared_storage", "quick_phone"]

CONFIG = RunConfig(passes=1, iters=10, warmup=2)


def relus(count: int) -> list[OpSpec]:
    return [OpSpec.of("Relu", [TensorSpec((1, n, 8, 8), FLOAT)], order="NCHW") for n in range(1, count + 1)]


def test_500_operators_in_a_block_and_the_naive_way(
    quick_phone: QuickPhone, options: PhoneOptions, tmp_path: Path
) -> None:
    ordinary = replace(options, patience=Patience())
    with quick_phone() as running:
        with closing(open_device(running.serial, AdbRoute("direct"), ordinary)) as device:
            device.prepare(lambda _: None)
            started = time.monotonic()
            summary = run_plan(relus(500), device, CONFIG, tmp_path / "run.jsonl")
            wall_s = time.monotonic() - started
        own_s = program_s(running.serial)
        naive_s = naive_op_s(running.serial, relus(10))
    ours_s = wall_s - own_s
    print(
        f"\n500 ops: {wall_s:.2f} s, the program alone {own_s:.2f} s; over ADB {ours_s:.2f} s more, "
        f"{ours_s * 2:.2f} ms an op.\nEach op beyond its engine time: ours "
        f"{(wall_s - summary.engine_s) * 2:.2f} ms, naive {naive_s * 1000:.0f} ms, "
        f"{naive_s * 500 / (wall_s - summary.engine_s):.0f} times as much."
    )
    assert summary.measured == 500
    assert ours_s <= 2
    assert ours_s * 1000 / 500 <= 5
    assert naive_s * 500 >= 20 * (wall_s - summary.engine_s)


def bundle_start(connection: Connection) -> str:
    [name] = connection.check(f"ls {FOLDER}/bundles", "list").split()
    folder = f"{FOLDER}/bundles/{name}"
    loader = "ld-linux-x86-64.so.2"
    return f"LD_BIND_NOW=1 {folder}/{loader} --library-path {folder} {folder}/speed_benchmark"


def program_s(serial: str) -> float:
    """How long the program takes on the phone for the same manifest, started by hand."""
    connection = Connection(DirectChannel(serial), Patience())
    connection.connect()
    connection.push(encode_manifest(map(CAFFE2.lower, relus(500))), f"{FOLDER}/m")
    command = (
        f"{bundle_start(connection)} --manifest={FOLDER}/m --passes=1 --warmup=2 --iter=10 >/dev/null 2>&1"
    )
    # Three starts in one command, less one: what ADB adds to a command falls out.
    times = []
    for count in (1, 3):
        started = time.monotonic()
        connection.check("; ".join([command] * count), "run it", 120)
        times.append(time.monotonic() - started)
    connection.check(f"rm {FOLDER}/m", "remove it")
    connection.close()
    return (times[1] - times[0]) / 2


def naive_op_s(serial: str, ops: list[OpSpec]) -> float:
    """Two files and one process for each operator; seconds an operator beyond the engine's runs."""
    connection = Connection(DirectChannel(serial), Patience())
    connection.connect()
    start = bundle_start(connection)
    began = time.monotonic()
    for op in ops:
        nets = build_nets(op)
        connection.push(nets.init_net.SerializeToString(), f"{FOLDER}/i.pb")
        connection.push(nets.predict_net.SerializeToString(), f"{FOLDER}/p.pb")
        said = connection.check(
            f"{start} --init_net={FOLDER}/i.pb --net={FOLDER}/p.pb --warmup=2 --iter=10 2>&1", "run it"
        )
        assert "Main run finished" in said
    took = time.monotonic() - began
    connection.close()
    return took / len(ops)


def test_three_phones_take_a_third_of_the_time(options: PhoneOptions, tmp_path: Path) -> None:
    """The time on the phones is slept: this machine's cores would limit three engines."""
    sleeper = tmp_path / "speed_benchmark"
    sleeper.write_text(
        "#!/system/bin/sh\n# it has --run_individual\nsleep 2\n"
        "echo 'Main run finished. Milliseconds per iter: 2000.0. Iters per second: 0.5'\n"
    )
    sleeping = replace(options, binary=sleeper)
    took = []
    for count in (1, 3):
        with ExitStack() as stack:
            phones = [
                stack.enter_context(run_phone(f"sleepy{count}{n}", architecture=OWN)) for n in range(count)
            ]
            devices = [
                stack.enter_context(closing(open_device(phone.serial, AdbRoute("direct"), sleeping)))
                for phone in phones
            ]
            started = time.monotonic()
            summary = run_plan(relus(36), devices, CONFIG, tmp_path / f"{count}.jsonl")
            took.append(time.monotonic() - started)
            assert summary.measured == 36
    print(
        f"\n36 sleeping operators: one phone {took[0]:.1f} s, three {took[1]:.1f} s: {took[1] / took[0]:.2f}."
    )
    assert took[1] <= 0.4 * took[0]
