"""What times are sums of, and which channels run the same code."""

from __future__ import annotations

import numpy as np
import pytest

from lut.estimation.terms import FORMS, Form, find_places, list_terms
from lut.ops import check_family
from tests.lut.samples import pointwise

SHORT, WIDE, WITH_REMAINDERS = FORMS


def sizes_of(*ops: tuple[int, int, int]) -> np.ndarray:
    """Rows of sizes of 1x1 convolutions: pixels in a row, channels read, channels written."""
    found = [check_family(pointwise(*op)) for op in ops]
    return np.array([size.as_tuple() for _, size in filter(None, found)])


@pytest.mark.parametrize("form", FORMS)
def test_an_operator_has_a_row_of_terms(form: Form) -> None:
    sizes = sizes_of((7, 64, 64), (7, 64, 72), (14, 24, 32))
    terms = list_terms(sizes, form)
    assert len(terms) == 3
    assert (terms[:, 0] == 1).all()


def test_whole_tiles_are_counted() -> None:
    """Seven rows by 32 columns: 49 pixels are seven rows of them, 50 would be eight; 72 columns are three."""
    (terms,) = list_terms(sizes_of((7, 64, 72)), WIDE)
    assert 49 * 96 * 64 in terms


@pytest.mark.parametrize(
    ("one", "other", "are_alike"),
    [
        ((64, 64), (96, 128), True),
        ((64, 64), (64, 72), False),
        ((64, 72), (64, 104), True),
        ((64, 80), (64, 88), False),
        ((64, 80), (64, 1808), False),
        ((64, 64), (64, 1808), True),
        ((64, 64), (72, 64), False),
        ((72, 64), (88, 64), True),
    ],
)
def test_channels_that_leave_the_same_remainders_are_of_one_kind(
    one: tuple[int, int], other: tuple[int, int], are_alike: bool
) -> None:
    kinds = find_places(sizes_of((7, *one), (7, *other)), WITH_REMAINDERS)[:, 4:]
    assert kinds.sum(axis=1).tolist() == [1, 1]
    assert bool((kinds[0] == kinds[1]).all()) == are_alike


def test_without_remainders_places_are_sizes() -> None:
    sizes = sizes_of((7, 64, 64), (7, 64, 72))
    assert find_places(sizes, WIDE).shape == (2, 4)
