"""Nets as an engine runs them that fuses activations."""

from __future__ import annotations

import pytest

from lut.caffe2_pb2 import NetDef
from lut.frontends.fusion import fuse_activations
from lut.frontends.netdef import list_named_ops
from lut.ops import INT32, UINT8, TensorSpec
from tests.lut.samples import net_of

KNOWN = {
    "x": TensorSpec((1, 8, 8, 16), UINT8),
    "w": TensorSpec((16, 1, 1, 16), UINT8),
    "b": TensorSpec((16,), INT32),
}
CONV: dict[str, object] = {"kernel": 1, "order": "NHWC"}
RELU: dict[str, object] = {"order": "NHWC"}


def fused_types(net: NetDef) -> list[str]:
    return [each.op.op_type for each in fuse_activations(list_named_ops(net, KNOWN))]


def test_a_relu_goes_into_what_it_alone_reads() -> None:
    net = net_of(("Int8Conv", ["x", "w", "b"], ["y"], CONV), ("Int8Relu", ["y"], ["z"], RELU))
    (conv,) = fuse_activations(list_named_ops(net, KNOWN))
    assert (conv.op.op_type, conv.inputs, conv.outputs) == ("Int8ConvRelu", ("x", "w", "b"), ("z",))


def test_a_relu_in_place_is_one_too_though_the_name_is_read_again() -> None:
    net = net_of(
        ("Int8Conv", ["x", "w", "b"], ["y"], CONV),
        ("Int8Relu", ["y"], ["y"], RELU),
        ("Int8Conv", ["y", "w", "b"], ["y"], CONV),
    )
    first, second = fuse_activations(list_named_ops(net, KNOWN))
    assert [each.op.op_type for each in (first, second)] == ["Int8ConvRelu", "Int8Conv"]
    assert second.inputs[0] == first.outputs[0]
    assert second.outputs[0] != first.outputs[0]


@pytest.mark.parametrize("reader", [("Int8Sum", ["y", "z"], ["s"], RELU), ("Int8Relu", ["y"], ["s"], RELU)])
def test_what_another_operator_reads_too_is_not_fused(
    reader: tuple[str, list[str], list[str], dict[str, object]],
) -> None:
    net = net_of(("Int8Conv", ["x", "w", "b"], ["y"], CONV), ("Int8Relu", ["y"], ["z"], RELU), reader)
    assert fused_types(net) == ["Int8Conv", "Int8Relu", reader[0]]


def test_a_sum_is_fused_where_its_inputs_are_there_already() -> None:
    net = net_of(
        ("Int8Conv", ["x", "w", "b"], ["y"], CONV),
        ("Int8Sum", ["x", "y"], ["s"], RELU),
        ("Int8Relu", ["s"], ["t"], RELU),
    )
    assert fused_types(net) == ["Int8Conv", "Int8SumRelu"]
