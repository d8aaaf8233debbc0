"""The int8 nets keep to what the engine accepts."""

from collections.abc import Iterator
from typing import Any

import pytest

from lut.caffe2_pb2 import NetDef, OperatorDef
from lut.ops import argument_value
from lut.zoo import NETS, Architecture, BuiltNet, build_net
from lut.zoo.int8 import weight_step
from lut.zoo.quantised import Quantised, read_rows


def arguments(op: OperatorDef) -> dict[str, Any]:
    return {arg.name: argument_value(arg) for arg in op.arg}


def quantised_blobs(*nets: NetDef) -> dict[str, Quantised]:
    """Collect how each blob is quantised, from its writer's arguments."""
    writers = {op.output[0]: arguments(op) for net in nets for op in net.op}
    return {
        blob: Quantised(args["Y_scale"], args["Y_zero_point"])
        for blob, args in writers.items()
        if "Y_scale" in args
    }


@pytest.fixture(params=NETS, scope="module")
def built(request: pytest.FixtureRequest) -> BuiltNet:
    return build_net(request.param, "int8")


def weighted(net: NetDef) -> Iterator[tuple[str, str, str, str]]:
    """Give input, weight, bias and output of each operator with weights."""
    for op in net.op:
        if op.type in {"Int8Conv", "Int8ConvRelu", "Int8FC"}:
            x, weight, bias = op.input
            yield x, weight, bias, op.output[0]


def test_products_are_finer_than_the_output_s_steps(built: BuiltNet) -> None:
    blobs = quantised_blobs(built.init_net, built.predict_net)
    for x, weight, _, y in weighted(built.predict_net):
        assert 2**-20 < blobs[x].scale * blobs[weight].scale / blobs[y].scale < 2**-5


def test_a_bias_is_in_steps_of_the_products(built: BuiltNet) -> None:
    blobs = quantised_blobs(built.init_net, built.predict_net)
    for x, weight, bias, _ in weighted(built.predict_net):
        assert blobs[bias].scale == pytest.approx(blobs[x].scale * blobs[weight].scale, rel=1e-6)
        assert blobs[bias].zero_point == 0


def test_biases_have_a_value_for_every_channel(built: BuiltNet) -> None:
    fills = [arguments(op) for op in built.init_net.op if op.type == "Int8GivenIntTensorFill"]
    assert fills
    assert all(args["values"] == (0,) * args["shape"][0] for args in fills)


def test_weights_use_all_steps(built: BuiltNet) -> None:
    fills = {op.output[0]: arguments(op) for op in built.init_net.op if op.type == "UniformFill"}
    blobs = quantised_blobs(built.init_net)
    for name, args in fills.items():
        weight = blobs[name.removesuffix("_float")]
        assert round(args["min"] / weight.scale) + weight.zero_point == 0
        assert round(args["max"] / weight.scale) + weight.zero_point == 255


def test_shuffles_and_pools_keep_their_inputs_quantisation(built: BuiltNet) -> None:
    blobs = quantised_blobs(built.predict_net)
    for op in built.predict_net.op:
        if op.type in {"Int8ChannelShuffle", "Int8AveragePool"}:
            assert blobs[op.output[0]] == blobs[op.input[0]]
    assert blobs["softmax_int8"] == Quantised(1 / 256, 0)


def test_sums_rescale_by_what_the_engine_can(built: BuiltNet) -> None:
    blobs = quantised_blobs(built.predict_net)
    for op in built.predict_net.op:
        if op.type == "Int8Sum":
            y = blobs[op.output[0]].scale
            assert all(2**-14 <= blobs[x].scale / y < 2**8 for x in op.input)


def test_weight_step_by_hand() -> None:
    # A unit ratio of scales and 12 products of variance 1/12 each: √(3/12) = 0.5, over 128 steps.
    assert weight_step(Quantised(0.1), Quantised(0.1), fan_in=12, relu=False) == pytest.approx(0.5 / 128)
    assert weight_step(Quantised(0.1), Quantised(0.2), fan_in=24, relu=True) == pytest.approx(1 / 128)


@pytest.mark.parametrize("net", NETS.values(), ids=NETS.keys())
def test_the_figures_have_a_row_for_each_row_of_the_net(net: Architecture) -> None:
    rows = read_rows(net.name)
    assert list(rows) == ["data", "conv0", *(block.name for block in net.blocks), "1x1", "pred"]
    channels = net.stem
    for block in net.blocks:
        residual = block.stride == 1 and block.out_channels == channels
        assert len(rows[block.name]) == 2 + block.depthwise + residual
        channels = block.out_channels


def test_a_figure_without_zero_point_stands_behind_a_relu() -> None:
    rows = read_rows("FBNet-A")
    assert rows["data"] == (Quantised(0.018658448, 114),)
    assert rows["conv0"] == (Quantised(0.1655925, 0),)
