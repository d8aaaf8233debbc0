"""How times of then and now compare."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lut.drift import Drift, compare_times, describe_change

TIMES = st.floats(0.1, 1e6)


@given(st.lists(TIMES, min_size=5, max_size=50), st.floats(0.5, 2))
def test_a_device_that_is_slower_by_a_factor_is_said_to_be(then: list[float], factor: float) -> None:
    drift = compare_times([(time, time * factor) for time in then])
    assert drift is not None
    assert drift.factor == pytest.approx(factor)
    assert drift.count == len(then)


def test_long_times_count_more() -> None:
    drift = compare_times([(100.0, 102.0), *[(1.0, 3.0)] * 20])
    assert drift == Drift(1.02, 21)


def test_single_times_that_were_disturbed_do_not_count() -> None:
    drift = compare_times([(10.0, 10.1)] * 7 + [(10.0, 90.0)] * 3)
    assert drift is not None
    assert drift.factor == pytest.approx(1.01)


@pytest.mark.parametrize("pairs", [[], [(1.0, 1.0)] * 4, [(0.0, 1.0)] * 9, [(1.0, 0.0)] * 9])
def test_few_times_tell_nothing(pairs: list[tuple[float, float]]) -> None:
    assert compare_times(pairs) is None


@pytest.mark.parametrize(
    ("factor", "words", "large"),
    [
        (1.0, "as fast", False),
        (1.021, "2.1 % slower", False),
        (0.9, "10.0 % faster", True),
        (1.04, "4.0 % slower", True),
    ],
)
def test_changes_in_words(factor: float, words: str, large: bool) -> None:
    assert describe_change(factor) == words
    assert Drift(factor, 9).is_large is large
