"""Products of two activations."""

import pytest

from lut.ops import UINT8, TensorSpec, family_of, infer_outputs, multiply_adds
from tests.lut.ops.operators import op, refusal


@pytest.mark.parametrize(
    ("first", "second", "flags"),
    [
        ((2, 3, 5, 7), (2, 3, 7, 4), {}),
        ((2, 3, 5, 7), (2, 3, 4, 7), {"trans_b": 1}),
        ((2, 3, 7, 5), (2, 3, 7, 4), {"trans_a": 1}),
        ((2, 3, 7, 5), (2, 3, 4, 7), {"trans_a": 1, "trans_b": 1}),
    ],
)
def test_matrices_may_be_written_either_way_round(
    first: tuple[int, ...], second: tuple[int, ...], flags: dict[str, int]
) -> None:
    product = op("Int8BatchMatMul", first, second, dtype=UINT8, **flags)
    assert infer_outputs(product) == (TensorSpec((2, 3, 5, 4), UINT8),)
    assert multiply_adds(product) == 2 * 3 * 5 * 7 * 4


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ((5,), (5,), "two or more"),
        ((5, 7), (1, 7, 4), "as many dimensions"),
        ((2, 5, 7), (1, 7, 4), "of equal sizes before the last two"),
        ((2, 5, 7), (2, 4, 7), "its matrices are [5, 7] and [4, 7], which don't fit"),
    ],
)
def test_what_does_not_fit_is_refused(first: tuple[int, ...], second: tuple[int, ...], reason: str) -> None:
    assert reason in refusal(op("BatchMatMul", first, second))


def test_a_flag_is_0_or_1() -> None:
    assert refusal(op("BatchMatMul", (2, 2), (2, 2), trans_a=2)) == "trans_a is 2; expected 0 or 1"


def test_which_way_round_a_matrix_is_written_is_a_kind() -> None:
    assert family_of(op("BatchMatMul", (3, 5, 7), (3, 7, 4), trans_b=0)) == "BatchMatMul of 2"
    assert family_of(op("BatchMatMul", (5, 7), (4, 7), trans_b=1)) == "BatchMatMul of 2 trans_b=1"
