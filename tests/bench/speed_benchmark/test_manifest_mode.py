"""Many nets in one process, on the real engine."""

import json
import os
import signal
import subprocess
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.speed_benchmark import Program
from lut.caffe2_pb2 import NetDef
from tests.busy import busy_processor

Nets = tuple[NetDef | bytes, NetDef | bytes]
Event = dict[str, Any]

CPU = min(os.sched_getaffinity(0))
FIRST_CPU = hex(1 << CPU)


def encode(nets: dict[str, Nets]) -> bytes:
    manifest = b"speed_benchmark manifest 1\n"
    for net_id, pair in nets.items():
        init, predict = (net if isinstance(net, bytes) else net.SerializeToString() for net in pair)
        manifest += f"net {net_id} {len(init)} {len(predict)}\n".encode() + init + predict
    return manifest


def start(program: Program, *flags: str, manifest: bytes) -> subprocess.CompletedProcess[bytes]:
    command = [str(program.executable), "--manifest", "-", *flags]
    return subprocess.run(command, input=manifest, capture_output=True, timeout=60, check=False)


def read_events(stdout: bytes) -> list[Event]:
    return [json.loads(line) for line in stdout.decode().splitlines()]


def measure(program: Program, nets: dict[str, Nets], *flags: str) -> list[Event]:
    done = start(program, *flags, manifest=encode(nets))
    assert done.returncode == 0, done.stderr
    return read_events(done.stdout)


def pick(events: list[Event], kind: str) -> list[Event]:
    return [event for event in events if event["event"] == kind]


def test_one_conv_gives_every_sample_and_what_the_engine_made(host_program: Program, conv_nets: Nets) -> None:
    events = measure(host_program, {"conv-1": conv_nets}, "--warmup=2", "--iter", "3", "--cpus", FIRST_CPU)

    assert [event["event"] for event in events] == ["start", "load", "begin", "net", "end"]
    first, _, _, net, last = events
    assert first.items() >= {
        "version": 1, "nets": 1, "passes": 1, "iter": 3, "warmup": 2, "threads": 1, "cpus": FIRST_CPU,
        "engine": host_program.engine,
    }.items()  # fmt: skip
    assert net["id"] == "conv-1"
    assert net["outputs"] == [{"name": "Y", "shape": [1, 7, 7, 16], "dtype": 6}]
    assert (len(net["warmup_ns"]), len(net["samples_ns"]), net["repeats"]) == (2, 3, 1)
    assert all(sample > 0 for sample in net["warmup_ns"] + net["samples_ns"])
    discarded = sum(map(sum, net["discarded"].values()))
    assert net["engine_ns"] == sum(net["warmup_ns"]) + sum(net["samples_ns"]) + discarded
    assert net["khz_before"] is None or net["khz_before"] > 0
    assert last["engine_ns"] == net["engine_ns"]
    assert last["load_ns"] == net["load_ns"] > 0
    assert last["wall_ns"] >= last["engine_ns"] + last["load_ns"]


def test_gaps_are_watched_for_before_the_nets_and_after(host_program: Program, conv_nets: Nets) -> None:
    events = measure(host_program, {"conv-1": conv_nets}, "--gaps-ms=30", "--cpus", FIRST_CPU)
    assert [event["event"] for event in events] == ["start", "gaps", "load", "begin", "net", "gaps", "end"]
    for gaps in pick(events, "gaps"):
        assert gaps["span_ns"] >= 30_000_000
        assert len(gaps["at_ns"]) == len(gaps["took_ns"])
        assert min(gaps["took_ns"], default=1_000) >= 1_000
        ends = [at + took for at, took in zip(gaps["at_ns"], gaps["took_ns"], strict=True)]
        assert all(end <= at for end, at in zip(ends, gaps["at_ns"][1:], strict=False))
        assert max(ends, default=0) <= gaps["span_ns"]


def test_another_program_on_the_processor_is_a_gap(host_program: Program, conv_nets: Nets) -> None:
    with busy_processor(CPU):
        events = measure(host_program, {"conv-1": conv_nets}, "--gaps-ms=200", "--cpus", FIRST_CPU)
    assert sum(sum(gaps["took_ns"]) for gaps in pick(events, "gaps")) > 50_000_000


def test_without_external_output_the_last_operator_tells(host_program: Program, copy_nets: Nets) -> None:
    (net,) = pick(measure(host_program, {"copy": copy_nets}), "net")
    assert net["outputs"] == [{"name": "Y", "shape": [1, 8], "dtype": 1}]


