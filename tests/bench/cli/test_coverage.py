"""What a table holds of a set of operators, in the library and as the command `lut coverage`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.op_generators import SPACES
from lut.cli import entry as cli
from lut.frontends import load_model
from lut.ops import OpSpec
from lut.plan import read_plan
from lut.records import LutRecord
from lut.table import Coverage, format_of, load_table
from lut.zoo import write_net
from tests.commands import Outcome, make_runner
from tests.lut.frontends.onnx.models import parse, save

Lut = Callable[..., Outcome]

FBNET = list(SPACES["fbnet"].generate())


@pytest.fixture
def lut_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Lut:
    """Run `lut` in this process; give its exit code, stdout and stderr."""

    return make_runner("lut", cli.main, capsys, monkeypatch)


def write_table(ops: list[OpSpec], path: Path) -> Path:
    records = (LutRecord(op.key, (1.0, 2.0, 3.0, 4.0, 5.0), "device") for op in ops)
    format_of(path).write(records, path)
    return path


def test_operators_are_counted_and_missing_ones_passed_on(tmp_path: Path) -> None:
    plain = [op for op in FBNET if op.op_type == "Int8Conv"]
    fused = [OpSpec("Int8ConvRelu", op.args, op.inputs) for op in plain[:5]]
    table = load_table(write_table([*fused, *plain[5:8]], tmp_path / "table.json"))
    coverage = Coverage()
    assert list(coverage.sift(plain[:10], table)) == plain[8:10]
    assert (coverage.found["Int8Conv"], coverage.replaced["Int8Conv"]) == (8, 5)
    assert (coverage.missing["Int8Conv"], coverage.share) == (2, 0.8)
    assert coverage.op_types == ["Int8Conv"]
    assert Coverage().share == 1.0


def test_a_whole_space(lut_command: Lut, tmp_path: Path) -> None:
    table = write_table(FBNET, tmp_path / "table.json.zip")
    code, out, err = lut_command("coverage", "--space", "fbnet", "--lut", table)
    assert (code, err) == (0, "")
    assert out.splitlines()[0].split() == ["OP", "TYPE", "FOUND", "MISSING"]
    assert out.splitlines()[-2:] == [
        f"{'in all':<20} {'441':>10} {'0':>10}",
        "The table holds 100.00 % of them.",
    ]


def test_a_table_of_several_devices_is_asked_for_one(lut_command: Lut, tmp_path: Path) -> None:
    table = tmp_path / "table.json"
    write_table(FBNET, table)
    lines = table.read_text()
    table.write_text(lines + lines.splitlines()[0].replace('"device"}', '"other"}') + "\n")
    assert "name a device" in lut_command("coverage", "--space", "fbnet", "--lut", table)[2]
    assert lut_command("coverage", "--space", "fbnet", "--lut", table, "--device", "device")[0] == 0
    assert lut_command("coverage", "--space", "fbnet", "--lut", table, "--device", "other")[0] == 5


def test_what_is_missing_becomes_a_plan(lut_command: Lut, tmp_path: Path) -> None:
    table, plan = write_table(FBNET[:-12], tmp_path / "table.json"), tmp_path / "missing.jsonl"
    code, out, err = lut_command("coverage", "--space", "fbnet", "--lut", table, "--missing-out", plan)
    assert code == 5
    missing = list(read_plan(plan))
    assert set(missing) <= set(FBNET[-12:])
    assert f"The table holds {int((441 - len(missing)) / 441 * 10_000) / 100:.2f} % of them." in out
    assert f"error: {table} lacks {len(missing)} operators:\n  {missing[0].describe()}\n" in err
    assert f"Measure them by `bench run {plan}`." in err


def test_whole_coverage_is_never_claimed_by_rounding(lut_command: Lut, tmp_path: Path) -> None:
    table = write_table([op for op in FBNET if op.op_type != "Int8Softmax"], tmp_path / "table.json")
    code, out, _ = lut_command("coverage", "--space", "fbnet", "--lut", table, "--json")
    assert code == 5
    report = json.loads(out)
    assert (report["operators"], report["found"], report["missing"]) == (441, 440, 1)
    assert report["share"] < 1
    assert report["by_type"]["Int8Softmax"] == {
        "found": 0,
        "found_as_relu": 0,
        "predicted": 0,
        "missing": 1,
    }


def test_nets_are_a_set_of_operators_too(lut_command: Lut, tmp_path: Path) -> None:
    table = write_table(FBNET, tmp_path / "table.json")
    models = [write_net(name, "int8", tmp_path) for name in ("FBNet-A", "FBNet-C1", "FBNet-96")]
    options = [part for model in models for part in ("--model", model)]
    plan = tmp_path / "missing.jsonl"
    assert lut_command("coverage", *options, "--lut", table, "--missing-out", plan)[0] == 0
    assert not plan.exists()
    code, out, _ = lut_command("coverage", "--space", "models", *options, "--lut", table, "--json")
    assert (code, json.loads(out)["missing"]) == (0, 0)


def test_neither_space_nor_model(lut_command: Lut, tmp_path: Path) -> None:
    code, _, err = lut_command("coverage", "--lut", tmp_path / "table.json")
    assert code == 2
    assert "Give --space: chamnet, fbnet, grid, models, or nets by --model." in err


def test_a_net_with_a_node_that_has_no_operator_is_not_covered_whole(
    lut_command: Lut, tmp_path: Path
) -> None:
    graph = """(float[1,16,14,14] x, float[8,16,1,1] w) => (float[1,8,14,14] y) {
        c = Conv(x, w)  y = Atan(c)
    }"""
    model = save(parse(graph), tmp_path / "net.onnx")
    table = write_table(list(load_model(model).ops), tmp_path / "table.json")
    code, out, err = lut_command("coverage", "--model", model, "--lut", table)
    assert (code, "The table holds 100.00 % of them." in out) == (5, True)
    assert "no operator stands for 1 of its nodes (Atan)" in err
    assert "The nets are not covered whole" in err
