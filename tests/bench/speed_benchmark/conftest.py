"""The real program, built once per machine, and nets small enough to run it often."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from bench.engines import CAFFE2
from bench.speed_benchmark import Program
from lut.caffe2_pb2 import NetDef
from lut.ops import make_argument


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """An empty cache folder."""
    folder = tmp_path / "cache"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def host_program() -> Program:
    return CAFFE2.build("host")


@pytest.fixture(scope="session")
def arm64_program() -> Program:
    for command, package in (
        ("qemu-aarch64-static", "qemu-user-static"),
        ("aarch64-linux-gnu-g++", "g++-aarch64-linux-gnu"),
    ):
        if shutil.which(command) is None:
            pytest.skip(f"{command} is missing (Debian package {package})")
    return CAFFE2.build("android-arm64")


def add_op(net: NetDef, op_type: str, inputs: list[str], outputs: list[str], **args: Any) -> None:
    op = net.op.add(type=op_type, input=inputs, output=outputs)
    op.arg.extend(make_argument(name, value) for name, value in args.items())


def add_quantized(net: NetDef, name: str, shape: tuple[int, ...]) -> None:
    add_op(net, "ConstantFill", [], [f"{name}_float"], shape=shape, value=0.5)
    add_op(net, "Int8Quantize", [f"{name}_float"], [name], Y_scale=1 / 128, Y_zero_point=128)


Nets = tuple[NetDef, NetDef]


@pytest.fixture
def conv_nets() -> Nets:
    """Init and predict net of an Int8Conv: 14x14x32, 3x3, stride 2, to 7x7x16."""
    init, predict = NetDef(), NetDef(name="conv", external_output=["Y"])
    add_quantized(init, "X", (1, 14, 14, 32))
    add_quantized(init, "W", (16, 3, 3, 32))
    bias = {"shape": (16,), "values": (0,) * 16, "Y_scale": 1 / 16384, "Y_zero_point": 0}
    add_op(init, "Int8GivenIntTensorFill", [], ["b"], **bias)
    args = {"kernel": 3, "stride": 2, "pad": 1, "order": "NHWC", "Y_scale": 1.0, "Y_zero_point": 128}
    add_op(predict, "Int8Conv", ["X", "W", "b"], ["Y"], **args)
    return init, predict


@pytest.fixture
def copy_nets() -> Nets:
    """A float copy of eight values: far too short for the clock."""
    init, predict = NetDef(), NetDef()
    add_op(init, "ConstantFill", [], ["X"], shape=(1, 8), value=0.5)
    add_op(predict, "Copy", ["X"], ["Y"])
    return init, predict


@pytest.fixture
def unknown_nets() -> Nets:
    """An operator type that the engine does not have."""
    predict = NetDef(external_output=["Y"])
    add_op(predict, "NoSuchOperator", ["X"], ["Y"])
    init = NetDef()
    add_op(init, "ConstantFill", [], ["X"], shape=(1, 8), value=0.5)
    return init, predict


@pytest.fixture
def aborting_nets() -> Nets:
    """An Int8Softmax whose output scale is not 1/256: the engine aborts the process."""
    init, predict = NetDef(), NetDef(external_output=["Y"])
    add_quantized(init, "X", (1, 10))
    add_op(predict, "Int8Softmax", ["X"], ["Y"], Y_scale=0.1, Y_zero_point=0)
    return init, predict


@pytest.fixture
def aborting_while_loaded_nets(aborting_nets: Nets) -> Nets:
    """The same operator in the init net."""
    init, predict = aborting_nets
    init.MergeFrom(predict)
    init.ClearField("external_output")
    return init, predict


@pytest.fixture
def refusing_nets() -> Nets:
    """A sum of two shapes that don't go together: the net is created, and its first run fails."""
    init, predict = NetDef(), NetDef()
    add_op(init, "ConstantFill", [], ["X"], shape=(1, 8), value=0.5)
    add_op(init, "ConstantFill", [], ["Y"], shape=(3, 5), value=0.5)
    add_op(predict, "MatMul", ["X", "Y"], ["Z"])
    return init, predict


@pytest.fixture
def long_nets() -> Nets:
    """A float convolution of some hundred million multiply-adds: longer than a time slice."""
    init, predict = NetDef(), NetDef(external_output=["Y"])
    add_op(init, "ConstantFill", [], ["X"], shape=(1, 64, 112, 112), value=0.5)
    add_op(init, "ConstantFill", [], ["W"], shape=(64, 64, 3, 3), value=0.5)
    add_op(init, "ConstantFill", [], ["b"], shape=(64,), value=0.5)
    add_op(predict, "Conv", ["X", "W", "b"], ["Y"], kernel=3, stride=1, pad=1, order="NCHW")
    return init, predict
