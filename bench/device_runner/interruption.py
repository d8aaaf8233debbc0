"""An interruption: the wish to stop, which ends every wait for a device at once."""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
import weakref
from collections.abc import Iterator
from typing import Protocol

from lut.errors import StoppedError

__all__ = ["Interruption"]


class _Readable(Protocol):
    def fileno(self) -> int: ...


class Interruption:
    """One device's interruption. The thread that uses the device waits; any other thread may set it."""

    def __init__(self) -> None:
        self._set = threading.Event()
        self._farewell_until: float | None = None
        # A descriptor that becomes readable wakes a `select` as an event wakes a thread.
        self._wake, self._alarm = os.pipe()
        weakref.finalize(self, _close, self._wake, self._alarm)

    def set(self) -> None:
        """End every wait, those to come included."""
        if not self._set.is_set():
            self._set.set()
            os.write(self._alarm, b"!")

    @property
    def is_set(self) -> bool:
        """Whether somebody wants to stop."""
        return self._set.is_set()

    def check(self) -> None:
        """Raises StoppedError once it is set."""
        if self._set.is_set() and self._farewell_until is None:
            raise StoppedError("Interrupted.")

    def pause(self, seconds: float) -> None:
        """Wait.

        Raises:
            StoppedError: it was set before or meanwhile.
        """
        self._set.wait(seconds)
        self.check()

    def wait_readable(self, source: _Readable, timeout_s: float | None) -> bool:
        """Wait until something can be read from a socket or a pipe; tell whether it came in time.

        Raises:
            StoppedError: it was set before or meanwhile.
        """
        if self._farewell_until is not None:
            left_s = max(0.0, self._farewell_until - time.monotonic())
            timeout_s = left_s if timeout_s is None else min(left_s, timeout_s)
            return bool(select.select([source], [], [], timeout_s)[0])
        self.check()
        waiting: list[_Readable | int] = [source, self._wake]
        ready = select.select(waiting, [], [], timeout_s)[0]
        self.check()
        return source in ready

    @contextlib.contextmanager
    def farewell(self, seconds: float) -> Iterator[None]:
        """Let what is set wait again, this long in all: time to end what runs on the device.

        Nothing changes where it is not set.
        """
        if self._set.is_set():
            self._farewell_until = time.monotonic() + seconds
        try:
            yield
        finally:
            self._farewell_until = None


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
