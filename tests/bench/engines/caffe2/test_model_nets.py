"""Models as the program gets them: their own nets, with a fill for what is fed from outside."""

from pathlib import Path

import pytest

from bench.engines.caffe2.model_nets import build_model_nets
from lut.errors import ModelError
from lut.frontends import Model, load_model
from lut.frontends.netdef import read_netdef
from lut.ops import argument_value
from lut.zoo import build_net, write_net
from tests.lut.samples import written_model


@pytest.mark.parametrize("precision", ["int8", "fp32"])
def test_the_nets_are_the_model_s_own_with_its_input_filled(precision: str, tmp_path: Path) -> None:
    built = build_net("FBNet-96", precision)
    nets = build_model_nets("net0", load_model(write_net("FBNet-96", precision, tmp_path)))
    assert nets.predict_net == built.predict_net
    *own, added = nets.init_net.op
    assert own == list(built.init_net.op)
    assert (added.type, list(added.output)) == ("UniformFill", ["data"])
    assert {arg.name: argument_value(arg) for arg in added.arg} == {
        "shape": (1, 3, 96, 96),
        "min": -1.0,
        "max": 1.0,
    }


def test_the_kernels_that_a_convolution_asks_for_are_kept(tmp_path: Path) -> None:
    nets = build_model_nets("net0", load_model(write_net("FBNet-96", "fp32", tmp_path)))
    assert any(op.engine for op in nets.predict_net.op if op.type == "Conv")


def test_input_dims_are_taken_where_they_are_given(tmp_path: Path) -> None:
    folder = written_model(tmp_path, with_dims=False)
    nets = build_model_nets("net0", load_model(folder, {"data": (5, 8)}))
    assert argument_value(nets.init_net.op[-1].arg[0]) == (5, 8)
    assert len(read_netdef(folder / "model_init.pb").op) == len(nets.init_net.op) - 1


def test_what_is_no_caffe2_net_can_not_be_run(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="holds no Caffe2 net"):
        build_model_nets("net0", Model(tmp_path / "net.onnx", ()))
