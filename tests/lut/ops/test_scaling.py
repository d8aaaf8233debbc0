"""Products with something smaller."""

import pytest

from lut.ops import UINT8, OpSpec, family_of, infer_outputs, multiply_adds
from tests.lut.ops.operators import op, refusal


@pytest.mark.parametrize("factors", [(1, 7, 7, 24), (1, 1, 1, 24), (1, 7, 7, 1), (1, 1, 1, 1)])
def test_a_product_is_as_large_as_its_first_factor(factors: tuple[int, ...]) -> None:
    product = op("Int8Mul", (1, 7, 7, 24), factors, dtype=UINT8, order="NHWC")
    assert infer_outputs(product) == product.inputs[:1]
    assert multiply_adds(product) == 0


@pytest.mark.parametrize("factors", [(24,), (1, 24, 1), (1, 7, 7, 48), (2, 7, 7, 24), (1, 7, 7, 12)])
def test_only_what_has_size_1_is_repeated(factors: tuple[int, ...]) -> None:
    assert refusal(op("Mul", (1, 7, 7, 24), factors)) == (
        f"its inputs are [1, 7, 7, 24] and {list(factors)}; expected as many dimensions, "
        f"each of the second of the first's size or 1"
    )


@pytest.mark.parametrize(
    ("product", "family"),
    [
        (op("Mul", (1, 24, 7, 7), (1, 24, 7, 7)), "Mul of 2"),
        (op("Mul", (1, 24, 7, 7), (1, 24, 1, 1)), "Mul of 2 repeated along -1 -2"),
        (op("Mul", (1, 7, 7, 24), (1, 1, 1, 24)), "Mul of 2 repeated along -2 -3"),
        (op("Mul", (1, 1, 1, 24), (1, 1, 1, 24)), "Mul of 2"),
    ],
)
def test_what_is_repeated_is_a_kind(product: OpSpec, family: str) -> None:
    assert family_of(product) == family


def test_slopes_are_one_or_one_for_each_channel() -> None:
    prelu = op("PRelu", (1, 24, 7, 9), (24,))
    assert infer_outputs(prelu) == prelu.inputs[:1]
    assert family_of(prelu) == "PRelu NCHW"
    assert family_of(op("PRelu", (1, 24, 7, 9), (1,))) == "PRelu one slope NCHW"
    assert refusal(op("PRelu", (1, 24, 7, 9), (9,))) == "the slope is [9] where [24] or [1] is expected"
    assert refusal(op("PRelu", (24, 7), (7,))) == "input 0 of shape [24, 7] has 2 dimensions; expected 4"
