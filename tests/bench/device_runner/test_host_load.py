"""Who else uses the host's processors."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

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
def looking_host(quiet_machine: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the host look at its processors: that is what these tests are about."""
    assert quiet_machine is None
    monkeypatch.setattr(host_load, "watch_cores", watch_cores)


TICKS_S = os.sysconf("SC_CLK_TCK")


@dataclass
class Kernel:
    """A /proc of two processors whose time a test lets pass; `hog`, process 4711, has what is busy."""

    folder: Path
    busy: Mapping[int, float]
    seconds: float = 0.0
    used: dict[int, float] = field(default_factory=lambda: {0: 0.0, 1: 0.0})

    def pause(self, seconds: float) -> None:
        """Let time pass, of which the hog has its share on every processor."""
        self.seconds += seconds
        for core, share in self.busy.items():
            self.used[core] += share * seconds
        self.write()

    def write(self) -> None:
        lines = []
        for core, used in self.used.items():
            idle = round((self.seconds - used) * TICKS_S)
            lines.append(f"cpu{core} {round(used * TICKS_S)} 0 0 {idle} 0 0 0 0 0 0\n")
            if used:
                thread = self.folder / "4711" / "task" / f"{4711 + core}"
                thread.mkdir(parents=True, exist_ok=True)
                fields = ["0"] * 50
                fields[0], fields[11], fields[36] = "R", str(round(used * TICKS_S)), str(core)
                (thread / "stat").write_text(f"{4711 + core} (hog) {' '.join(fields)}\n")
        (self.folder / "stat").write_text("".join(lines))


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    """A kernel whose processor 1 is kept busy."""
    kernel = Kernel(tmp_path, {1: 1.0})
    kernel.write()
    monkeypatch.setattr(host_load, "_PROC", tmp_path)
    return kernel


class Waits(Interruption):
    """What a gate waits with: time passes on the kernel's clock."""

    def __init__(self, kernel: Kernel) -> None:
        super().__init__()
        self.kernel = kernel

    def pause(self, seconds: float) -> None:
        self.kernel.pause(seconds)


def test_a_busy_core_and_who_keeps_it_busy_are_seen(kernel: Kernel) -> None:
    assert watch_cores(kernel.pause) == {0: 0.0, 1: 1.0}
    assert find_busiest([1], kernel.pause) == "hog (process 4711)"
    assert find_busiest([0], kernel.pause) is None


def test_the_kernel_s_own_files_are_read() -> None:
    with busy_processor(CORE):
        assert watch_cores(time.sleep)[CORE] > host_load.BUSY
        assert find_busiest([CORE], time.sleep) is not None


def test_a_block_waits_for_a_busy_core_and_goes_on_in_the_end(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: kernel.seconds)
    heard: list[str] = []
    LoadGate(Waits(kernel), patience_s=5).wait(frozenset({1}), heard.append)
    assert kernel.seconds > 5
    first, second = heard
    assert first == "host waits up to 5 s: core 1 is 100% busy with hog (process 4711)."
    assert second.startswith("host measures all the same: core 1 is 100% busy with hog (process 4711).")


def test_a_block_that_waited_in_vain_is_the_last_that_waits(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_load, "_LOOK_S", 0)
    heard: list[str] = []
    gate = LoadGate(Waits(kernel), patience_s=0)
    for _ in range(3):
        gate.wait(frozenset({1}), heard.append)
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
