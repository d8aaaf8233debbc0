"""Where estimates are off, and how far."""

from __future__ import annotations

import numpy as np
import pytest

from lut.estimation.doubt import spread_doubt

KNOWN = np.array([[0.0], [1.0], [2.0], [3.0], [20.0], [21.0], [22.0], [23.0]])
ERRORS = np.array([0.1, -0.1, 0.1, 0.1, 0.5, 0.5, -0.5, 0.5])


def test_doubt_is_the_error_of_the_operators_nearby() -> None:
    assert spread_doubt(np.array([[1.5], [30.0]]), KNOWN, ERRORS) == pytest.approx([0.101, 0.501])


def test_an_operator_tells_nothing_of_its_own_doubt() -> None:
    errors = np.where(KNOWN[:, 0] == 21, 9.0, ERRORS)
    own = spread_doubt(KNOWN, KNOWN, errors, is_own=True)
    assert own[5] == pytest.approx((0.1 + 3 * 0.5) / 4 + 0.001)
    assert own[4] > 2


def test_of_many_errors_a_part_is_looked_at() -> None:
    errors = np.array([0.1, 9.0] * 4)
    assert spread_doubt(KNOWN, KNOWN, errors, most=4) == pytest.approx([0.101] * 8)
