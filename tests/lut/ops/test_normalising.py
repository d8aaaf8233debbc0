"""Normalisation by mean and variance."""

import pytest

from lut.ops import ArgumentValue, OpSpec, TensorSpec, family_of, has_int8, infer_outputs
from lut.ops.canonical import canonical_key
from tests.lut.ops.operators import op, refusal

TOKENS = (2, 197, 192)


def layer_norm(**args: ArgumentValue) -> OpSpec:
    written: dict[str, ArgumentValue] = {"axis": 2, "elementwise_affine": 1}
    return OpSpec.of("LayerNorm", map(TensorSpec, (TOKENS, (192,), (192,))), **(written | args))


def test_rows_are_normalised_and_their_mean_and_deviation_told() -> None:
    rows = TensorSpec((2, 197, 1))
    assert infer_outputs(layer_norm()) == (TensorSpec(TOKENS), rows, rows)
    rms = op("RMSNorm", TOKENS, (192,), axis=-1)
    assert infer_outputs(rms) == (TensorSpec(TOKENS), TensorSpec((2, 197)))


def test_groups_and_channels_of_images_are_normalised() -> None:
    image = (2, 64, 7, 9)
    for norm, groups in (
        (op("GroupNorm", image, (64,), (64,)), 32),
        (op("GroupNorm", image, (64,), (64,), group=8), 8),
        (op("InstanceNorm", image, (64,), (64,)), 64),
    ):
        told = TensorSpec((2, groups))
        assert infer_outputs(norm) == (TensorSpec(image), told, told)


def test_axes_have_one_spelling_and_epsilon_has_none() -> None:
    keys = {canonical_key(layer_norm(**args).key) for args in ({}, {"axis": -1}, {"epsilon": 1e-6})}
    assert keys == {layer_norm().key}


@pytest.mark.parametrize(
    ("norm", "reason"),
    [
        (layer_norm(elementwise_affine=0), "elementwise_affine must be 1: "),
        (layer_norm(axis=3), "axis 3 is none of an input with 3 dimensions"),
        (layer_norm(axis=1), "a parameter is [192] where [197, 192] is expected"),
        (layer_norm(epsilon=1), "epsilon is 1; expected a number such as 1e-5"),
        (op("LayerNorm", TOKENS, (192,)), "it has 2 inputs where 3 are expected"),
        (op("GroupNorm", (1, 24, 7, 7), (24,), (24,), group=5), "group 5 does not divide 24 channels"),
        (op("InstanceNorm", (1, 24, 7, 7), (7,), (24,)), "a parameter is [7] where [24] is expected"),
        (op("InstanceNorm", (1, 24, 7), (24,), (24,)), "input 0 of shape [1, 24, 7] has 3 dimensions"),
    ],
)
def test_what_does_not_fit_is_refused(norm: OpSpec, reason: str) -> None:
    assert refusal(norm).startswith(reason)


def test_groups_and_a_missing_summand_are_kinds() -> None:
    assert family_of(layer_norm()) == "LayerNorm"
    assert family_of(op("RMSNorm", TOKENS, (192,), axis=2)) == "RMSNorm without summand"
    assert family_of(op("GroupNorm", (1, 64, 7, 7), (64,), (64,))) == "GroupNorm 32 groups NCHW"


def test_there_is_none_in_8_bits() -> None:
    assert not any(map(has_int8, ("GroupNorm", "InstanceNorm", "LayerNorm", "RMSNorm")))
    assert has_int8("BatchMatMul")
