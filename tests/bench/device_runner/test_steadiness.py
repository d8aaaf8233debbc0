from __future__ import annotations

import pytest

from bench.device_runner.steadiness import Pace, SteadyRuns, find_steady, keep_steady


@pytest.mark.parametrize(
    ("visits", "asked", "steady"),
    [
        ([100, 101, 102, 101, 100, 103], 6, [0, 1, 2, 3, 4, 5]),
        ([100, 130, 101, 140, 100, 101], 6, [0, 2, 4, 5]),
        ([100, 101, 130, 140, 131, 135], 6, [0, 1]),
        ([130, 131, 130, 132, 131, 133], 6, [0, 1, 2, 3, 4, 5]),
        ([100, 130, 131, 132, 130, 133], 6, [0, 1, 2, 3, 4, 5]),  # one quick visit judges nothing
        ([101, 130, 131, 100, 130, 133, 132, 135, 102, 101], 6, [0, 3, 8, 9]),  # four were made again
        ([100, 130, 140], 3, [0, 1, 2]),  # too few to tell
    ],
)
def test_steady_visits_are_those_as_fast_as_the_fast_ones(
    visits: list[float], asked: int, steady: list[int]
) -> None:
    assert find_steady(visits, asked) == steady


def test_short_runs_are_kept_or_left_out_by_the_visit() -> None:
    fast, slow = (400_000, 401_000), (402_000, 500_000)
    assert keep_steady([fast, slow, fast, fast], 4) == SteadyRuns(3 * fast, 3)


def test_each_long_run_is_judged_by_itself() -> None:
    fast, half_slow = (5_000_000, 5_010_000), (5_000_000, 5_500_000)
    assert keep_steady([fast, half_slow, fast, fast], 4) == SteadyRuns((*fast, 5_000_000, *fast, *fast), 3.5)


def test_single_long_runs_are_held_closer_to_the_fast_ones_than_visits() -> None:
    fast, slower = 3 * (5_000_000,), 3 * (5_100_000,)  # 2 % slower
    assert keep_steady([fast, slower, fast, fast], 4) == SteadyRuns(3 * fast, 3)
    short, slower_short = 3 * (500_000,), 3 * (510_000,)
    assert keep_steady([short, slower_short, short, short], 4).visits == 4


def test_of_no_visit_nothing_is_kept() -> None:
    assert keep_steady([], 6) == SteadyRuns((), 0)


def times(factor: float = 1.0, ops: int = 6) -> dict[str, float]:
    return {f"op{number}": factor * (number + 1) for number in range(ops)}


def test_operators_that_are_slower_together_are_visited_again() -> None:
    pace = Pace()
    assert [pace.should_repeat(times(factor)) for factor in (1.0, 1.04, 1.06, 1.5)] == [
        False,
        False,
        True,
        True,
    ]


def test_the_fastest_visit_is_the_measure_also_of_later_ones() -> None:
    pace = Pace()
    assert [pace.should_repeat(times(factor)) for factor in (1.1, 1.0, 1.1)] == [False, False, True]


def test_one_slow_operator_says_nothing_of_the_device() -> None:
    pace = Pace()
    pace.should_repeat(times())
    assert not pace.should_repeat(times() | {"op0": 1.5})


def test_few_operators_scatter_too_much_to_tell() -> None:
    pace = Pace()
    pace.should_repeat(times(ops=4))
    assert not pace.should_repeat(times(2.0, ops=4))


def test_a_device_that_stays_slow_is_believed_after_some_visits() -> None:
    pace = Pace()
    pace.should_repeat(times())
    again = [pace.should_repeat(times(1.2)) for _ in range(40)]
    assert again[:3] == [True] * 3
    assert 15 <= sum(again) <= 25
