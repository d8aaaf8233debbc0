"""Two operators as one."""

import pytest

from lut.ops import UINT8, OpSpec, TensorSpec, fuse, fuse_neighbours
from lut.ops.rules import RULES
from tests.lut.samples import CONV, CONV_RELU, RELU, SOFTMAX

CONV_S_RELU = OpSpec.of("Int8Relu", [TensorSpec((1, 8, 8, 32), UINT8)], order="NHWC")


def test_a_relu_goes_into_the_convolution_before_it() -> None:
    assert fuse(CONV, CONV_S_RELU) == CONV_RELU


@pytest.mark.parametrize(
    ("op", "activation"),
    [
        (CONV, SOFTMAX),
        (CONV, RELU),
        (SOFTMAX, RELU),
        (CONV_RELU, CONV_S_RELU),
    ],
    ids=["no ReLU", "of another shape", "no such type", "fused already"],
)
def test_what_does_not_go_together_stays_apart(op: OpSpec, activation: OpSpec) -> None:
    assert fuse(op, activation) is None


def test_a_chain_keeps_all_that_is_not_fused() -> None:
    chain = [RELU, CONV, CONV_S_RELU, CONV_S_RELU, CONV, SOFTMAX]
    assert list(fuse_neighbours(chain)) == [RELU, CONV_RELU, CONV_S_RELU, CONV, SOFTMAX]
    assert list(fuse_neighbours([])) == []


def test_every_fused_type_names_one_that_it_is_made_of() -> None:
    fused = [rule.unfused for rule in RULES.values() if rule.unfused]
    assert len(fused) == len(set(fused))
    assert set(fused) <= RULES.keys()
