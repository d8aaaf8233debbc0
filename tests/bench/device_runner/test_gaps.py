"""What gaps take of a run: of made-up ones, where it can be said by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.device_runner.gaps import GapTimes
from bench.device_runner.program import Gaps

US, MS = 1_000, 1_000_000

EVERY_MS = Gaps(250 * MS, tuple(range(MS // 2, 250 * MS, MS)), (10 * US,) * 250)


@pytest.mark.parametrize(
    ("run_ns", "taken_ns"),
    [(100 * US, 0), (400 * US, 0), (600 * US, 10 * US), (5 * MS, 50 * US), (1_000 * MS, 10 * MS)],
)
def test_a_short_run_meets_no_gap_most_of_the_time_and_a_long_one_many(run_ns: int, taken_ns: int) -> None:
    assert GapTimes([EVERY_MS]).take_typical(run_ns) == pytest.approx(taken_ns, rel=0.01)


def test_what_was_watched_at_several_times_counts_alike() -> None:
    quiet = Gaps(250 * MS, (), ())
    assert GapTimes([EVERY_MS, quiet, quiet]).take_typical(5 * MS) == 0
    assert GapTimes([EVERY_MS, EVERY_MS, quiet]).take_typical(5 * MS) == 50 * US


def test_where_nobody_watched_nothing_is_known() -> None:
    assert not GapTimes([])
    assert GapTimes([Gaps(MS, (), ())])


@given(
    st.lists(st.tuples(st.integers(1, 50_000), st.integers(1_000, 50_000)), max_size=40), st.floats(1, 1e7)
)
def test_gaps_never_take_more_than_all_there_were(steps: list[tuple[int, int]], run_ns: float) -> None:
    at_ns, now = [], 0
    for pause, took in steps:
        at_ns.append(now + pause)
        now += pause + took
    gaps = Gaps(now + 1, tuple(at_ns), tuple(took for _, took in steps))
    taken = GapTimes([gaps]).take_typical(run_ns)
    assert 0 <= taken <= max(sum(gaps.took_ns), run_ns)