def test_passes_are_separated_and_load_once(host_program: Program, conv_nets: Nets, copy_nets: Nets) -> None:
    events = measure(host_program, {"a": conv_nets, "b": copy_nets}, "--passes=3")
    order = [(event["pass"], event["id"]) for event in pick(events, "net")]
    assert order == [(0, "a"), (0, "b"), (1, "a"), (1, "b"), (2, "a"), (2, "b")]
    assert [event["id"] for event in pick(events, "load")] == ["a", "b"]
    assert [event["load_ns"] > 0 for event in pick(events, "net")] == [True] * 2 + [False] * 4


def test_nets_that_take_turns_are_made_anew_for_each_pass(
    host_program: Program, conv_nets: Nets, copy_nets: Nets
) -> None:
    events = measure(host_program, {"a": conv_nets, "b": copy_nets}, "--passes=2", "--turns=2")
    assert [event["id"] for event in pick(events, "load")] == ["a", "b"] * 2
    assert all(event["load_ns"] > 0 for event in pick(events, "net"))


def test_a_seed_gives_each_pass_its_own_order_again_and_again(host_program: Program, copy_nets: Nets) -> None:
    nets = {f"n{index}": copy_nets for index in range(12)}

    def orders(seed: int) -> list[list[str]]:
        events = pick(measure(host_program, nets, "--passes=2", f"--seed={seed}", "--iter=1"), "net")
        return [[event["id"] for event in events if event["pass"] == number] for number in range(2)]

    first, second = orders(7)
    assert sorted(first) == sorted(second) == sorted(nets)
    assert first != second
    assert orders(7) == [first, second]
    assert orders(8) != [first, second]


def test_a_failing_net_is_a_line_and_is_not_tried_again(
    host_program: Program, conv_nets: Nets, unknown_nets: Nets
) -> None:
    nets: dict[str, Nets] = {
        "op": unknown_nets,
        "bytes": (b"\xff\xff", b"\xff\xff"),
        "empty": (b"", b""),
        "init": (unknown_nets[1], conv_nets[1]),
        "input": (b"", conv_nets[1]),
        "output": (conv_nets[0], NetDef.FromString(_serialise(conv_nets[1]) + _external_output("Z"))),
        "fine": conv_nets,
    }
    events = measure(host_program, nets, "--passes=2")
    errors = {event["id"]: event for event in pick(events, "error")}
    assert {net_id: error["stage"] for net_id, error in errors.items()} == {
        "op": "create", "bytes": "parse", "empty": "parse", "init": "init", "input": "create",
        "output": "create",
    }  # fmt: skip
    assert len(pick(events, "error")) == len(errors)
    assert "NoSuchOperator" in errors["op"]["message"]
    assert all("\n" not in error["message"] and len(error["message"]) <= 610 for error in errors.values())
    assert [event["id"] for event in pick(events, "net")] == ["fine", "fine"]


def _serialise(net: NetDef | bytes) -> bytes:
    return net if isinstance(net, bytes) else net.SerializeToString()


def _external_output(name: str) -> bytes:
    return NetDef(external_output=[name]).SerializeToString()


def test_an_abort_leaves_the_guilty_net_on_the_last_line(
    host_program: Program, conv_nets: Nets, aborting_nets: Nets
) -> None:
    nets: dict[str, Nets] = {"fine": conv_nets, "aborts": aborting_nets, "never": conv_nets}
    done = start(host_program, manifest=encode(nets))
    assert done.returncode == -signal.SIGABRT
    events = read_events(done.stdout)
    assert [event["id"] for event in pick(events, "net")] == ["fine"]
    assert events[-1] == {"event": "begin", "id": "aborts"}


