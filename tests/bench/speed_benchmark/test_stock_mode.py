"""One net with the upstream program's flags and output."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from bench.speed_benchmark import Program
from lut.caffe2_pb2 import NetDef
from tests.busy import busy_processor

Nets = tuple[NetDef, NetDef]


def run(program: Program, *flags: str) -> subprocess.CompletedProcess[str]:
    command = [str(program.executable), *flags]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def write_nets(nets: Nets, folder: Path) -> list[str]:
    paths = [folder / "init_net.pb", folder / "predict_net.pb"]
    for path, net in zip(paths, nets, strict=True):
        path.write_bytes(net.SerializeToString())
    return ["--init_net", str(paths[0]), f"--net={paths[1]}"]


def test_prints_what_upstream_prints(host_program: Program, conv_nets: Nets, tmp_path: Path) -> None:
    flags = write_nets(conv_nets, tmp_path)
    done = run(host_program, *flags, "--warmup", "1", "--iter", "3", "--run_individual", "true")
    assert done.returncode == 0, done.stderr
    number = r"[\d.e+-]+"
    main = rf"Main run finished\. Milliseconds per iter: {number}\. Iters per second: {number}"
    assert re.search(main, done.stdout)
    assert re.search(rf"Operator #0 \(Y, Int8Conv\) {number} ms/iter", done.stdout)

    whole = run(host_program, *flags, "--iter=1", "-run_individual=false")
    assert re.search(main, whole.stdout)
    assert "Operator #0" not in whole.stdout


def test_creates_inputs_and_writes_outputs(host_program: Program, copy_nets: Nets, tmp_path: Path) -> None:
    flags = write_nets((NetDef(name="empty"), copy_nets[1]), tmp_path)
    flags += ["--input=X,Z", "--input_dims=1,8;2,3"]
    done = run(
        host_program, *flags, "--input_type=float;uint8_t", "--output=*", f"--output_folder={tmp_path}"
    )
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.iterdir()} >= {"X", "Y", "Z"}
    # A BlobProto, whose first field is the blob's name.
    assert (tmp_path / "Y").read_bytes().startswith(b"\x0a\x01Y")

    assert run(host_program, *flags, "--input_type=float;int99").returncode == 2
    assert run(host_program, *flags, "--input_type=float").returncode == 2
    odd = run(host_program, *flags, "--input_type=float;float", "--input_dims=1,x;1")
    assert (odd.returncode, "is no list of dimensions" in odd.stderr) == (2, True)
    absent = run(host_program, *flags, "--input_type=float;uint8_t", "--output=nope")
    assert (absent.returncode, "no blob nope" in absent.stderr) == (2, True)


def test_reads_text_nets(host_program: Program, tmp_path: Path) -> None:
    (tmp_path / "init.pbtxt").write_text('name: "i"')
    op = 'op { output: "Y" type: "ConstantFill" arg { name: "shape" ints: 4 } }'
    (tmp_path / "net.pbtxt").write_text(f'name: "n" {op}')
    done = run(host_program, f"--init_net={tmp_path}/init.pbtxt", f"--net={tmp_path}/net.pbtxt", "--iter=1")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("flags", [[], ["--run_individual"]], ids=["whole", "operators"])
def test_runs_that_share_the_processor_are_no_figures_without_a_warning(
    flags: list[str], host_program: Program, long_nets: Nets, tmp_path: Path
) -> None:
    core = max(os.sched_getaffinity(0))
    with busy_processor(core):
        done = run(
            host_program, *write_nets(long_nets, tmp_path), f"--cpus={1 << core:x}", "--iter=5", *flags
        )
    assert "Main run finished" in done.stdout
    assert "warning: other programs had the processor in" in done.stderr


def test_a_net_that_fails_or_is_absent_is_named(
    host_program: Program, unknown_nets: Nets, tmp_path: Path
) -> None:
    failed = run(host_program, *write_nets(unknown_nets, tmp_path))
    assert failed.returncode == 6
    assert "NoSuchOperator" in failed.stderr
    absent = run(host_program, f"--init_net={tmp_path}/none.pb", f"--net={tmp_path}/predict_net.pb")
    assert absent.returncode == 4
    assert f"--init_net={tmp_path}/none.pb is no readable NetDef" in absent.stderr


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--nets=x"], "unknown argument --nets=x"),
        (["net"], "unknown argument net"),
        (["--net"], "--net needs a value"),
        (["--net=x", "--iter=0"], "--iter=0 must be a whole number from 1"),
        (["--net=x", "--threads=many"], "--threads=many must be"),
        (["--net=x", "--run_individual=maybe"], "must be true or false"),
        (["--net=x", "--manifest=y"], "exclude each other"),
        (["--manifest=y", "--min-sample-us=-1"], "must be a number of microseconds"),
        (["--manifest=y", "--seed=-1"], "must be a whole number"),
        ([], "--manifest or --net is needed"),
        (["--net=x"], "--init_net is needed"),
    ],
)
def test_wrong_usage_is_one_sentence(host_program: Program, flags: list[str], sentence: str) -> None:
    done = run(host_program, *flags)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr


def test_tells_its_version_and_its_flags(host_program: Program) -> None:
    assert run(host_program, "--version").stdout == f"speed_benchmark 1, {host_program.engine}\n"
    usage = run(host_program, "--help").stdout
    assert all(flag in usage for flag in ("--net", "--init_net", "--manifest", "--min-sample-us"))
