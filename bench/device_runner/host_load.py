"""Who else uses this machine's processors, as the kernel counts it (proc(5))."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from bench.device_runner.interruption import Interruption

__all__ = ["BUSY", "LoadGate", "choose_free_cores", "find_busiest", "watch_cores"]

BUSY = 0.25
"""A core of whose time others take more is not fit to measure on."""

_GLANCE_S, _WINDOW_S = 0.05, 0.2
"""How long a look at the cores takes, and another where they seem busy. The kernel counts in hundredths of
a second."""

_LOOK_S = 10.0
"""Cores that were free are not looked at again for so long: blocks may be short."""

_PATIENCE_S = 15.0
_POLL_S = 1.0

_PROC = Path("/proc")


class LoadGate:
    """Lets blocks begin on cores that others leave alone, and after a bounded wait on any."""

    def __init__(self, interruption: Interruption, patience_s: float = _PATIENCE_S) -> None:
        self._interruption = interruption
        self._patience_s = patience_s
        self._looked: tuple[frozenset[int], float] | None = None
        self._gave_up = False

    def wait(self, cores: frozenset[int], announce: Callable[[str], None]) -> None:
        """Wait until others leave cores alone, or patience ends; that is said once until they are free again.

        Raises:
            StoppedError: the device was interrupted.
        """
        now = time.monotonic()
        if self._looked is not None and self._looked[0] == cores and now < self._looked[1] + _LOOK_S:
            return
        deadline = now + (0 if self._gave_up else self._patience_s)
        told = self._gave_up
        while reason := self._find_reason(cores):
            if not told:
                told = True
                announce(f"host waits up to {self._patience_s:g} s: {reason}.")
            if time.monotonic() >= deadline:
                if not self._gave_up:
                    announce(
                        f"host measures all the same: {reason}. What that disturbs is measured again or "
                        f"marked. End that process, or choose other cores by --cpus."
                    )
                break
            self._interruption.pause(_POLL_S)
        self._gave_up = bool(reason)
        self._looked = (cores, time.monotonic())

    def note(self, shares: Mapping[int, float], cores: frozenset[int]) -> None:
        """Spare the next look at cores that another look has just found free."""
        if all(shares.get(core, 0) <= BUSY for core in cores):
            self._looked = (cores, time.monotonic())

    def _find_reason(self, cores: frozenset[int]) -> str | None:
        shares = watch_cores(self._interruption.pause)
        core = max(cores & shares.keys(), key=shares.__getitem__, default=None)
        if core is None or shares[core] <= BUSY:
            return None
        process = find_busiest([core], self._interruption.pause)
        return f"core {core} is {shares[core]:.0%} busy with {process or 'others'}"


def choose_free_cores(allowed: Sequence[int], count: int, shares: Mapping[int, float]) -> Sequence[int]:
    """Choose the last of the cores that others leave alone, or the last ones where too few are free.

    Args:
        allowed: in ascending order.
        count: how many are wanted; at most all are chosen.
        shares: how busy each is.
    """
    free = [core for core in allowed if shares.get(core, 0) <= BUSY]
    return (free if len(free) >= count else allowed)[-count:]


def watch_cores(pause: Callable[[float], None]) -> dict[int, float]:
    """Watch all cores for a moment in which this process sleeps, and give the share of it that each was busy.

    Empty where the kernel does not tell.
    """
    shares = _watch(pause, _GLANCE_S)
    return _watch(pause, _WINDOW_S) if any(share > BUSY for share in shares.values()) else shares


def _watch(pause: Callable[[float], None], window_s: float) -> dict[int, float]:
    before = _read_cores()
    pause(window_s)
    after = _read_cores()
    shares = {}
    for core in before.keys() & after.keys():
        busy, passed = (now - then for now, then in zip(after[core], before[core], strict=True))
        if passed > 0:
            shares[core] = min(1.0, max(0.0, busy / passed))
    return shares


def find_busiest(cores: Iterable[int], pause: Callable[[float], None]) -> str | None:
    """Name the process that takes most of some cores' time, such as `python3 (process 4711)`.

    None where none takes a good part of it: another tenant of the machine, or many small ones.
    """
    wanted = frozenset(cores)
    before = _read_threads()
    pause(_WINDOW_S)
    taken: dict[str, int] = {}
    for thread, (name, core, ticks) in _read_threads().items():
        if core in wanted:
            _, _, ticks_before = before.get(thread, (name, core, 0))
            taken[name] = taken.get(name, 0) + ticks - ticks_before
    busiest = max(taken, key=taken.__getitem__, default=None)
    least = BUSY / 2 * _WINDOW_S * os.sysconf("SC_CLK_TCK")
    return busiest if busiest is not None and taken[busiest] > least else None


def _read_cores() -> Mapping[int, tuple[int, int]]:
    """Each core's busy ticks, stolen ones included, and all its ticks since boot."""
    ticks = {}
    for line in _read(_PROC / "stat").splitlines():
        name, *counts = line.split()
        if name.startswith("cpu") and name[3:].isdigit() and len(counts) >= 8:
            numbers = [int(count) for count in counts[:8]]  # the two after them are part of the first two
            ticks[int(name[3:])] = (sum(numbers) - numbers[3] - numbers[4], sum(numbers))
    return ticks


def _read_threads() -> Mapping[str, tuple[str, int, int]]:
    """Each thread's process by name and number, the core it was last on, and its ticks."""
    threads = {}
    tasks = (task for process in _list_numbered(_PROC) for task in _list_numbered(process / "task"))
    for path in (task / "stat" for task in tasks):
        head, _, tail = _read(path).rpartition(")")
        words = tail.split()
        if len(words) > 36:  # else it ended meanwhile
            process = f"{head.partition('(')[2]} (process {path.parents[2].name})"
            threads[path.parent.name] = (process, int(words[36]), int(words[11]) + int(words[12]))
    return threads


def _list_numbered(folder: Path) -> list[Path]:
    """List what is named by a number in a folder; nothing of a process that ended meanwhile."""
    try:
        return [entry for entry in folder.iterdir() if entry.name.isdigit()]
    except OSError:
        return []


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