def test_threads_change_the_workers_and_not_the_result(host_program: Program, conv_nets: Nets) -> None:
    def busy_threads(count: int) -> tuple[int, Any]:
        nets: dict[str, Nets] = {"a": conv_nets, "b": conv_nets}
        command = [str(host_program.executable), "--manifest=-", f"--threads={count}", "--iter=10000"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(encode(nets))
            process.stdin.close()
            for line in process.stdout:
                event = json.loads(line)
                if event["event"] == "net":
                    break
            # Of the first net's 10 000 runs every worker has its share of processor time by now.
            stats = [path.read_text() for path in Path(f"/proc/{process.pid}/task").glob("*/stat")]
            process.kill()
        used = [sum(map(int, stat.rsplit(")", 1)[1].split()[11:13])) for stat in stats]
        return sum(ticks > 2 for ticks in used), event["outputs"]

    one, two = busy_threads(1), busy_threads(2)
    assert (one[0], two[0]) == (1, 2)
    assert one[1] == two[1]


def test_cpus_are_put_in_force_or_refused(host_program: Program, copy_nets: Nets) -> None:
    manifest = encode({"copy": copy_nets})
    absent = start(host_program, "--cpus", "0x8" + "0" * 200, manifest=manifest)
    assert (absent.returncode, absent.stdout) == (3, b"")
    assert b"can't be set here" in absent.stderr

    partly = hex(int(FIRST_CPU, 16) | 1 << 1000)
    missing = start(host_program, "--cpus", partly, manifest=manifest)
    assert (missing.returncode, missing.stdout) == (3, b"")
    assert f"asked for --cpus={partly}, in force is {FIRST_CPU}".encode() in missing.stderr

    for nonsense in ("0x", "0", "cpu0"):
        assert start(host_program, "--cpus", nonsense, manifest=manifest).returncode == 2


def test_short_nets_are_repeated_within_a_sample(
    host_program: Program, conv_nets: Nets, copy_nets: Nets
) -> None:
    nets: dict[str, Nets] = {"conv": conv_nets, "copy": copy_nets}
    conv, copy = pick(measure(host_program, nets, "--min-sample-us=2"), "net")
    assert conv["repeats"] == 1
    assert copy["repeats"] > 1
    means = [*copy["samples_ns"], *copy["discarded"]["preempted"]]
    timed = sum(means) * copy["repeats"]
    assert 0 <= copy["engine_ns"] - sum(copy["warmup_ns"]) - timed < len(means) * copy["repeats"]

    no_warmup = start(host_program, "--min-sample-us=10", "--warmup=0", manifest=encode(nets))
    assert no_warmup.returncode == 2


def test_binding_is_eager_whoever_starts_it(host_program: Program, copy_nets: Nets, tmp_path: Path) -> None:
    manifest = tmp_path / "manifest"
    manifest.write_bytes(encode({"copy": copy_nets}))
    command = [str(host_program.executable), "--manifest", str(manifest), "--iter=200000"]
    for environment in ({}, {"LD_BIND_NOW": ""}, {"LD_BIND_NOW": "1"}):
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            begun = json.loads(process.stdout.readline())
            own = Path(f"/proc/{process.pid}/environ").read_bytes()
            arguments = Path(f"/proc/{process.pid}/cmdline").read_bytes()
            process.kill()
        assert begun["pid"] == process.pid
        assert [entry for entry in own.split(b"\0") if entry.startswith(b"LD_BIND")] == [b"LD_BIND_NOW=1"]
        assert arguments.split(b"\0")[:-1] == [word.encode() for word in command]


def test_stdout_holds_nothing_but_events(host_program: Program, copy_nets: Nets) -> None:
    odd = NetDef()
    odd.CopyFrom(copy_nets[1]) if isinstance(copy_nets[1], NetDef) else None
    raw = odd.SerializeToString().replace(b"Copy", b'\x01\xff"\\')
    (error,) = pick(measure(host_program, {"odd": (copy_nets[0], raw)}), "error")
    assert '\x01\ufffd"\\' in error["message"]


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        (b"", "does not end"),
        (b"speed_benchmark manifest 2\n", "the first line must be"),
        (b"speed_benchmark manifest 1\n", "holds no net"),
        (b"speed_benchmark manifest 1\nnet a 1 0", "does not end"),
        (b"speed_benchmark manifest 1\nnet a 1 0\n", "should have 1 more bytes, the file has 0"),
        (b"speed_benchmark manifest 1\nnet a 0 9999999999\n", 'expected "net'),
        (b"speed_benchmark manifest 1\nnet a 0 -1\n", 'expected "net'),
        (b"speed_benchmark manifest 1\nnet a 0 00\n", 'expected "net'),
        (b"speed_benchmark manifest 1\nnet a/b 0 0\n", 'expected "net'),
        (b"speed_benchmark manifest 1\nnet a  0\n", 'expected "net'),
        (b"speed_benchmark manifest 1\nnet a 0 0\nnet a 0 0\n", "second time"),
        (b"speed_benchmark manifest 1\n" + b"n" * 1000 + b"\n", "does not end"),
    ],
)
def test_a_malformed_manifest_is_refused_before_anything_runs(
    host_program: Program, manifest: bytes, reason: str
) -> None:
    done = start(host_program, manifest=manifest)
    assert (done.returncode, done.stdout) == (4, b"")
    assert reason in done.stderr.decode()


