"""Which operators of a family come next: all that is asked of them is where they lie."""

import numpy as np

from bench.sampling.design import Spread, find_corners

LINE = np.arange(11.0)[:, None]


def none_of(places: np.ndarray) -> np.ndarray:
    return np.zeros(len(places), bool)


def test_corners_reach_as_far_as_the_space_along_every_axis() -> None:
    chance = np.random.default_rng(0)
    sizes = chance.integers(1, 50, (300, 7)).astype(float)
    corners = find_corners(sizes, ~none_of(sizes), none_of(sizes))
    assert len(corners) <= 2 * 7
    assert (sizes[corners].min(axis=0) == sizes.min(axis=0)).all()
    assert (sizes[corners].max(axis=0) == sizes.max(axis=0)).all()


def test_a_corner_that_is_taken_or_can_not_be_measured_is_not_chosen() -> None:
    usable, taken = ~none_of(LINE), none_of(LINE)
    taken[10] = True
    assert find_corners(LINE, usable, taken) == [0]
    usable[0] = False  # it failed: the next one is as far as the space now reaches
    assert find_corners(LINE, usable, taken) == [1]
    assert find_corners(LINE, none_of(LINE), none_of(LINE)) == []


def test_operators_are_spread_out_from_the_middle_on() -> None:
    spread, free = Spread(LINE), ~none_of(LINE)
    chosen = []
    while (number := spread.choose(free)) is not None:
        free[number] = False
        chosen.append(number)
    assert chosen[0] == 5
    assert set(chosen[1:3]) == {0, 10}
    assert sorted(chosen) == list(range(11))


def test_doubt_counts_as_distance() -> None:
    spread, free = Spread(LINE), ~none_of(LINE)
    spread.take(5)
    assert spread.copy().choose(free) in (0, 10)
    doubt = np.where(LINE[:, 0] == 7, 3.0, 1.0)
    assert spread.choose(free, doubt) == 7
