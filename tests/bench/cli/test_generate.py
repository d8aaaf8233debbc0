"""`bench generate` over spaces, as its user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.campaign import learn, run_plan
from bench.op_generators import SPACES
from lut.errors import FileError
from lut.frontends import load_model
from lut.ops import OpSpec, weight_bytes
from lut.plan import Origin, read_parts, read_plan
from lut.zoo import write_net
from tests.bench.conftest import CONFIG, Bench, FaultyHost
from tests.lut.frontends.onnx.models import parse, save


@pytest.fixture
def journal(host: FaultyHost, tmp_path: Path) -> Path:
    """A run of the smallest FBNet on the host."""
    path = tmp_path / "run.jsonl"
    run_plan(SPACES["fbnet"].generate(resolutions=(32,)), host, CONFIG, path)
    return path


def test_a_space_becomes_a_plan(bench_command: Bench, tmp_path: Path) -> None:
    plan = tmp_path / "plan.jsonl"
    assert bench_command("generate", "--space", "fbnet", "--resolution", 96, "-o", plan) == (
        0,
        "",
        f"{plan}: 217 operators\n",
    )
    assert len(set(read_plan(plan))) == 217


def test_both_precisions_are_their_sum(bench_command: Bench) -> None:
    sizes = []
    for precision in ("int8", "fp32", "both"):
        code, out, _ = bench_command(
            "generate", "--space", "fbnet", "--precision", precision, "--count", "--json"
        )
        assert code == 0
        sizes.append(json.loads(out)["operators"])
    assert sizes[0] + sizes[1] == sizes[2]


def test_an_engine_that_fuses_activations_has_them_within_other_operators(
    bench_command: Bench, tmp_path: Path
) -> None:
    model = write_net("FBNet-96", "fp32", tmp_path)
    ours, space = ("--space", "models", "--model", model), ("--space", "fbnet", "--precision", "fp32")
    for options in (ours, space):
        for engine, types in (("caffe2", {"Conv", "Relu"}), ("xnnpack", {"Conv", "ConvRelu"})):
            plan = tmp_path / f"{engine}.plan.jsonl"
            assert bench_command("generate", *options, "--engine", engine, "-o", plan)[0] == 0
            assert {op.op_type for op in read_plan(plan) if op.op_type.endswith(("Relu", "Conv"))} == types


def test_operators_of_models_carry_the_largest_net_that_has_them(
    bench_command: Bench, tmp_path: Path
) -> None:
    models = [write_net(name, "int8", tmp_path) for name in ("FBNet-96", "FBNet-B")]
    plan = tmp_path / "plan.jsonl"
    chosen = [argument for model in models for argument in ("--model", model)]
    assert bench_command("generate", "--space", "models", *chosen, "-o", plan)[0] == 0
    parts = list(read_parts(plan))
    largest = set(load_model(models[1]).ops)
    assert {part.op for part in parts if part.origin and part.origin.name == "FBNet-B/int8"} == largest
    (small,) = {part.origin for part in parts if part.op not in largest}
    ops = load_model(models[0]).ops
    assert small == Origin("FBNet-96/int8", len(ops), sum(map(weight_bytes, ops)))


def test_a_sample_is_the_same_for_the_same_seed(bench_command: Bench, tmp_path: Path) -> None:
    def draw(name: str, *options: object) -> set[OpSpec]:
        plan = tmp_path / name
        assert bench_command("generate", "--space", "fbnet", *options, "-o", plan)[0] == 0
        return set(read_plan(plan))

    first = draw("a", "--sample", 50)
    assert len(first) == 50
    assert draw("b", "--sample", 50) == first != draw("c", "--sample", 50, "--seed", 1)
    assert first < draw("d", "--sample", 9999)


def test_counting_writes_nothing_and_counts_by_type(bench_command: Bench) -> None:
    code, out, err = bench_command("generate", "--space", "fbnet", "--count")
    assert (code, err) == (0, "")
    rows = dict(line.rsplit(maxsplit=1) for line in out.splitlines())
    assert rows["in all"] == "441"
    assert sum(int(count) for kind, count in rows.items() if kind != "in all") == 441
    assert rows["Int8ChannelShuffle"] == "12"


def test_a_hull_is_widened_by_options(bench_command: Bench) -> None:
    def count(*options: object) -> int:
        code, out, _ = bench_command("generate", "--space", "chamnet", "--count", "--json", *options)
        assert code == 0
        return int(json.loads(out)["operators"])

    narrow = ("--resolution", 96, "--expansion", 6, "--stem", "8:16", "--last", "1280", "--widths")
    assert count(*narrow, ",".join(["8:16"] * 7)) < count(*narrow, ",".join(["8:24"] * 7)) < 500


def test_a_count_is_forecast_from_a_run(bench_command: Bench, journal: Path) -> None:
    forecaster = learn(journal)
    fbnet = SPACES["fbnet"].generate(resolutions=(32,))
    forecast = sum(map(forecaster.run_ns, fbnet))
    lines = map(json.loads, journal.read_text().splitlines())
    samples = [line["samples_ns"] for line in lines if line["kind"] == "measurement"]
    measured = sum(sum(each) / len(each) for each in samples) / CONFIG.passes
    assert forecast == pytest.approx(measured, rel=0.5)

    code, out, _ = bench_command("generate", "--space", "fbnet", "--count", "--run", journal)
    assert code == 0
    assert out.splitlines()[-1].startswith("About 0:00:")
    assert "with 2 passes of 1+3 runs, judged from" in out
    _, out, _ = bench_command("generate", "--space", "fbnet", "--count", "--run", journal, "--json")
    assert json.loads(out)["device"] == forecaster.device
    assert json.loads(out)["estimated_s"] > 0


def test_a_run_without_measurements_teaches_nothing(tmp_path: Path) -> None:
    (tmp_path / "run.jsonl").write_text("")
    with pytest.raises(FileError, match="holds no measurement to judge a device by"):
        learn(tmp_path / "run.jsonl")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--space", "fbnet"), "Give either -o PLAN (and perhaps --nets), or --count."),
        (("--space", "fbnet", "--count", "-o", "plan.jsonl"), "Give either -o PLAN"),
        (("--space", "fbnet", "-o", "plan.jsonl", "--json"), "--run and --json go with --count."),
        (("--space", "chamnet", "--count", "--stem", "32:8"), "'32:8' is empty"),
        (("--space", "chamnet", "--count", "--stem", "a"), "'a' is not a span such as 8:32."),
        (("--space", "chamnet", "--count", "--widths", "8:16"), "has 1 spans; 7 are expected."),
        (("--count",), "Missing option '--space'"),
    ],
)
def test_wrong_usage(bench_command: Bench, arguments: tuple[str, ...], reason: str) -> None:
    code, _, err = bench_command("generate", *arguments)
    assert code == 2
    assert reason in err


def test_a_bad_grid_ends_with_4_and_leaves_no_plan(bench_command: Bench, tmp_path: Path) -> None:
    grid, plan = tmp_path / "grid.toml", tmp_path / "plan.jsonl"
    grid.write_text("[conv]\nH = 7\nW = 7\nCin = 8\nCout = 8\nkernel = 1\ngroup = [1, 3]\n")
    code, out, err = bench_command("generate", "--space", "grid", "--grid", grid, "-o", plan)
    assert (code, out) == (4, "")
    assert err.startswith(f"error: {grid}: [conv] at height=7, width=7, ")
    assert not plan.exists()


TANH_NET = """(float[1,16,14,14] x, float[8,16,1,1] w) => (float[1,8,14,14] y) {
    c = Conv(x, w)  y = Atan(c)
}"""


def test_what_no_operator_stands_for_is_said(bench_command: Bench, tmp_path: Path) -> None:
    model, plan = save(parse(TANH_NET), tmp_path / "net.onnx"), tmp_path / "plan.jsonl"
    code, _, err = bench_command("generate", "--space", "models", "--model", model, "-o", plan)
    assert (code, err.splitlines()) == (
        0,
        [
            f"{tmp_path.name}/net.onnx: no operator stands for 1 of its nodes (Atan); "
            f"`lut ops --explain` says why.",
            f"{plan}: 1 operators",
        ],
    )


def test_models_of_floats_are_planned_in_both_precisions(bench_command: Bench, tmp_path: Path) -> None:
    model, plan = save(parse(TANH_NET), tmp_path / "net.onnx"), tmp_path / "plan.jsonl"
    options = ["--space", "models", "--model", model, "--precision", "both", "-o", plan]
    assert bench_command("generate", *options)[0] == 0
    parts = list(read_parts(plan))
    assert {part.op.op_type for part in parts} >= {"Conv", "Int8Conv"}
    names = {part.origin.name for part in parts if part.origin}
    assert names == {f"{tmp_path.name}/net.onnx int8", f"{tmp_path.name}/net.onnx fp32"}


def test_a_folder_of_models_is_all_of_them(bench_command: Bench, tmp_path: Path) -> None:
    nets = [write_net("FBNet-96", form, tmp_path / "models") for form in ("int8", "fp32")]
    plan = tmp_path / "plan.jsonl"
    folder = ("generate", "--space", "models", "--model", tmp_path / "models", "-o", plan)
    assert bench_command(*folder)[0] == 0
    assert set(read_plan(plan)) == {op for net in nets for op in load_model(net).ops}
    assert bench_command(*folder, "--precision", "int8")[0] == 0
    assert set(read_plan(plan)) == set(load_model(nets[0]).ops)