def test_an_absent_manifest_is_named(host_program: Program, tmp_path: Path) -> None:
    command = [str(host_program.executable), "--manifest", str(tmp_path / "none")]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 4
    assert str(tmp_path / "none") in done.stderr.decode()


# The nets hold no operator and the bytes of a header can't become one: nothing here may reach the engine.
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_corrupted_manifest_never_crashes(host_program: Program, data: st.DataObject) -> None:
    whole = encode(dict.fromkeys(["a", "b.c", "d-e_f"], (b"\x0a\x01i", b"\x0a\x01p")))
    cut = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(cut, min(len(whole), cut + 4)))
    corrupted = whole[:cut] + data.draw(st.binary(max_size=4)) + whole[end:]
    done = start(host_program, manifest=corrupted)
    assert done.returncode in (0, 4), done.stderr
    events = read_events(done.stdout)
    if done.returncode == 4:
        assert events == []
        assert b"malformed" in done.stderr
    else:
        assert len(pick(events, "error")) == events[0]["nets"]
        assert events[-1]["event"] == "end"


def test_the_phones_program_runs_from_its_own_folder(
    arm64_program: Program, conv_nets: Nets, unknown_nets: Nets, tmp_path: Path
) -> None:
    """As on a phone: an own loader, libraries beside the program, an empty environment. qemu can't
    restart a program, so the launch line sets LD_BIND_NOW; without it the program refuses."""
    manifest = tmp_path / "manifest"
    manifest.write_bytes(encode({"conv": conv_nets, "op": unknown_nets}))
    libraries = arm64_program.library_dir
    program = [str(libraries / "ld-linux-aarch64.so.1"), "--library-path", str(libraries)]
    program += [str(arm64_program.executable), "--manifest", str(manifest), "--threads=2", "--iter=2"]

    def launch(*qemu: str) -> subprocess.CompletedProcess[bytes]:
        command = ["qemu-aarch64-static", *qemu, *program]
        return subprocess.run(command, env={"PATH": os.environ["PATH"]}, capture_output=True, check=False)

    done = launch("-E", "LD_BIND_NOW=1")
    assert done.returncode == 0, done.stderr
    events = read_events(done.stdout)
    assert events[0]["engine"] == arm64_program.engine
    (net,) = pick(events, "net")
    assert net["outputs"] == [{"name": "Y", "shape": [1, 7, 7, 16], "dtype": 6}]
    assert [error["stage"] for error in pick(events, "error")] == ["create"]

    lazy = launch()
    assert lazy.returncode in (0, 3)  # 0 where the kernel knows how to start arm64 programs by itself
    assert (lazy.returncode == 3) == (b"bound lazily" in lazy.stderr)


def test_neighbours_take_turns(host_program: Program, conv_nets: Nets, copy_nets: Nets) -> None:
    nets: dict[str, Nets] = {"a": conv_nets, "b": copy_nets, "c": copy_nets, "d": conv_nets, "e": copy_nets}
    events = measure(host_program, nets, "--turns=2", "--iter=4", "--fill-bytes=1000000")
    # Five nets in groups of two or nearly; each is begun as a whole before it takes turns.
    words = [
        event.get("id", event["event"]) for event in events if event["event"] in ("begin", "turns", "net")
    ]
    assert words == ["a", "a", "b", "c", "turns", "b", "c", "d", "e", "turns", "d", "e"]
    assert [len(net["samples_ns"]) for net in pick(events, "net")] == [4] * 5


def test_a_crash_in_turns_names_the_net(host_program: Program, conv_nets: Nets, aborting_nets: Nets) -> None:
    nets: dict[str, Nets] = {"fine": conv_nets, "aborts": aborting_nets}
    done = start(host_program, "--turns=2", "--warmup=0", manifest=encode(nets))
    assert done.returncode == -signal.SIGABRT
    events = read_events(done.stdout)
    assert pick(events, "turns")
    assert events[-1] == {"event": "begin", "id": "aborts"}


def test_warmup_ends_when_averages_agree(host_program: Program, conv_nets: Nets) -> None:
    (sure,) = pick(measure(host_program, {"a": conv_nets}, "--warmup=500", "--warmup-share=0.5"), "net")
    assert 3 <= len(sure["warmup_ns"]) < 500
    (unsure,) = pick(measure(host_program, {"a": conv_nets}, "--warmup=20", "--warmup-share=0"), "net")
    assert len(unsure["warmup_ns"]) == 20


