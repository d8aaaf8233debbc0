"""The nets of one operator, as the engine sees them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bench.engines import CAFFE2, build_nets
from lut.errors import ModelError
from lut.frontends import write_netdef
from lut.frontends.netdef import list_ops, parameter_specs
from lut.ops import UINT8, OpSpec, TensorSpec
from tests.bench.conftest import int8_conv, relu, softmax


def test_an_operator_becomes_a_net_of_itself() -> None:
    op = int8_conv()
    nets = build_nets(op)
    assert nets.id == op.id == nets.predict_net.name
    assert list_ops(nets.predict_net, parameter_specs(nets.init_net)) == (op,)


def test_large_tensors_are_random_in_part_and_repeated() -> None:
    large = OpSpec.of("Int8Softmax", (TensorSpec((64, 512), UINT8),))
    types = [op.type for op in build_nets(large).init_net.op]
    assert types == ["UniformFill", "Tile", "Int8Quantize"]
    assert parameter_specs(build_nets(large).init_net)["input_0"] == large.inputs[0]


def test_softmax_gets_the_only_scale_that_does_not_abort_the_engine() -> None:
    args = {arg.name: arg for arg in build_nets(softmax()).predict_net.op[0].arg}
    assert args["Y_scale"].f == 1 / 256
    assert args["Y_zero_point"].i == 0


def test_what_does_not_fit_never_becomes_a_net() -> None:
    x, weight = TensorSpec((1, 6, 6, 8), UINT8), TensorSpec((16, 5, 5, 8), UINT8)
    op = OpSpec.of("Int8Conv", (x, weight, int8_conv().inputs[2]), kernel=3, order="NHWC")
    with pytest.raises(ModelError, match=r"kernel is \(3, 3\), but the weight's is \(5, 5\)"):
        build_nets(op)


def test_an_input_that_no_fill_operator_makes_is_refused() -> None:
    op = OpSpec.of("NCHW2NHWC", (TensorSpec((1, 3, 4, 4), 10),))
    with pytest.raises(ModelError, match="input 0 is int64"):
        build_nets(op)


@pytest.mark.parametrize("op", [int8_conv(), relu(4), softmax()], ids=lambda op: op.op_type)
def test_the_nets_run_in_stock_mode(op: OpSpec, tmp_path: Path) -> None:
    nets = build_nets(op)
    write_netdef(nets.init_net, tmp_path / "init_net.pb")
    write_netdef(nets.predict_net, tmp_path / "predict_net.pb")
    done = subprocess.run(
        [
            CAFFE2.build("host").executable,
            f"--init_net={tmp_path / 'init_net.pb'}",
            f"--net={tmp_path / 'predict_net.pb'}",
            "--warmup=1",
            "--iter=2",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Main run finished. Milliseconds per iter: " in done.stdout
