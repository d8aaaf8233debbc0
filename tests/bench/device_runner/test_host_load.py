"""Who else uses the host's processors."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping

import pytest

from bench.device_runner import HostDevice, host, host_load
from bench.device_runner.host_load import LoadGate, choose_free_cores, find_busiest
from bench.device_runner.interruption import Interruption
from bench.device_runner.processors import read_mask
from lut.errors import StoppedError
from tests.busy import busy_processor

CORE = max(os.sched_getaffinity(0))

watch_cores = host_load.watch_cores
"""The real one, which other tests don't have."""


@pytest.fixture(autouse=True)
def idle_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_load, "watch_cores", watch_cores)


@pytest.fixture
def hog() -> Iterator[int]:
    """A process that keeps one core busy; gives its number."""
    with busy_processor(CORE) as process:
        yield process


def test_a_busy_core_and_who_keeps_it_busy_are_seen(hog: int) -> None:
    assert watch_cores(time.sleep)[CORE] > host_load.BUSY
    name = find_busiest([CORE], time.sleep)
    assert name is not None
    assert name.endswith(f"(process {hog})")


def test_a_block_waits_for_a_busy_core_and_goes_on_in_the_end(hog: int) -> None:
    heard: list[str] = []
    gate = LoadGate(Interruption(), patience_s=0.5)
    gate.wait(frozenset({CORE}), heard.append)
    first, second = heard
    assert first.startswith(f"host waits up to 0.5 s: core {CORE} is ")
    assert first.endswith(f"(process {hog}).")
    assert second.startswith(f"host measures all the same: core {CORE} is ")


@pytest.mark.usefixtures("hog")
def test_a_block_that_waited_in_vain_is_the_last_that_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_load, "_LOOK_S", 0)
    heard: list[str] = []
    gate = LoadGate(Interruption(), patience_s=0)
    for _ in range(3):
        gate.wait(frozenset({CORE}), heard.append)
    assert len(heard) == 2


def test_a_block_begins_at_once_where_the_core_is_free_again(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter([{0: 0.9}, {0: 0.1}])
    monkeypatch.setattr(host_load, "watch_cores", lambda _: next(looks))
    monkeypatch.setattr(host_load, "_POLL_S", 0)
    heard: list[str] = []
    LoadGate(Interruption()).wait(frozenset({0}), heard.append)
    assert len(heard) == 1


def test_cores_that_were_free_are_not_looked_at_for_every_block(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[Mapping[int, float]] = [{0: 0.0}]
    monkeypatch.setattr(host_load, "watch_cores", lambda _: looks.pop())
    gate = LoadGate(Interruption())
    for _ in range(3):
        gate.wait(frozenset({0}), lambda _: None)
    assert not looks


def test_cores_that_were_just_chosen_are_not_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "watch_cores", lambda _: {CORE: 0.0})
    monkeypatch.setattr(host_load, "watch_cores", lambda _: pytest.fail("a second look"))
    device = HostDevice()
    device.begin_block(lambda _: None, device.choose_cpus(1, lambda _: None))


def test_the_wait_ends_with_an_interruption(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_load, "watch_cores", lambda _: {0: 1.0})
    interruption = Interruption()
    gate = LoadGate(interruption)
    with pytest.raises(StoppedError):
        gate.wait(frozenset({0}), lambda _: interruption.set())


@pytest.mark.parametrize(
    ("count", "shares", "chosen"),
    [
        (1, {}, [3]),
        (1, {3: 0.9}, [2]),
        (2, {3: 0.9, 1: 0.1}, [1, 2]),
        (2, {0: 1.0, 1: 1.0, 2: 1.0}, [2, 3]),
        (9, {3: 0.9}, [0, 1, 2, 3]),
    ],
)
def test_the_last_free_cores_are_taken(count: int, shares: Mapping[int, float], chosen: list[int]) -> None:
    assert choose_free_cores([0, 1, 2, 3], count, shares) == chosen


def test_the_host_is_measured_on_another_core_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    monkeypatch.setattr(host, "watch_cores", lambda _: {0: 0.02, 1: 0.97})
    heard: list[str] = []
    assert HostDevice().choose_cpus(1, heard.append) == "0x1"
    assert heard == ["Others keep core 1 (97%) busy: host is measured on core 0."]


def test_a_mask_names_its_cores() -> None:
    assert read_mask("0xc") == {2, 3}
