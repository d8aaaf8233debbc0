"""`lut estimate` of models of ONNX, of several nets, and side by side."""

from __future__ import annotations

import json
from pathlib import Path

from lut.frontends import load_model
from tests.lut.cli.conftest import Lut, write_table
from tests.lut.frontends.onnx.models import parse, save
from tests.lut.samples import FC, RELU, SOFTMAX, record, written_model

CONV_NET = """(float[1,16,14,14] x, float[8,16,1,1] w) => (float[1,8,14,14] y) {
    c = Conv(x, w)  y = Relu(c)
}"""

TANH_NET = """(float[1,16,14,14] x, float[8,16,1,1] w) => (float[1,8,14,14] y) {
    c = Conv(x, w)  r = Relu(c)  y = Atan(r)
}"""


def write_onnx(name: str, graph: str) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    return save(parse(graph), path)


def table_of(path: Path, precision: str | None = None) -> str:
    """A table in which the operators of a model take 10 us, 20 us, 30 us …"""
    ops = load_model(path, precision=precision).ops
    return str(write_table(*(record(op, 10.0 * number) for number, op in enumerate(ops, 1))))


def test_a_model_of_onnx(lut_command: Lut) -> None:
    path = write_onnx("net.onnx", CONV_NET)
    code, out, err = lut_command("estimate", path, "--lut", table_of(path))
    assert (code, err) == (0, "")
    assert "Sum of all 2 operators' medians (p50): 30.000 us" in out


def test_a_model_of_floats_can_be_asked_for_in_8_bits(lut_command: Lut) -> None:
    path = write_onnx("net.onnx", CONV_NET)
    table = table_of(path, "int8")
    code, out, _ = lut_command("estimate", path, "--precision", "int8", "--lut", table)
    assert (code, "Sum of all 5 operators'" in out) == (0, True)
    code, _, err = lut_command("estimate", path, "--lut", table)
    assert code == 5
    hint, *_ = err.splitlines()
    assert hint == "A model of floats was taken as it is; `--precision int8` asks for it in 8 bits."


def test_a_node_without_an_operator_makes_the_sum_partial(lut_command: Lut) -> None:
    path = write_onnx("net.onnx", TANH_NET)
    code, out, err = lut_command("estimate", path, "--lut", table_of(path))
    assert code == 5
    assert (
        "PARTIAL sum of 2 of 2 operators, and none of 1 nodes without operators: 30.000 us. "
        "This is not the net's latency." in out
    )
    assert err == (
        "error: No operator stands for 1 nodes: 1 Atan (no operator here stands for its type). They make "
        "0.0% of the multiply-adds of net.onnx, and what is said of it is without them.\n"
    )
    code, out, _ = lut_command("estimate", path, "--lut", table_of(path), "--format", "json")
    told = json.loads(out)
    assert (code, told["total_us"], told["unmapped"][0]["op_type"]) == (5, None, "Atan")


def test_several_nets_come_one_after_the_other_under_their_names(lut_command: Lut) -> None:
    written_model(Path("nets/a"))
    written_model(Path("nets/b"))
    table = write_table(record(FC, 60.0), record(RELU, 10.0), record(SOFTMAX, 30.0))
    code, out, _ = lut_command("estimate", "nets", "--lut", table)
    assert code == 0
    assert [line for line in out.splitlines() if line.startswith("nets/")] == ["nets/a", "nets/b"]
    assert out.count("Sum of all 3 operators' medians (p50): 100.000 us") == 2
    code, out, _ = lut_command("estimate", "nets/a", "nets/b", "--lut", table, "--format", "json")
    assert {name: each["total_us"] for name, each in json.loads(out).items()} == {
        "nets/a": 100,
        "nets/b": 100,
    }


def test_a_folder_without_nets_is_named(lut_command: Lut) -> None:
    Path("nets").mkdir()
    table = write_table(record(RELU, 10.0))
    assert lut_command("estimate", "nets", "--lut", table) == (
        4,
        "",
        "error: nets holds no model that is known here, at no depth.\n",
    )


def test_nets_side_by_side(lut_command: Lut) -> None:
    written_model(Path("nets/a"))
    path = write_onnx("nets/net.onnx", TANH_NET)
    ops = load_model(path).ops
    times = [
        record(FC, 60.0),
        record(RELU, 10.0),
        record(SOFTMAX, 30.0),
        record(ops[0], 40.0),
        record(ops[1], 10.0),
    ]
    table = write_table(*times)
    code, out, _ = lut_command("estimate", "nets", "--compare", "--lut", table)
    assert code == 5
    assert out == (
        "NET            OPS M MULTIPLY-ADDS  ESTIMATE US   Conv     FC   Relu Softmax  OTHER\n"
        "nets/a           3             0.0      100.000   0.0%  60.0%  10.0%   30.0%   0.0%\n"
        "nets/net.onnx    2             0.0       50.000  80.0%   0.0%  20.0%    0.0%   0.0%  PARTIAL\n"
        "PARTIAL: the sum lacks operators, and is not the net's latency.\n"
    )
    code, out, _ = lut_command("estimate", "nets", "--compare", "--lut", table, "--format", "json")
    first, second = json.loads(out)
    assert (first["total_us"], first["partial_us"], first["multiply_adds"]) == (100.0, None, 32)
    assert (second["total_us"], second["partial_us"], second["shares"]["Conv"]) == (None, 50.0, 0.8)
    code, out, _ = lut_command("estimate", "nets", "--compare", "--lut", table, "--format", "csv")
    assert out.splitlines()[1] == "nets/a,3,32,100.0,,,1.0,0.0,0.6,0.1,0.3"


def test_a_pattern_behind_lut_that_matches_several_files_is_told(lut_command: Lut) -> None:
    written_model(Path("net"))
    table = write_table(record(FC, 60.0), record(RELU, 10.0), record(SOFTMAX, 30.0))
    other = write_table(record(FC, 60.0), device="Other-1-2")
    code, out, err = lut_command("estimate", "net", "--lut", table, other)
    assert (code, out) == (4, "")
    assert err.startswith(f"error: {other} is a table of latencies, not a model. Give one table by --lut; ")
    assert err.count("\n") == 1


def test_a_folder_with_a_device_is_a_table(lut_command: Lut) -> None:
    written_model(Path("net"))
    table = write_table(record(FC, 60.0), record(RELU, 10.0), record(SOFTMAX, 30.0))
    table.rename("any.json")
    code, out, _ = lut_command("estimate", "net", "--lut", ".", "--device", "Box-12-6.1")
    assert (code, "100.000 us" in out) == (0, True)
    code, _, err = lut_command("estimate", "net", "--lut", ".")
    assert (code, err) == (
        4,
        "error: . is a folder. Give a table in it, any.json, or name its device too (--device).\n",
    )
