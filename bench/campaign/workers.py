"""Work in threads of its own, so that an interruption is heard at once whatever the work waits in.

Only the main thread hears a signal, and not while it waits in a C library, such as libusb. So it does
nothing but wait here.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from typing import TypeVar

from bench.starting import NO_ROOM
from lut.errors import DeviceError

__all__ = ["run_apart", "working"]

_LAST_MOMENT_S = 1.2
"""An interrupted thread has this long to finish. One that does not is left behind: it is a daemon,
and ends with the process."""

Outcome = TypeVar("Outcome")


@contextlib.contextmanager
def working(
    tasks: Sequence[Callable[[], Outcome]], interrupt: Callable[[], None] | None
) -> Iterator[list[Future[Outcome]]]:
    """Run tasks at once, each in a thread of its own, and wait for all at the end.

    When the block is left by an exception, such as KeyboardInterrupt, `interrupt` is called, and has to make
    the tasks end; those that don't are left behind. Tasks that nothing can interrupt are left behind at once.
    """
    futures = [_start(task) for task in tasks]
    try:
        yield futures
        wait(futures)
    except BaseException:
        if interrupt is not None:
            interrupt()
            wait(futures, timeout=_LAST_MOMENT_S)
        raise


def run_apart(task: Callable[[], Outcome], interrupt: Callable[[], None] | None = None) -> Outcome:
    """Run one task in a thread of its own and give its outcome, or raise its error."""
    with working([task], interrupt) as [future]:
        return future.result()


def _start(task: Callable[[], Outcome]) -> Future[Outcome]:
    future: Future[Outcome] = Future()

    def work() -> None:
        try:
            future.set_result(task())
        except BaseException as error:  # noqa: BLE001 - handed on to whoever asks for the result
            future.set_exception(error)

    try:
        threading.Thread(target=work, daemon=True).start()
    except RuntimeError:  # Python's word for a system that refuses another thread
        future.set_exception(DeviceError(f"A thread can't be started. {NO_ROOM}"))
    return future
