"""Work in threads of its own: outcomes, errors, and the end that an interruption makes."""

from __future__ import annotations

import threading

import pytest

from bench.campaign import run_apart, workers
from bench.campaign.workers import working
from lut.errors import DeviceError
from tests.bounds import within


def test_an_outcome_or_an_error_comes_back() -> None:
    assert run_apart(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        run_apart(lambda: 1 // 0)


def test_tasks_run_at_once() -> None:
    meeting = threading.Barrier(3)
    with working([lambda: meeting.wait(within(10)) for _ in range(3)], lambda: None) as futures:
        assert sorted(future.result() for future in futures) == [0, 1, 2]


def test_an_interruption_reaches_the_tasks_and_goes_on_to_the_caller() -> None:
    stop = threading.Event()
    with pytest.raises(KeyboardInterrupt), working([lambda: stop.wait(within(60))], stop.set) as [future]:
        raise KeyboardInterrupt
    assert future.done()


def test_a_task_that_does_not_hear_is_left_behind() -> None:
    never = threading.Event()
    with (
        pytest.raises(KeyboardInterrupt),
        working([lambda: never.wait(within(20))], lambda: None) as [future],
    ):
        raise KeyboardInterrupt
    assert not future.done()
    never.set()


def test_a_task_that_nothing_can_interrupt_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "wait", lambda *_, **__: pytest.fail("waited"))
    never = threading.Event()
    with pytest.raises(KeyboardInterrupt), working([lambda: never.wait(within(20))], None):
        raise KeyboardInterrupt
    never.set()


def test_a_thread_that_cannot_be_started_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(DeviceError, match=r"A thread can't be started\. This machine has no room"):
        run_apart(lambda: 7)
