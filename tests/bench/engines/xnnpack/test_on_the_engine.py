"""XNNPACK on this machine: every operator of released nets, and the nets whole."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from bench.campaign import Timing, run_plan
from bench.device_runner import HostDevice, measure_nets
from bench.engines import XNNPACK, XNNPACK_QU8, Engine, NetSource
from lut.entries import Failure, Measurement, RunConfig
from lut.frontends import load_model
from lut.journal import read_journal
from lut.ops.rules import RULES
from lut.zoo import write_common_net, write_net
from tests.lut.frontends.onnx.models import parse, save
from tests.lut.ops.drawn import draw_kind, draw_op

ONCE = RunConfig(passes=1, iters=1, warmup=1)


@pytest.fixture(scope="module")
def host() -> HostDevice:
    XNNPACK.build("host")
    device = HostDevice(engine=XNNPACK)
    device.prepare(lambda _: None)
    return device


def test_the_engine_is_part_of_the_device_s_name(host: HostDevice) -> None:
    assert host.info.name == f"{HostDevice().info.name}-xnnpack"


@pytest.mark.parametrize("precision", ["int8", "fp32"])
@pytest.mark.parametrize("name", ["MobileNetV3-Small", "ShuffleNetV2", "SqueezeNet-1.1"])
def test_a_model_of_onnx_runs_operator_by_operator_and_whole(
    name: str, precision: str, host: HostDevice, tmp_path: Path
) -> None:
    model = load_model(write_common_net(name, tmp_path), precision=precision)
    ops = model.choose_ops(fused=True)
    summary = run_plan(ops, host, Timing("turns").config(host), tmp_path / "run.jsonl")
    assert (summary.measured, summary.failed) == (len(set(ops)), 0)
    runs = measure_nets(host, [XNNPACK.lower_model("net", model)], ONCE)
    assert runs["net"].failure is None


@pytest.mark.parametrize("precision", ["int8", "fp32"])
def test_a_net_with_a_node_that_has_no_operator_runs_without_it(
    precision: str, host: HostDevice, tmp_path: Path
) -> None:
    graph = """(float[1,8,14,14] x, float[8,8,3,3] w, float[10,392] f) => (float[1,10] y) {
        c = Conv<pads = [1, 1, 1, 1]>(x, w)  t = Atan(c)
        p = AveragePool<kernel_shape = [2, 2], strides = [2, 2]>(t)
        r = Flatten(p)  y = Gemm<transB = 1>(r, f)
    }"""
    model = load_model(save(parse(graph), tmp_path / "net.onnx"), precision=precision)
    assert [fate.op_type for fate in model.unmapped] == ["Atan"]
    runs = measure_nets(host, [XNNPACK.lower_model("net", model)], ONCE)
    assert runs["net"].failure is None


@pytest.mark.parametrize("precision", ["int8", "fp32"])
def test_images_that_are_turned_run_whole(precision: str, host: HostDevice, tmp_path: Path) -> None:
    """Transposes of images are written for NCHW, and the engine has them in NHWC."""
    graph = """(float[1,8,6,4] x, float[4,8,1,1] w, int64[4] s) => (float[1,4,4,6] y) {
        t = Transpose<perm = [0, 1, 3, 2]>(x)  c = Conv(t, w)  r = Reshape(c, s)  y = Relu(r)
    }"""
    model = load_model(save(parse(graph, s=[1, 4, 4, 6]), tmp_path / "net.onnx"), precision=precision)
    assert any(op.op_type.endswith("Transpose") for op in model.ops)
    runs = measure_nets(host, [XNNPACK.lower_model("net", model)], ONCE)
    assert runs["net"].failure is None


@pytest.mark.parametrize("precision", ["int8", "fp32"])
def test_all_operators_of_a_net_and_the_net_whole(precision: str, host: HostDevice, tmp_path: Path) -> None:
    folder = write_net("FBNet-96", precision, tmp_path)
    ops = load_model(folder).ops
    summary = run_plan(ops, host, Timing("turns").config(host), tmp_path / "run.jsonl")
    assert (summary.measured, summary.failed) == (len(set(ops)), 0)
    runs = measure_nets(host, [XNNPACK.lower_model("net", load_model(folder))], ONCE)
    assert runs["net"].failure is None
    assert len(runs["net"].samples_ns) == 1


@pytest.mark.parametrize("engine", [XNNPACK, XNNPACK_QU8], ids=lambda engine: engine.name)
def test_every_kind_of_operator_runs_or_is_refused_by_the_engine_itself(
    engine: Engine, tmp_path: Path
) -> None:
    """What the lowering lets through but the engine does not take becomes a failure with its words."""
    engine.build("host")
    host = HostDevice(engine=engine)
    host.prepare(lambda _: None)
    draws = [(op_type, Random(f"{op_type} {number}")) for op_type in RULES for number in range(6)]
    drawn = (draw_op(op_type, draw_kind(op_type, random), random) for op_type, random in draws)
    ops = [op for op in drawn if engine.refusal(op) is None]
    assert len(ops) > 200
    run_plan(ops, host, ONCE, tmp_path / "run.jsonl")
    entries = list(read_journal(tmp_path / "run.jsonl"))
    assert {entry.op for entry in entries if isinstance(entry, Measurement | Failure)} == set(ops)
    assert [entry for entry in entries if isinstance(entry, Failure)] == []


def test_a_net_that_is_no_graph_is_a_failure(host: HostDevice) -> None:
    texts = {"a": b"nonsense", "b": b"xnnpack 1 9\n", "c": b"xnnpack 1 0\nnode fold 0 0 0\n"}
    nets = [NetSource(name, b"[]", text) for name, text in texts.items()]
    runs = measure_nets(host, nets, ONCE)
    assert [run.failure for run in runs.values()] == [
        'parse: the first line must be "xnnpack 1 <external values>"',
        "parse: the net holds no node, or fewer values than come from outside",
        "create: there is no node of the kind fold",
    ]
