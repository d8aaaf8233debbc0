"""Arithmetic of two tensors, one of which may be repeated."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lut.ops import UINT8, OpSpec, TensorSpec, check_family, family_of, infer_outputs, multiply_adds
from lut.ops.canonical import canonical_key
from tests.lut.ops.operators import op, refusal


@pytest.mark.parametrize("factors", [(1, 7, 7, 24), (1, 1, 1, 24), (1, 7, 7, 1), (1, 1, 1, 1), (24,), (7, 1)])
def test_a_product_is_as_large_as_its_larger_factor(factors: tuple[int, ...]) -> None:
    for shapes in ([(1, 7, 7, 24), factors], [factors, (1, 7, 7, 24)]):
        product = op("Int8Mul", *shapes, dtype=UINT8, order="NHWC")
        assert infer_outputs(product) == (TensorSpec((1, 7, 7, 24), UINT8),)
        assert multiply_adds(product) == 0


shapes = st.lists(st.integers(1, 4), max_size=5).map(tuple)


@given(shapes, shapes)
def test_shapes_go_together_as_in_numpy(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    difference = op("Sub", first, second)
    try:
        expected = np.broadcast_shapes(first, second)
    except ValueError:
        assert refusal(difference).startswith(f"its inputs are {list(first)} and {list(second)}; ")
    else:
        assert infer_outputs(difference) == (TensorSpec(expected),)


@given(shapes, shapes)
def test_summands_may_change_places(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    forth, back = op("Add", first, second), op("Add", second, first)
    assert canonical_key(forth.key) == canonical_key(back.key)
    assert check_family(forth) == check_family(back)


@pytest.mark.parametrize("factors", [(1, 7, 7, 48), (1, 7, 7, 12), (12,), (7, 7)])
def test_only_what_has_size_1_is_repeated(factors: tuple[int, ...]) -> None:
    assert refusal(op("Mul", (1, 7, 7, 24), factors)) == (
        f"its inputs are [1, 7, 7, 24] and {list(factors)}; expected sizes that are equal from the last "
        f"dimension on, or 1 in one of them"
    )


@pytest.mark.parametrize(
    ("product", "family"),
    [
        (op("Mul", (1, 24, 7, 7), (1, 24, 7, 7)), "Mul of 2"),
        (op("Mul", (1, 24, 7, 7), (1, 24, 1, 1)), "Mul of 2 repeated along -1 -2"),
        (op("Mul", (1, 7, 7, 24), (1, 1, 1, 24)), "Mul of 2 repeated along -2 -3"),
        (op("Mul", (1, 7, 7, 24), (24,)), "Mul of 2 repeated along -2 -3"),
        (op("Sub", (24,), (2, 7, 24)), "Sub of 2 first repeated along -2 -3"),
        (op("Div", (7, 1), (1, 24)), "Div of 2 first repeated along -1 and repeated along -2"),
        (op("Add", (7, 1), (1, 24)), "Add of 2 repeated along -1 and repeated along -2"),
        (op("Mul", (1, 1, 1, 24), (1, 1, 1, 24)), "Mul of 2"),
    ],
)
def test_what_is_repeated_is_a_kind(product: OpSpec, family: str) -> None:
    assert family_of(product) == family
