"""What a net's inputs hold when it is timed."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from bench.speed_benchmark import Program
from lut.caffe2_pb2 import NetDef
from tests.bench.speed_benchmark.conftest import add_op
from tests.bench.speed_benchmark.test_manifest_mode import encode

Nets = tuple[NetDef, NetDef]

QUANTIZED = {"Y_scale": 1 / 128, "Y_zero_point": 128}


def run(program: Program, nets: Nets) -> dict[str, Any]:
    command = [str(program.executable), "--manifest=-", "--warmup=1", "--iter=1"]
    done = subprocess.run(command, input=encode({"net": nets}), capture_output=True, timeout=60, check=True)
    events = [json.loads(line) for line in done.stdout.decode().splitlines()]
    return next(event for event in events if event["event"] in ("net", "error"))


def uniform(net: NetDef, name: str, shape: tuple[int, ...]) -> None:
    add_op(net, "UniformFill", [], [name], shape=shape, min=-1.0, max=1.0)


def expect_spread(predict: NetDef, name: str) -> None:
    """Let a run fail unless a float tensor's values lie in [-1, 1], and reach near to both bounds."""
    for op_type, reduced, bounds in (("GT", "ReduceMax", (0.9, 1.001)), ("LT", "ReduceMin", (-0.9, -1.001))):
        other = {"GT": "LT", "LT": "GT"}[op_type]
        extreme = f"{name}_{reduced}"
        add_op(predict, reduced, [name], [extreme], axes=(0, 1), keepdims=0)
        for comparison, bound in zip((op_type, other), bounds, strict=True):
            add_op(predict, "ConstantFill", [], [f"{extreme}_{comparison}_bound"], shape=(1,), value=bound)
            add_op(predict, "Reshape", [extreme], [f"{extreme}_one", f"{extreme}_old"], shape=(1,))
            compared = [f"{extreme}_one", f"{extreme}_{comparison}_bound"]
            add_op(predict, comparison, compared, [f"{extreme}_{comparison}"])
            add_op(predict, "Assert", [f"{extreme}_{comparison}"], [])


def test_floats_are_spread_over_their_range(host_program: Program) -> None:
    init, predict = NetDef(), NetDef(external_output=["Y"])
    uniform(init, "X_part", (1, 300))
    add_op(init, "Tile", ["X_part"], ["X"], tiles=40, axis=0)
    expect_spread(predict, "X")
    add_op(predict, "Copy", ["X"], ["Y"])
    assert run(host_program, (init, predict))["outputs"] == [{"name": "Y", "shape": [40, 300], "dtype": 1}]


def test_quantized_values_are_spread_over_their_range(host_program: Program) -> None:
    init, predict = NetDef(), NetDef(external_output=["Y"])
    uniform(init, "X_part", (1, 300))
    add_op(init, "Tile", ["X_part"], ["X_float"], tiles=40, axis=0)
    add_op(init, "Int8Quantize", ["X_float"], ["X"], **QUANTIZED)
    add_op(predict, "Int8Dequantize", ["X"], ["Y"])
    expect_spread(predict, "Y")
    assert run(host_program, (init, predict))["outputs"] == [{"name": "Y", "shape": [40, 300], "dtype": 1}]


@pytest.mark.parametrize("bound", [0.5, -0.5])
def test_the_spread_is_really_looked_at(bound: float, host_program: Program) -> None:
    init, predict = NetDef(), NetDef(external_output=["Y"])
    add_op(init, "ConstantFill", [], ["X"], shape=(1, 300), value=bound)
    expect_spread(predict, "X")
    add_op(predict, "Copy", ["X"], ["Y"])
    assert run(host_program, (init, predict))["event"] == "error"


def test_values_that_several_need_are_there_for_each(host_program: Program) -> None:
    init, predict = NetDef(), NetDef(external_output=["from_quantized", "from_engine", "from_floats"])
    uniform(init, "X", (2, 8))
    add_op(init, "Int8Quantize", ["X"], ["Q"], **QUANTIZED)
    uniform(init, "A", (3, 5))
    add_op(init, "Copy", ["A"], ["B"])  # the engine's own
    add_op(predict, "Int8Dequantize", ["Q"], ["from_quantized"])
    add_op(predict, "Copy", ["B"], ["from_engine"])
    add_op(predict, "Copy", ["X"], ["from_floats"])
    outputs = run(host_program, (init, predict))["outputs"]
    assert [each["shape"] for each in outputs] == [[2, 8], [3, 5], [2, 8]]


@pytest.mark.parametrize(
    "arguments",
    [
        {"shape": (2, 8)},
        {"shape": (2, 8), "min": 1.0, "max": -1.0},
        {"shape": (2, 8), "min": -1.0, "max": 1.0, "input_as_shape": 0},
    ],
    ids=["no bounds", "turned bounds", "more arguments"],
)
def test_fills_of_another_kind_are_left_to_the_engine(
    arguments: dict[str, Any], host_program: Program
) -> None:
    init, predict = NetDef(), NetDef(external_output=["Y"])
    add_op(init, "UniformFill", [], ["X"], **arguments)
    add_op(predict, "Copy", ["X"], ["Y"])
    event = run(host_program, (init, predict))
    assert event["event"] == "net" or event["stage"] == "init"
