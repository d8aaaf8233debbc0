"""How the fp32 exports of the nets differ from each other."""

from lut.caffe2_pb2 import OperatorDef
from lut.ops import argument_value
from lut.zoo import build_net


def ops_of(name: str, op_type: str) -> list[OperatorDef]:
    return [op for op in build_net(name, "fp32").predict_net.op if op.type == op_type]


def test_relus_stand_behind_their_convolution_or_in_its_place() -> None:
    stem, *_ = ops_of("FBNet-A", "Relu")
    assert (*stem.input, *stem.output) == ("conv0_bn", "conv0")
    assert all(op.input == op.output for op in ops_of("FBNet-96", "Relu"))


def test_depthwise_convolutions_of_fbnet_b_ask_for_no_search() -> None:
    stem, _, depthwise, *_ = ops_of("FBNet-B", "Conv")
    assert [(arg.name, argument_value(arg)) for arg in depthwise.arg] == [
        ("kernel", 3),
        ("pad", 1),
        ("group", 16),
        ("order", "NCHW"),
        ("stride", 1),
    ]
    assert "exhaustive_search" in {arg.name for arg in stem.arg}
    assert {op.engine for op in ops_of("FBNet-B", "Conv")} == {"NNPACK,DEPTHWISE_3x3"}


def test_chamnet_f_has_no_bias_in_its_depthwise_convolutions() -> None:
    assert [len(op.input) for op in ops_of("ChamNet-F", "Conv")[:4]] == [3, 3, 2, 3]


def test_weights_are_filled_by_xaviers_rule_and_biases_with_zeros() -> None:
    fills = {op.output[0]: op.type for op in build_net("ChamNet-F", "fp32").init_net.op}
    assert set(fills.values()) == {"XavierFill", "ConstantFill"}
    assert all(name.endswith("_w") == (fill == "XavierFill") for name, fill in fills.items())
