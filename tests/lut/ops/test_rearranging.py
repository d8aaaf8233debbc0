"""Operators that put values elsewhere."""

import pytest

from lut.ops import UINT8, ArgumentValue, TensorSpec, family_of, infer_outputs
from tests.lut.ops.operators import op, refusal


def test_depth_becomes_space() -> None:
    assert infer_outputs(op("DepthToSpace", (1, 12, 5, 7), block_size=2)) == (TensorSpec((1, 3, 10, 14)),)
    quantized = op("Int8DepthToSpace", (1, 5, 7, 9), dtype=UINT8, block_size=3, order="NHWC")
    assert infer_outputs(quantized) == (TensorSpec((1, 15, 21, 1), UINT8),)


@pytest.mark.parametrize("block", [0, 1, 3])
def test_a_block_divides_the_channels_by_its_square(block: int) -> None:
    reason = f"block_size {block} must be from 2 on, and its square divide 10 channels"
    assert refusal(op("DepthToSpace", (1, 10, 5, 7), block_size=block)) == reason


def test_padding_adds_places_on_each_side() -> None:
    padded = op("Pad", (1, 3, 8, 9), before=(0, 0, 1, 2), after=(0, 0, 3, 0))
    assert infer_outputs(padded) == (TensorSpec((1, 3, 12, 11)),)
    assert family_of(padded) == "Pad"
    assert family_of(op("Pad", (4,), before=(1,), after=(1,), value=2.0)) == "Pad value=2.0"


@pytest.mark.parametrize("before", [(), (1,), (1, -1), (1, 1.0), 1])
def test_places_are_whole_numbers_one_for_each_dimension(before: ArgumentValue) -> None:
    reason = refusal(op("Pad", (4, 4), before=before, after=(0, 0)))
    assert reason.endswith("; expected 2 whole numbers from 0")


def test_a_padding_s_value_is_a_number() -> None:
    reason = "value is 'x'; expected a number such as 0.0"
    assert refusal(op("Pad", (4,), before=(1,), after=(1,), value="x")) == reason
