"""Somebody else's program, that takes a processor of this machine as long as a test wants."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["BUSY", "busy_processor"]

BUSY = "run: something else had the processor in every run"
"""What a profile says of a net on a machine that was never quiet, where tests have nothing to look at."""

_WITHOUT_A_PAUSE = "while True: pass"
_BY_TURNS = """
import random, time
chance = random.Random(0)
while True:
    end = time.monotonic() + chance.uniform(0.1, 1.5)
    while time.monotonic() < end:
        pass
    time.sleep(chance.uniform(0.1, 1.5))
"""


@contextmanager
def busy_processor(cpu: int | None, *, pauses: bool = False) -> Iterator[int]:
    """Keep a processor busy, or where none is named whichever the system chooses; give the process's id.

    With `pauses` it computes for random parts of a second, and sleeps as long.
    """
    other = subprocess.Popen([sys.executable, "-c", _BY_TURNS if pauses else _WITHOUT_A_PAUSE])
    try:
        if cpu is not None:
            os.sched_setaffinity(other.pid, {cpu})
        time.sleep(0.3)
        yield other.pid
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()
