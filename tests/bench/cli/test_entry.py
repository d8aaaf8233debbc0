"""The command line `bench`, as its user types it."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

import bench.engines.caffe2.nets
from bench.cli import entry as cli
from bench.cli import run as cli_run
from bench.device_runner import HostDevice
from bench.engines import Engine
from lut.cache import default_cache
from lut.cli import console
from lut.drift import ResumedTimes, RunDrift
from lut.plan import read_plan, write_plan
from lut.zoo import write_net
from tests.bench.conftest import Bench, int8_conv, relu, slow_conv, softmax


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    write_plan([int8_conv(), relu(4)], tmp_path / "plan.jsonl")
    return tmp_path / "plan.jsonl"


def commands() -> list[click.Command]:
    return list(cli.cli.commands.values())


@pytest.mark.parametrize("command", commands(), ids=lambda command: str(command.name))
def test_every_command_has_help_with_an_example(command: click.Command) -> None:
    assert command.help is not None
    assert f"Example:\n  bench {command.name}" in inspect.cleandoc(command.help)
    options = [each for each in command.params if isinstance(each, click.Option) and not each.help]
    assert [each.name for each in options if each.name != "target"] == []


def test_devices_lists_the_host(bench_command: Bench) -> None:
    code, out, _ = bench_command("devices")
    name = HostDevice().info.name
    assert code == 0
    assert out.splitlines()[:2] == ["SERIAL           KIND   NAME", f"host             host   {name}"]
    assert bench_command("devices", "--name", "host") == (0, f"{name}\n", "")
    (row,) = json.loads(bench_command("devices", "--json")[1])
    assert (row["serial"], row["kind"], row["name"]) == ("host", "host", name)


def test_build_prints_the_program_and_does_nothing_the_second_time(bench_command: Bench) -> None:
    code, out, _ = bench_command("build")
    assert code == 0
    assert Path(out.strip()).is_file()
    assert bench_command("build") == (0, out, "")


def test_an_interrupted_build_says_how_it_goes_on(
    bench_command: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Engine, "build", interrupt)
    code, out, err = bench_command("build")
    assert (code, out) == (130, "")
    assert err.count("\n") == 1
    assert "the same command goes on from there" in err


def test_generate_writes_each_operator_once(bench_command: Bench, tmp_path: Path) -> None:
    folder = write_net("FBNet-96", "int8", tmp_path)
    plan = tmp_path / "plan.jsonl"
    arguments = ("generate", "--space", "models", "--model", folder, "--model", folder, "-o", plan)
    assert bench_command(*arguments) == (0, "", f"{plan}: 37 operators\n")
    assert len(set(read_plan(plan))) == len(list(read_plan(plan))) == 37
    assert bench_command(*arguments, "-q") == (0, "", "")


def test_generate_takes_the_input_dims_it_is_given(bench_command: Bench, tmp_path: Path) -> None:
    folder = write_net("FBNet-96", "int8", tmp_path)
    plan = tmp_path / "plan.jsonl"
    dims = '{"data": [1, 3, 64, 64]}'
    code, _, err = bench_command(
        "generate", "--space", "models", "--model", folder, "-o", plan, "--input_dims", dims
    )
    # The last pooling's kernel of 3 does not fit the feature map of a smaller image.
    assert code == 4
    assert "does not fit an input of (2, 2)" in err
    assert not plan.exists()


def test_generate_writes_stock_nets(bench_command: Bench, tmp_path: Path) -> None:
    folder = write_net("FBNet-96", "fp32", tmp_path)
    plan, nets = tmp_path / "plan.jsonl", tmp_path / "nets"
    code, _, _ = bench_command("generate", "--space", "models", "--model", folder, "-o", plan, "--nets", nets)
    assert code == 0
    ids = {op.id for op in read_plan(plan)}
    assert {path.name for path in nets.iterdir()} == ids
    for folder in nets.iterdir():
        assert sorted(path.name for path in folder.iterdir()) == ["init_net.pb", "predict_net.pb"]


def test_generate_without_nets_says_what_it_needs(bench_command: Bench, tmp_path: Path) -> None:
    code, _, err = bench_command("generate", "--space", "models", "-o", tmp_path / "plan.jsonl")
    assert code == 4
    assert err == "error: The space `models` needs nets: give one or more by --model.\n"


def test_run_measures_and_sums_up(bench_command: Bench, plan: Path, tmp_path: Path) -> None:
    journal = tmp_path / "run.jsonl"
    command = ("run", plan, "-o", journal, "--device=host", "--iters=2", "--warmup=1", "--passes=2")
    code, out, err = bench_command(*command)
    first, second, *_ = err.splitlines()
    assert (code, out) == (0, "")
    assert first == f"{journal}: 2 operators measured in 4 visits, 0 done before, 0 failed."
    assert re.fullmatch(r"Took [\d.]+ s, [\d.]+ s of it measuring\.", second)
    code, out, err = bench_command(*command)
    assert (code, out) == (0, "")
    assert err == f"{journal}: 0 operators measured in 0 visits, 2 done before, 0 failed.\n"


def test_a_device_that_nobody_chose_is_named(bench_command: Bench, plan: Path, tmp_path: Path) -> None:
    journal = tmp_path / "run.jsonl"
    _, _, err = bench_command("run", plan, "-o", journal, "--iters=2", "--warmup=1", "--passes=2")
    begun, ended, *_ = err.splitlines()
    name = HostDevice().info.name
    assert begun == f"Measuring on this computer, {name}: no phone was found."
    assert ended == f"Measured on this computer, {name}: no phone was found."


@pytest.mark.parametrize("factor", [0.98, 1.5])
def test_run_says_how_the_device_changed_and_warns_above_3_percent(
    factor: float, bench_command: Bench, plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ResumedTimes, "compare", lambda _: RunDrift(factor, 312))
    options = ["-o", tmp_path / "run.jsonl", "--iters=2", "--warmup=1", "--passes=2"]
    code, out, err = bench_command("run", plan, *options)
    assert (code, out) == (0, "")
    said = {
        0.98: "The device was 2.0 % faster than in the journal before this run (by 312 operators measured in "
        "both).",
        1.5: "The device was 50.0 % slower than in the journal before this run (by 312 operators measured in "
        "both).\n"
        "Warning: more than 3 % apart, so a table of this journal mixes two speeds of the device. Let it "
        "settle and measure the plan again into another journal, or merge this one and check with "
        "`bench validate` how far sums are off.",
    }[factor]
    assert said in err
    assert ("Warning" in err) is (factor > 1.03)
    assert bench_command("run", plan, "-q", *options) == (0, "", "")


def test_run_shows_a_line_a_device_on_a_terminal(
    bench_command: Bench, plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    slow = tmp_path / "slow.jsonl"  # a bar is drawn ten times a second
    write_plan([slow_conv()], slow)
    code, out, err = bench_command("run", slow, "-o", tmp_path / "run.jsonl", "--passes=2")
    assert (code, out) == (0, "")
    assert re.search(
        r"\rhost +50%\|.{12}\| 1/2(, \d:\d\d:\d\d left)?, 0 failed, .*Int8Conv \[1,112,112,64\]", err
    )
    assert "run.jsonl: 1 operators measured in 2 visits" in err
    assert bench_command("run", plan, "-o", tmp_path / "quiet.jsonl", "--passes=1", "-q") == (0, "", "")


def test_run_pins_one_core_unless_told(bench_command: Bench, plan: Path, tmp_path: Path) -> None:
    journal = tmp_path / "run.jsonl"
    bench_command("run", plan, "-o", journal, "--passes=1", "--device-name", "host-1", "--cpus", "1")
    segment = json.loads(journal.read_text().splitlines()[0])
    assert (segment["config"]["cpus"], segment["device"]["name"]) == ("0x1", "host-1")
    _, _, err = bench_command("run", plan, "-o", journal, "--passes=1", "--device-name", "host-1")
    assert "0 operators measured in 0 visits, 2 done before" in err, "it stays on its processors"
    other = tmp_path / "other.jsonl"
    bench_command("run", plan, "-o", other, "--passes=1")
    segment = json.loads(other.read_text().splitlines()[0])
    assert segment["config"]["cpus"] == HostDevice().default_cpus(1)


def test_run_with_a_failing_operator_ends_with_6(
    bench_command: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_plan([softmax(), relu(4)], tmp_path / "plan.jsonl")
    monkeypatch.setattr(bench.engines.caffe2.nets, "PROBABILITY_SCALE", 0.1)  # aborts the engine
    journal = tmp_path / "run.jsonl"
    code, _, err = bench_command("run", tmp_path / "plan.jsonl", "--device=host", "-o", journal)
    assert code == 6
    *_, head, failure, end = err.splitlines()
    assert head == "error: 1 of 2 operators could not be measured:"
    assert failure.startswith("  Int8Softmax [1,10] order=NHWC (crash: ")
    assert end == f'They are the lines of kind "failure" in {journal}. --retry-failed tries them again.'

    code, _, err = bench_command("run", tmp_path / "plan.jsonl", "--device=host", "-o", journal)
    assert code == 0
    assert "1 of those done before failed then; --retry-failed tries them again." in err.splitlines()

    monkeypatch.undo()  # the engine does not abort any more
    code, _, err = bench_command(
        "run", tmp_path / "plan.jsonl", "--device=host", "-o", journal, "--retry-failed"
    )
    assert code == 0
    assert "1 operators measured in 4 visits, 1 done before, 0 failed." in err

    _, _, err = bench_command("run", tmp_path / "plan.jsonl", "--device=host", "-o", journal)
    assert err == f"{journal}: 0 operators measured in 0 visits, 2 done before, 0 failed.\n"


def test_the_host_is_not_measured_by_a_program_for_phones(
    bench_command: Bench, plan: Path, tmp_path: Path
) -> None:
    (tmp_path / "program").touch()
    run = ("run", plan, "--device", "host", "--binary", tmp_path / "program", "-o", tmp_path / "run.jsonl")
    code, _, err = bench_command(*run)
    assert code == 3
    assert err.startswith("error: --binary is a program for phones, but this run measures this machine.")
    assert not (tmp_path / "run.jsonl").exists()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "holds no operator. Make a plan by `bench generate`."),
        (b"{}\n", ":1 is not an operator: Object missing required field `op_type`"),
        (b"\xff\xfe\n", ":1 is not an operator: "),
        (
            b'{"op_type": "Int8Magic", "op_args": [], "input_shapes": [[1]], "input_dtypes": [6]}\n',
            ":1: Int8Magic is an operator type that has no rule.",
        ),
        (
            b'{"op_type": "Int8Sum", "op_args": [], "input_shapes": [[1], [2]], "input_dtypes": [6, 6]}\n',
            ":1: Int8Sum [1] [2]: its inputs differ in shape: [1] and [2].",
        ),
    ],
    ids=["empty", "no operator", "no text", "unknown type", "misfit"],
)
def test_a_bad_plan_is_told_and_nothing_is_written(
    content: bytes, sentence: str, bench_command: Bench, tmp_path: Path
) -> None:
    plan, journal = tmp_path / "plan.jsonl", tmp_path / "run.jsonl"
    plan.write_bytes(content)
    code, out, err = bench_command("run", plan, "-o", journal)
    assert (code, out) == (4, "")
    assert err.startswith(f"error: {plan}")
    assert sentence in err
    assert not journal.exists()


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("--device", "R58M"), 3, "No device has the serial 'R58M'. Attached: host."),
        (("--cpus", "big"), 2, "'big' is not a hexadecimal mask, such as 0xf0."),
        (("--cpus", "0x0"), 2, "the mask holds no processor."),
        (("--cpus", "0x1", "--cluster", "big"), 2, "--cpus and --cluster both choose cores"),
        (("--cluster", "huge"), 2, "'huge' is not one of 'big', 'middle', 'little', 'prime'"),
        (("--device-name", "my host"), 2, "a name is made of letters"),
        (("--passes", "0"), 2, "0 is not in the range x>=1"),
    ],
)
def test_bad_options_are_told_with_the_right_code(
    arguments: tuple[str, ...], code: int, sentence: str, bench_command: Bench, plan: Path, tmp_path: Path
) -> None:
    got, _, err = bench_command("run", plan, "-o", tmp_path / "run.jsonl", *arguments)
    assert got == code
    assert sentence in err
    assert not (tmp_path / "run.jsonl").exists()


def test_ctrl_c_says_that_nothing_is_lost(
    bench_command: Bench, plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli_run, "run_plan", interrupt)
    code, _, err = bench_command("run", plan, "-o", tmp_path / "run.jsonl")
    assert code == 130
    assert "the same command goes on from there" in err


def test_a_reader_that_goes_away_is_no_error() -> None:
    command = f"{sys.executable} -c 'from bench.cli import main; main()' devices | true"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, check=False)
    assert done.stderr == b""


def test_a_bar_is_silent_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with console.Bar(3, "op", quiet=False) as bar:
        bar.set(2, "note")
    assert capsys.readouterr() == ("", "")


def test_the_version_is_the_distribution_s(bench_command: Bench) -> None:
    from importlib.metadata import version

    code, out, _ = bench_command("--version")
    assert (code, out) == (0, f"bench, version {version('cnn-latency-lut')}\n")


def test_a_run_goes_on_where_nothing_can_be_remembered(
    bench_command: Bench, plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    for name in ("programs", "runtime"):
        (cache / name).symlink_to(default_cache() / name)
    (cache / "canary").touch()
    monkeypatch.setenv("CNN_LATENCY_LUT_CACHE", str(cache))
    code, _, err = bench_command("run", plan, "-o", tmp_path / "run.jsonl", "--passes=2", "--device=host")
    assert code == 0
    assert err.count("can't be remembered for later runs") == 1
    assert "Set CNN_LATENCY_LUT_CACHE" in err
