"""The words a run shows while it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from bench.campaign import RunSummary, run_plan
from bench.cli.live import Moment, Pace, describe_line, describe_moment
from lut.entries import BlockState, Conditions, Failure, Measurement
from lut.ops import FLOAT, OpSpec, TensorSpec
from tests.bench.conftest import CONFIG, FaultyHost, relu, softmax

OP = OpSpec.of("Relu", (TensorSpec((1, 8, 4, 4), FLOAT),), order="NCHW")


class Clock:
    """A clock that a test sets."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def visit(conditions: Conditions = Conditions()) -> Measurement:  # noqa: B008 - frozen
    return Measurement.of(OP, "segment", 0, (1000,), conditions=conditions)


def test_everything_known_is_told_and_the_operator_comes_last() -> None:
    moment = Moment(60, 120, failed=1, left_s=69.6, celsius=41.3, khz=2361600, op=OP)
    assert describe_moment(moment) == ("0:01:10 left, 1 failed, 41 °C, 2.36 GHz, Relu [1,8,4,4] order=NCHW")


def test_what_nobody_knows_is_left_out() -> None:
    assert describe_moment(Moment(0, 120)) == "0 failed"
    assert describe_line("host", Moment(1200, 4800, left_s=5.0)) == (
        "host: 1,200 of 4,800 visits (25 %), 0:00:05 left, 0 failed"
    )
    assert describe_line("host", Moment(0, 0)) == "host: 0 of 0 visits (0 %), 0 failed"


@pytest.mark.parametrize(
    ("values", "celsius"),
    [
        ({"zone_celsius": "51.5", "battery_celsius": "33.0"}, 51.5),
        ({"zone_celsius": "unavailable", "battery_celsius": "33.0"}, 33.0),
        ({"zone_celsius": "unavailable", "battery_celsius": "unavailable"}, None),
        ({"load_average": "0.10 0.20 0.30"}, None),
    ],
)
def test_the_zone_tells_the_heat_before_the_battery(values: dict[str, str], celsius: float | None) -> None:
    assert BlockState("", values).celsius == celsius


def test_the_time_left_is_judged_from_this_run_s_visits_only() -> None:
    clock = Clock()
    pace = Pace(total=300, passes=3, clock=clock)
    now = RunSummary(resumed=50, visits=1)  # 150 visits of an earlier run took no time in this one
    assert pace.read(now, "host").left_s is None
    clock.now += 10
    now.visits = 51
    moment = pace.read(now, "host")
    assert moment.done == 201
    assert moment.left_s == pytest.approx(99 * 0.2)


def test_a_moment_never_shows_more_than_everything() -> None:
    failures = [Failure.of(OP, "segment", "run", "no")] * 2
    now = RunSummary(visits=8, failures=failures)  # the failed ones had passes before they failed
    assert Pace(total=9, passes=3).read(now, "host").done == 9


def test_a_device_s_line_tells_its_own_operator_clock_and_heat() -> None:
    now = RunSummary(visits=2)
    now.visits_on.update({"one": 1, "two": 1})
    now.latest = {"one": visit(Conditions(khz_before=1900800)), "two": Failure.of(OP, "segment", "run", "no")}
    now.states = {"one": BlockState("segment", {"zone_celsius": "40.0"})}
    pace = Pace(total=10, passes=1)
    one, two = pace.read(now, "one", alone=False), pace.read(now, "two", alone=False)
    assert (one.khz, one.celsius, one.op, one.here) == (1900800, 40.0, OP, 1)
    assert (two.khz, two.celsius, two.op) == (None, None, OP)
    assert describe_moment(one).startswith("1 here, 0 failed, 40 °C, 1.90 GHz, Relu")


def test_lines_that_stay_are_rare() -> None:
    clock = Clock()
    pace = Pace(total=1000, passes=1, clock=clock)

    def told() -> Iterator[tuple[float, int]]:
        for done in range(1, 1001):
            clock.now += 0.5
            if pace.is_due(done):
                yield clock.now, done

    moments = list(told())
    times = [100.5, *(time_s for time_s, _ in moments)]
    assert len(moments) == 19  # every 5 %, since these take longer than 10 s
    assert {b - a for a, b in pairwise(times)} == {25.0}


def test_a_short_run_says_only_its_summary() -> None:
    clock = Clock()
    pace = Pace(total=10, passes=1, clock=clock)
    due = []
    for done in range(1, 11):
        clock.now += 0.9
        due.append(pace.is_due(done))
    assert not any(due)


def test_a_real_run_tells_its_operators_and_its_state(host: FaultyHost, tmp_path: Path) -> None:
    pace = Pace(total=4, passes=2)
    moments = []
    run_plan(
        [softmax(), relu(4)],
        host,
        CONFIG,
        tmp_path / "run.jsonl",
        progress=lambda now: moments.append((pace.read(now, "host"), dict(now.states))),
    )
    assert [moment.done for moment, _ in moments] == [1, 2, 3, 4]
    assert {moment.op for moment, _ in moments} == {softmax(), relu(4)}
    assert all("load_average" in states["host"].values for _, states in moments)
