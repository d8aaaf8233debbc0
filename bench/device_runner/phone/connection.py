"""A connection to a phone: commands with exit codes, lines as they come, files. Whatever carries it.

What carries it is a `Channel`: adb-shell over USB or TCP (`adb.py`), or a running adb server
(`adb_server.py`). Both speak the phone's oldest service, `shell:`, which every phone has: it tells no
exit status and ends lines by "\\r\\n". A nonce after each command makes up for the first.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Protocol

from bench.device_runner.device import FloodError, LostError
from bench.device_runner.interruption import Interruption
from bench.device_runner.output import MOST_OUTPUT_BYTES, LineSplitter
from lut.errors import DeviceError

__all__ = ["Channel", "Connection", "Patience", "ShellReturn", "SilentError", "UnauthorizedError"]


class SilentError(LostError):
    """Nothing came from the phone for as long as it was allowed to."""


class UnauthorizedError(DeviceError):
    """The phone does not accept this computer's key."""


@dataclass(frozen=True)
class Patience:
    """How long to wait for a phone, in seconds; every wait has its bound here."""

    connect_s: float = 10.0
    authorize_s: float = 60.0
    """A person has to find the phone and tap."""
    command_s: float = 30.0
    push_s: float = 300.0
    unpack_s: float = 300.0
    """For an archive of hundreds of megabytes, also to sum it up."""
    return_s: float = 180.0
    """For a phone that was lost: a Galaxy S8 boots in under a minute."""
    gate_s: float = 1800.0
    poll_s: float = 5.0
    load_s: float = 0.5
    """Between the two readings that make a load."""


@dataclass(frozen=True)
class ShellReturn:
    """A command, its exit code, and its output with stderr merged in."""

    command: str
    code: int
    output: str


class Channel(Protocol):
    """What carries a connection. All of its errors are LostError, SilentError or DeviceError."""

    def connect(self, patience: Patience, interruption: Interruption) -> None:
        """Connect, or connect again; `interruption` ends this wait and all that follow."""

    def open_shell(self, command: str, silence_s: float) -> Iterator[bytes]:
        """Start a command, give its output in pieces; closing the iterator hangs the command up."""

    def push(self, data: BytesIO, path: str, timeout_s: float) -> None:
        """Write a file on the phone."""

    def close(self) -> None:
        """Hang up."""


class Connection:
    """One phone's connection, for one thread at a time; `interruption` may be set by any other."""

    def __init__(self, channel: Channel, patience: Patience) -> None:
        self._channel = channel
        self.patience = patience
        self.interruption = Interruption()
        self._lock = threading.RLock()

    def connect(self) -> None:
        """Connect, or connect again: after any error the stream is out of step."""
        with self._lock:
            self._channel.close()
            self._channel.connect(self.patience, self.interruption)

    def close(self) -> None:
        """Hang up."""
        with self._lock:
            self._channel.close()

    def run(self, command: str, timeout_s: float | None = None) -> ShellReturn:
        """Run a command to its end.

        Raises:
            LostError: the connection broke, or the command did not end within its time.
            FloodError: it said more than any command of ours does.
        """
        allowed = timeout_s or self.patience.command_s
        deadline = time.monotonic() + allowed
        nonce = secrets.token_hex(8)
        output = bytearray()
        with self._lock:
            pieces = self._channel.open_shell(f"({command}\n)\necho {nonce} $?", allowed)
            for piece in pieces:
                output += piece
                if len(output) > MOST_OUTPUT_BYTES:
                    raise FloodError(
                        f"The phone said more than {MOST_OUTPUT_BYTES >> 20} MiB in answer to one command. "
                        f"Restart it, and run this again."
                    )
                if time.monotonic() > deadline:
                    raise SilentError(f"a command on the phone did not end within {allowed:g} s")
        text = output.replace(b"\r\n", b"\n").decode(errors="replace")
        said, found, code = text.rpartition(nonce)
        if not found or not code.strip().isdigit():
            raise LostError("the connection ended in the middle of a command")
        return ShellReturn(command, int(code), said)

    def check(self, command: str, purpose: str, timeout_s: float | None = None) -> str:
        """Run a command that must succeed, and give its output.

        Raises:
            DeviceError: it ended with another code than 0.
            LostError: as `run`.
        """
        done = self.run(command, timeout_s)
        if done.code:
            words = " ".join(done.output.split()) or "nothing"
            raise DeviceError(f"The phone could not {purpose} (code {done.code}); it said: {words[-400:]}")
        return done.output

    def stream_lines(self, command: str, silence_s: float) -> Iterator[bytes]:
        """Give a command's output line by line, without line ends; a torn last line is left out.

        Raises:
            SilentError: nothing came for `silence_s` seconds.
            FloodError: a line has no end.
            LostError: the connection broke.
        """
        splitter = LineSplitter()
        with self._lock:
            for piece in self._channel.open_shell(command, silence_s):
                for line in splitter.split(piece):
                    yield line.removesuffix(b"\r")

    def push(self, data: bytes, path: str, report: Callable[[str], None] = lambda _: None) -> None:
        """Write a file on the phone; whether it arrived whole is for the caller to check."""
        if len(data) > 4 << 20:
            report(f"Copying {len(data) / 1e6:.0f} MB to the phone.")
        with self._lock:
            self._channel.push(BytesIO(data), path, self.patience.push_s)