def test_runs_go_on_until_the_median_is_known(host_program: Program, conv_nets: Nets) -> None:
    nets: dict[str, Nets] = {"a": conv_nets}
    bounds = ("--iter=60", "--most-iter=90")
    (known,) = pick(measure(host_program, nets, *bounds, "--p50-share=10"), "net")
    assert len(known["samples_ns"]) == 60
    (never,) = pick(measure(host_program, nets, *bounds, "--p50-share=0.0000001"), "net")
    assert 60 < len(never["samples_ns"]) <= 90
    assert len(never["samples_ns"]) + len(never["discarded"]["preempted"]) >= 90


@pytest.mark.parametrize("part", ["--canary-ns=1", "--canary-memory-ns=1"])
def test_a_canary_that_is_never_as_fast_marks_the_visit(
    part: str, host_program: Program, conv_nets: Nets
) -> None:
    nets: dict[str, Nets] = {"bird": conv_nets, "a": conv_nets}
    (net,) = pick(events := measure(host_program, nets, "--canary=bird", part, "--iter=3"), "net")
    assert (net["settled"], net["spoilt_by"]) == (False, "canary")
    assert len(net["samples_ns"]) == 3  # kept, since there are no others
    assert net["canary_before_ns"] > 1
    assert net["canary_after_ns"] > 1
    assert net["memory_before_ns"] > 1
    assert net["memory_after_ns"] > 1
    assert events[-1]["canary_ns"] > 1
    assert events[-1]["canary_memory_ns"] > 1


def test_a_canary_as_fast_as_usual_lets_figures_pass(host_program: Program, conv_nets: Nets) -> None:
    nets: dict[str, Nets] = {"bird": conv_nets, "a": conv_nets}
    usual = ("--canary-ns=1000000000", "--canary-memory-ns=1000000000")
    (net,) = pick(measure(host_program, nets, "--canary=bird", *usual), "net")
    assert net["settled"] is True
    assert net["discarded"]["canary"] == []
    absent = start(host_program, "--canary=nobody", manifest=encode(nets))
    assert absent.returncode == 2


@pytest.mark.parametrize("threads", [1, 2])
def test_a_net_that_never_has_the_processor_to_itself_is_marked(
    threads: int, host_program: Program, long_nets: Nets
) -> None:
    # Both on the first processor: every run is longer than a time slice.
    with busy_processor(CPU):
        events = measure(
            host_program,
            {"a": long_nets},
            "--cpus",
            FIRST_CPU,
            f"--threads={threads}",
            "--iter=3",
            "--warmup=0",
        )
    (net,) = pick(events, "net")
    assert (net["settled"], net["spoilt_by"]) == (False, "preempted")
    assert len(net["samples_ns"]) + len(net["discarded"]["preempted"]) > 3


def test_short_runs_find_their_place_between_time_slices(host_program: Program, conv_nets: Nets) -> None:
    quiet = measure(host_program, {"a": conv_nets}, "--cpus", FIRST_CPU, "--iter=2000")
    with busy_processor(CPU):
        busy = measure(host_program, {"a": conv_nets}, "--cpus", FIRST_CPU, "--iter=2000")
    (alone,), (disturbed,) = pick(quiet, "net"), pick(busy, "net")
    assert disturbed["settled"] is True
    assert len(disturbed["samples_ns"]) == 2000
    assert disturbed["discarded"]["preempted"]
    assert max(disturbed["samples_ns"]) < min(disturbed["discarded"]["preempted"]) + 10_000_000
    assert median(disturbed["samples_ns"]) < 2 * median(alone["samples_ns"])


def test_a_net_that_fails_when_warming_up_does_not_name_itself_for_the_next_ones_crash(
    host_program: Program, refusing_nets: Nets, aborting_while_loaded_nets: Nets
) -> None:
    nets: dict[str, Nets] = {"refuses": refusing_nets, "aborts": aborting_while_loaded_nets}
    done = start(host_program, manifest=encode(nets))
    assert done.returncode == -signal.SIGABRT
    events = read_events(done.stdout)
    assert [event["event"] for event in events] == ["start", "load", "begin", "error", "load"]
    assert (events[-2]["id"], events[-2]["stage"]) == ("refuses", "warmup")
    assert events[-1]["id"] == "aborts"
