"""What the runner needs of a device: the one seam between the measuring and its places."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from bench.engines import Engine
from lut.entries import DeviceInfo, ProgramInfo
from lut.errors import DeviceError

__all__ = ["Device", "Exit", "FloodError", "LostError", "Process", "SilenceError", "clean_name"]


def clean_name(*parts: str) -> str:
    """Join the parts of a device's name by "-", with only letters, digits, ".", "_" and "-" in it."""
    cleaned = (re.sub(r"[^A-Za-z0-9._-]+", "_", part).strip("_") for part in parts)
    return "-".join(part or "unknown" for part in cleaned)


class FloodError(DeviceError):
    """The device, or the process on it, says more than it may."""


class SilenceError(Exception):
    """A process printed nothing for as long as it was allowed to."""


class LostError(DeviceError):
    """The device, or the process on it, went away in the middle; once it is back, work can go on.

    `op_id` is the operator that was in flight, where one was.
    """

    op_id: str | None = None


@dataclass(frozen=True)
class Exit:
    """How a process ended: its code, or the name of the signal that killed it, and its last words."""

    code: int
    signal: str | None
    stderr_tail: str

    def describe(self) -> str:
        """One line: the signal or the code, and the last line on stderr."""
        cause = f"killed by {self.signal}" if self.signal else f"ended with code {self.code}"
        last_words = self.stderr_tail.strip().splitlines()
        return f"{cause}: {last_words[-1].strip()}" if last_words else cause


class Process(Protocol):
    """A benchmark program that is running on a device."""

    def read_line(self, timeout_s: float) -> str | None:
        """Give the next line of its output without the line's end, or None at the output's end.

        Raises:
            SilenceError: no line came within `timeout_s` seconds.
            FloodError: it is longer than any line of the program's.
            LostError: the process is gone, and how it ended can't be told.
        """

    def finish(self) -> Exit:
        """End the process if it still runs, wait for it, and tell how it ended."""


class Device(Protocol):
    """A place to measure on."""

    @property
    def info(self) -> DeviceInfo:
        """The device that measurements come from."""

    @property
    def engine(self) -> Engine:
        """What operators are measured on here."""

    @property
    def default_threads(self) -> int:
        """How many threads to measure with where nobody says."""

    def default_cpus(self, threads: int) -> str:
        """The hexadecimal mask of processors to pin that many threads to where nobody says."""

    def prepare(self, progress: Callable[[str], None]) -> ProgramInfo:
        """Bring the benchmark program into place; `progress` hears what takes long.

        Raises:
            DeviceError: the program can't be had or can't be brought there.
        """

    def choose_cpus(self, threads: int, announce: Callable[[str], None]) -> str:
        """The mask to pin that many threads to as the device is now: others may be free than usual."""

    def begin_block(self, announce: Callable[[str], None], cpus: str) -> Mapping[str, str]:
        """Wait until the device is fit to measure on some processors, and give its state.

        Args:
            announce: hears why it is waited for.
            cpus: the hexadecimal mask that will be measured on; "" for any.

        Returns:
            values as text by name.

        Raises:
            DeviceError: it does not become fit within its time; the message names what is amiss.
            LostError: it went away.
        """

    def start(self, manifest: bytes, arguments: Sequence[str]) -> AbstractContextManager[Process]:
        """Start the program on a manifest; leaving the context ends it and removes its files.

        Raises:
            LostError: the device went away before the program ran.
        """

    def recover(self, announce: Callable[[str], None]) -> None:
        """Wait until a device that was lost is back.

        Raises:
            DeviceError: it did not come back within its time.
        """

    def probe(self) -> Mapping[str, str]:
        """The device's state at this moment: values as text by name."""

    @property
    def is_taken(self) -> bool:
        """Whether another run on this computer holds the device at this moment."""

    def clean(self) -> None:
        """Remove whatever this project keeps on the device."""

    @property
    def incidents(self) -> Mapping[str, int]:
        """How often each kind of mishap was met and overcome so far."""

    def interrupt(self) -> None:
        """End whatever another thread waits for on this device; that thread gets a StoppedError.

        The device can't be used any more after this.
        """

    def close(self) -> None:
        """Let go of the device, for others to use."""
