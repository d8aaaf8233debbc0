"""What an interruption ends, and what it still lets happen."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.campaign import run_plan
from bench.device_runner import HostDevice
from bench.device_runner.interruption import Interruption
from lut.entries import Measurement, RunConfig
from lut.errors import StoppedError
from lut.journal import read_journal
from tests.bench.conftest import slow_conv
from tests.bounds import within


def set_soon(interrupt: Callable[[], None], after_s: float = 0.1) -> None:
    threading.Timer(after_s, interrupt).start()


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


class Source:
    def __init__(self, descriptor: int) -> None:
        self.fileno = lambda: descriptor


def test_a_pause_ends_at_once() -> None:
    interruption = Interruption()
    set_soon(interruption.set)
    with pytest.raises(StoppedError):
        interruption.pause(within(60))


def test_a_wait_for_output_ends_at_once(pipe: tuple[int, int]) -> None:
    interruption = Interruption()
    set_soon(interruption.set)
    with pytest.raises(StoppedError):
        interruption.wait_readable(Source(pipe[0]), 60)


def test_what_comes_after_it_does_not_wait(pipe: tuple[int, int]) -> None:
    interruption = Interruption()
    interruption.set()
    interruption.set()
    os.write(pipe[1], b"x")
    with pytest.raises(StoppedError):
        interruption.wait_readable(Source(pipe[0]), 60)
    with pytest.raises(StoppedError):
        interruption.check()


def test_output_is_told_from_its_absence(pipe: tuple[int, int]) -> None:
    interruption = Interruption()
    interruption.check()
    assert not interruption.wait_readable(Source(pipe[0]), 0.01)
    os.write(pipe[1], b"x")
    assert interruption.wait_readable(Source(pipe[0]), 60)


def test_a_farewell_is_heard_out_but_not_for_long(pipe: tuple[int, int]) -> None:
    interruption = Interruption()
    interruption.set()
    began = time.monotonic()
    with interruption.farewell(0.2):
        assert not interruption.wait_readable(Source(pipe[0]), 2 * within(60))
        os.write(pipe[1], b"x")
        assert interruption.wait_readable(Source(pipe[0]), 2 * within(60))
    assert time.monotonic() - began < within(10)
    with pytest.raises(StoppedError):
        interruption.check()


def test_a_run_on_the_host_ends_in_the_middle_of_a_visit(tmp_path: Path) -> None:
    host, journal = HostDevice(), tmp_path / "run.jsonl"
    config = RunConfig(passes=1, iters=20_000, warmup=1)  # a quarter of an hour, were it not interrupted
    set_soon(host.interrupt, 1.0)
    began = time.monotonic()
    with pytest.raises(StoppedError):
        run_plan([slow_conv()], host, config, journal)
    assert time.monotonic() - began < within(10)
    assert not [entry for entry in read_journal(journal) if isinstance(entry, Measurement)]
