"""Which visits count of operators that took turns with each other."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from lut.journal.turns import Turns


def turns_of(*taken: Sequence[float]) -> Turns:
    """Turns, numbered from 1, in which operators took so many nanoseconds; 0: it is missing."""
    turns = Turns()
    for turn, times in enumerate(taken):
        number = turns.number(0, "segment", turn)
        for operator, took_ns in enumerate(times):
            if took_ns:
                turns.add(number, operator, took_ns)
    return turns


def test_a_turn_is_slow_if_all_of_it_takes_three_per_cent_longer_than_the_second_fastest() -> None:
    turns = turns_of([100, 900], [100, 910], [100, 937], [100, 948])
    assert turns.find_slow([1, 2, 3, 4]) == {3}


def test_an_operator_that_was_slow_in_a_quick_turn_counts() -> None:
    turns = turns_of([100, 9_000], [180, 8_900], [100, 9_000])
    assert turns.find_slow([1, 2, 3]) == set()


def test_turns_are_compared_by_the_operators_they_have() -> None:
    turns = turns_of([100, 900], [0, 900], [101, 0], [0, 990])
    assert turns.find_slow([1, 3]) == set()
    assert turns.find_slow([1, 2, 4]) == {2}


def test_turns_are_compared_though_each_has_other_operators() -> None:
    """Of the first four turns, which see every operator for the first time, the second was slow."""
    turns = turns_of(
        [100, 900, 0, 0],
        [0, 0, 440, 220],
        [0, 900, 400, 0],
        [100, 0, 0, 200],
        [0, 900, 0, 200],
        [100, 0, 400, 0],
    )
    assert turns.find_slow([1, 4, 6]) == set()
    assert turns.find_slow([2, 3, 6]) == {0}


def test_visits_by_themselves_count_and_are_no_yardstick() -> None:
    turns = turns_of([100], [100], [200])
    assert turns.find_slow([0, 0, 0, 3]) == set()
    assert turns.find_slow([1, 0, 2, 3]) == {3}


def test_a_run_is_not_held_against_another() -> None:
    turns = Turns()
    visits = []
    for run, times in enumerate([(100, 101, 120), (140, 141, 170)]):
        for turn, took_ns in enumerate(times):
            visits.append(turns.number(run, "segment", turn))
            turns.add(visits[-1], 0, took_ns)
    assert visits == [1, 2, 3, 4, 5, 6]
    assert turns.find_slow(visits) == {2, 5}


def test_what_an_operator_took_in_another_run_is_no_yardstick() -> None:
    turns = Turns()
    for number, operator, took_ns in [
        (turns.number(0, "segment", 0), 0, 10),
        (turns.number(0, "segment", 1), 1, 90),
    ]:
        turns.add(number, operator, took_ns)
    visits = [turns.number(1, "segment", turn) for turn in range(3)]
    for number, times in zip(visits, [(20, 90), (20,), (20, 93)], strict=True):
        for operator, took_ns in enumerate(times):
            turns.add(number, operator, took_ns)
    assert turns.find_slow(visits) == set()


@given(st.lists(st.lists(st.integers(1, 10**9), min_size=3, max_size=3), min_size=1, max_size=8))
def test_two_visits_count_whatever_they_took(taken: list[list[int]]) -> None:
    visits = list(range(1, len(taken) + 1))
    assert len(turns_of(*taken).find_slow(visits)) <= max(0, len(visits) - 2)
