"""Gates: shut by what a phone says, open for what it does not."""

from __future__ import annotations

from dataclasses import replace

from bench.device_runner.interruption import Interruption
from bench.device_runner.phone.battery import Battery
from bench.device_runner.phone.connection import Patience
from bench.device_runner.phone.gates import GATES, Gatekeeper, Limits, View, look_at_gates
from bench.device_runner.phone.probes import State
from bench.device_runner.phone.thermal_service import ThermalService

COOL = State(battery=Battery(80, 30.0, plugged=True), max_khz={0: 1_000_000, 4: 2_000_000})


def find_shut(state: State, usual: dict[int, int], cores: frozenset[int] | None = None) -> set[str]:
    verdicts = look_at_gates(View(state, None, usual, Limits(), cores))
    return {name for name, verdict in verdicts.items() if verdict.reason}


def test_a_phone_that_tells_nothing_has_every_gate_open_and_unknown() -> None:
    verdicts = look_at_gates(View(State(), None, {}, Limits()))
    assert verdicts.keys() == GATES.keys()
    assert not any(verdict.known or verdict.reason for verdict in verdicts.values())


def test_a_fall_below_the_usual_clock_shuts_and_a_standing_cap_does_not() -> None:
    assert find_shut(COOL, {4: 2_000_000}) == set()
    assert find_shut(replace(COOL, max_khz={4: 1_800_000}), {4: 2_000_000}) == {"throttle"}


def test_only_the_measured_cores_clocks_count() -> None:
    slow = replace(COOL, max_khz={0: 500_000, 4: 2_000_000})
    usual = {0: 1_000_000, 4: 2_000_000}
    assert find_shut(slow, usual, frozenset({4})) == set()
    assert find_shut(slow, usual, frozenset({0})) == {"throttle"}


def test_what_says_that_a_phone_slows_down_shuts() -> None:
    for state in (
        replace(COOL, siop_level=2),
        replace(COOL, service=ThermalService(status=2)),
        replace(COOL, service=ThermalService(status=0, throttled=("thermal-cpufreq-4",))),
    ):
        assert find_shut(state, {}) == {"throttle"}
    assert find_shut(replace(COOL, siop_level=-3, service=ThermalService(status=1)), {}) == set()


def wait(keeper: Gatekeeper, *states: State) -> list[str]:
    said: list[str] = []
    left = iter(states)
    keeper.wait(lambda: next(left), said.append, "R1", Interruption())
    return said


def test_what_can_not_be_judged_is_said_once() -> None:
    keeper = Gatekeeper({}, Limits(), frozenset({"load", "space"}), Patience(poll_s=0))
    (sentence,) = wait(keeper, COOL)
    assert "awake, heat" in sentence
    assert keeper.unjudged == {"awake", "heat"}
    assert wait(keeper, COOL) == []


def test_the_usual_clock_grows_while_cool_and_only_then() -> None:
    keeper = Gatekeeper({4: 1_000_000}, Limits(), frozenset(GATES), Patience(poll_s=0))
    wait(keeper, replace(COOL, siop_level=1))
    assert keeper.usual_khz[4] == 1_000_000
    wait(keeper, COOL)
    assert keeper.usual_khz[4] == 2_000_000
