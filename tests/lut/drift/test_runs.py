"""How a run compares with earlier ones: by operators that both measured, else by the canary."""

from __future__ import annotations

import json
from statistics import median, median_low
from typing import Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lut.drift import Canary, RunDrift, compare_runs, is_telling
from lut.drift.runs import CANARY, CanaryTimes, take_median
from lut.entries import CAUSES, Conditions

TIMES_NS = st.integers(1_000, 10**9)


def steady(time_ns: int, readings: int) -> CanaryTimes:
    """So many readings of a canary that hardly changes."""
    times = CanaryTimes()
    for number in range(readings):
        times.add(Conditions(canary_before_ns=time_ns + number % 2))
    return times


@given(st.lists(TIMES_NS, min_size=5, max_size=40), st.floats(0.5, 2))
def test_common_operators_tell_and_the_canary_is_not_asked(then: list[int], factor: float) -> None:
    drift = compare_runs([(time, time * factor) for time in then], Canary(100, 9), Canary(900, 9))
    assert drift is not None
    assert drift.factor == pytest.approx(factor)
    assert (drift.count, drift.by) == (len(then), "operators")


def test_where_few_operators_are_common_the_canary_tells() -> None:
    drift = compare_runs([(1.0, 5.0)] * 4, Canary(20_000, 6), Canary(21_000, 9))
    assert drift is not None
    assert drift.factor == pytest.approx(1.05, abs=1e-4)
    assert (drift.count, drift.by) == (6, CANARY)


@pytest.mark.parametrize(("then", "now"), [(None, Canary(9, 9)), (Canary(9, 9), None), (None, None)])
def test_few_operators_and_no_canary_tell_nothing(then: Canary | None, now: Canary | None) -> None:
    assert compare_runs([(1.0, 5.0)] * 4, then, now) is None


@pytest.mark.parametrize(("readings", "known"), [(0, False), (4, False), (5, True)])
def test_few_readings_of_the_canary_are_none(readings: int, known: bool) -> None:
    assert (steady(20_000, readings).take_median() is not None) is known


def test_operators_that_take_turns_share_one_canary() -> None:
    times = CanaryTimes()
    for _ in range(60):
        times.add(Conditions(canary_before_ns=100, canary_after_ns=120))
    assert list(times) == [100, 120]


def test_a_canary_that_nobody_timed_is_no_time_of_0() -> None:
    times = CanaryTimes()
    times.add(Conditions())
    times.add(Conditions(canary_before_ns=None, canary_after_ns=500))
    assert list(times) == [500]


@pytest.mark.parametrize("step", [100, -100])
def test_the_canary_of_a_long_run_takes_bounded_memory_and_keeps_its_median(step: int) -> None:
    readings = [10**8 + step * number for number in range(200_000)]
    times = CanaryTimes()
    for before, behind in zip(readings[::2], readings[1::2], strict=True):
        times.add(Conditions(canary_before_ns=before, canary_after_ns=behind))
    assert 600 < len(times) < 2048
    canary = times.take_median()
    assert canary is not None
    assert canary.median_ns == pytest.approx(median(readings), rel=0.005)


@given(st.lists(st.builds(Canary, TIMES_NS.map(float), st.integers(1, 99)), min_size=1, max_size=9))
def test_pooled_canaries_count_by_their_readings(parts: list[Canary]) -> None:
    pooled = Canary.pooled(parts)
    assert pooled is not None
    assert pooled.median_ns == median_low([part.median_ns for part in parts for _ in range(part.count)])
    assert pooled.count == sum(part.count for part in parts)
    assert msgspec.json.decode(msgspec.json.encode(pooled), type=Canary) == pooled


def test_none_pooled_is_none() -> None:
    assert Canary.pooled([]) is None


@pytest.mark.parametrize("wrong", [{"median_ns": 0}, {"median_ns": float("inf")}, {"count": 0}])
def test_what_is_no_time_of_a_canary_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(json.dumps({"median_ns": 500, "count": 9} | wrong), type=Canary)


@given(st.lists(TIMES_NS, min_size=1, max_size=30))
def test_the_median_of_a_visit_is_that_of_its_samples(samples: list[int]) -> None:
    assert take_median(tuple(samples)) == median(samples)


def test_which_visits_tell_of_the_device() -> None:
    assert is_telling(Conditions())
    assert [cause for cause in CAUSES if is_telling(Conditions(spoilt_by=cause))] == ["canary"]


@pytest.mark.parametrize(
    ("drift", "words"),
    [
        (RunDrift(1.042, 1312), "4.2 % slower than in a.run.jsonl (by 1,312 operators measured in both)"),
        (RunDrift(1.0, 9), "as fast as in a.run.jsonl (by 9 operators measured in both)"),
        (
            RunDrift(0.97, 40, CANARY),
            "3.0 % faster than in a.run.jsonl (by the canary, since fewer than 5 operators were measured in "
            "both)",
        ),
    ],
)
def test_drift_in_words(drift: RunDrift, words: str) -> None:
    assert drift.describe("a.run.jsonl") == words


@given(st.floats(0.01, 100), st.integers(1, 10**6), st.sampled_from(["operators", "canary"]))
def test_what_a_sidecar_says_is_read_back(
    factor: float, number: int, by: Literal["operators", "canary"]
) -> None:
    drift = RunDrift(factor, number, by)
    assert msgspec.json.decode(msgspec.json.encode(drift), type=RunDrift) == drift


@pytest.mark.parametrize(
    "wrong", [{"factor": 0}, {"factor": float("nan")}, {"count": 0}, {"by": "guess"}, {"factor": "fast"}]
)
def test_what_is_no_drift_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(
            json.dumps({"factor": 1.01, "count": 9, "by": "operators"} | wrong), type=RunDrift
        )
