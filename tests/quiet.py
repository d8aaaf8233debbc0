"""A machine that nobody else uses, as far as the benchmark program tells.

What is measured is real, on the real engine. Left out is the program's word that something disturbed it, and
budgets are spent by a clock of the tests' own: so no outcome hangs on what else the machine does. What comes
of such words is tested with scripts of them (`slow_phases`, `FaultyHost`), and whether the program notices a
disturbance, with the program itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import chain, count
from typing import Any

import pytest

from bench.device_runner import HostDevice, host, host_load, session, visits, whole_nets
from bench.device_runner.device import Device, Process
from bench.device_runner.phone.phone_device import PhoneDevice
from bench.device_runner.steadiness import Pace, SteadyRuns

__all__ = ["quiet_machine", "quieten"]

_PATIENT = "--canary-share=10"
"""A canary that may take eleven times as long as usual is never waited for."""


VISIT_NS = 5_000_000
"""What a visit takes of a device's time by the tests' clock, which budgets are spent by."""


@pytest.fixture(autouse=True)
def quiet_machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what others do on this machine decide no test, but those that are about disturbances."""
    if request.node.get_closest_marker("disturbances") is None:
        quieten(monkeypatch)


def quieten(patch: pytest.MonkeyPatch) -> None:
    """Let devices be quiet: no processor is busy, and no visit is disturbed, or slower than another."""
    patch.setattr(visits, "perf_counter_ns", count(step=VISIT_NS).__next__)
    for module in (host_load, host):
        patch.setattr(module, "watch_cores", lambda _: {})
    patch.setattr(session, "Pace", _SteadyPace)
    patch.setattr(whole_nets, "keep_steady", _keep_all)
    for kind in (HostDevice, PhoneDevice):
        patch.setattr(kind, "start", _start_quietly(kind.start))


Start = Callable[[Any, bytes, Sequence[str]], AbstractContextManager[Process]]


def _start_quietly(start: Start) -> Start:
    @contextmanager
    def start_quietly(device: Device, manifest: bytes, arguments: Sequence[str]) -> Iterator[Process]:
        patient = [_PATIENT if word.startswith("--canary-share=") else word for word in arguments]
        with start(device, manifest, patient) as process:
            yield _Quiet(process)

    return start_quietly


class _SteadyPace(Pace):
    def should_repeat(self, _times: Mapping[str, float]) -> bool:
        return False


def _keep_all(visits: Sequence[Sequence[int]], _asked: int) -> SteadyRuns:
    return SteadyRuns(tuple(chain.from_iterable(visits)), len(visits))


class _Quiet:
    """A program whose visits all count as undisturbed."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def __getattr__(self, name: str) -> Any:
        return getattr(self._process, name)

    def read_line(self, timeout_s: float) -> str | None:
        line = self._process.read_line(timeout_s)
        if line is None or '"spoilt_by"' not in line:
            return line
        try:
            event = json.loads(line)
        except ValueError:
            return line  # garbled on its way: what a test is about
        event |= {"settled": True, "spoilt_by": None, "discarded": {}}
        return json.dumps(event, separators=(",", ":"))
