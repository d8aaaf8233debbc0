"""The services `shell:` and `exec:`: a command in the userland, its output over a terminal."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import pty
import shlex
import signal
import subprocess
import termios
import tty
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path

from tests.phone.state import PhoneState
from tests.phone.userland import proot_command

__all__ = ["Shell"]

_ENGINE = b"libtorch_cpu.so"
"""The benchmark program is the process that has this mapped, whatever it is called."""

_CHUNK = 1 << 15


@dataclass
class Shell:
    """Runs commands in a phone's userland, and can end all of them."""

    root: Path
    state: PhoneState
    processor: str = "max"
    running: set[subprocess.Popen[bytes]] = field(default_factory=set)

    async def run(self, command: str, raw: bool) -> AsyncGenerator[bytes, None]:
        """Give a command's output as it comes; closing the iterator hangs the command up.

        proot holds every file that it was started with until its last process is gone. A command that
        leaves a process behind would so keep its terminal open. Therefore the terminal is opened inside.
        """
        master, slave = pty.openpty()
        try:
            if raw:
                tty.setraw(slave)
            attributes = termios.tcgetattr(slave)
            attributes[3] &= ~termios.ECHO
            termios.tcsetattr(slave, termios.TCSANOW, attributes)
            name = os.ttyname(slave)
            opened = f"{self.state.preload}exec <>{name} >&0 2>&0; echo; {_quiet(command)}"
            child = self._start(opened)
            try:
                async for data in _read_terminal(master):
                    if slave >= 0:  # the command holds the terminal now, we must not any longer
                        os.close(slave)
                        slave = -1
                        data = data.lstrip(b"\r")[1:]
                    if data:
                        yield data
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGHUP)
        finally:
            os.close(master)
            if slave >= 0:
                os.close(slave)

    def _start(self, command: str) -> subprocess.Popen[bytes]:
        self.state.tick()
        self._reap()
        child = subprocess.Popen(
            [*proot_command(self.root, self.state.bindings, self.processor), "/system/bin/sh", "-c", command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={"PATH": "/system/bin", "ANDROID_DATA": "/data", "HOME": "/"},
        )
        self.running.add(child)
        return child

    def _reap(self) -> None:
        self.running = {child for child in self.running if child.poll() is None}

    def end_all(self) -> None:
        """Kill every process of this phone, as a reboot does."""
        for pid in self._processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for child in self.running:
            child.wait()
        self.running.clear()

    def find_program(self) -> int | None:
        """The benchmark program's process, if one runs."""
        for pid in self._processes():
            with contextlib.suppress(OSError):  # it may be gone by now
                if _ENGINE in Path(f"/proc/{pid}/maps").read_bytes():
                    return pid
        return None

    def signal_program(self, number: int) -> bool:
        """Send a signal to the benchmark program; tell whether one runs."""
        pid = self.find_program()
        if pid is None:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        return True

    async def hang_program(self) -> None:
        """Stop the benchmark program until somebody kills it.

        proot resumes whatever it traces, so proot itself is stopped first, and goes on afterwards.
        """
        pid = self.find_program()
        if pid is None:
            return
        with contextlib.suppress(OSError):
            tracer = int(_read_status(pid)["TracerPid"])
            os.kill(tracer, signal.SIGSTOP)
            try:
                await asyncio.sleep(0.02)
                os.kill(pid, signal.SIGSTOP)
                while _read_status(pid)["State"][0] not in "ZX":
                    await asyncio.sleep(0.02)
            finally:
                os.kill(tracer, signal.SIGCONT)

    def _processes(self) -> list[int]:
        """All processes of this phone. `timeout` has a process group of its own, but no session."""
        sessions = {child.pid for child in self.running}
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    if os.getsid(int(entry.name)) in sessions:
                        found.append(int(entry.name))
        return found


def _read_status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _quiet(command: str) -> str:
    # A new shell, so that the command line is read as one text and its errors name nothing of ours.
    return f"exec /system/bin/sh -c {shlex.quote(command)}"


def _set_ready(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


async def _read_terminal(master: int) -> AsyncGenerator[bytes, None]:
    loop = asyncio.get_running_loop()
    os.set_blocking(master, False)
    while True:
        ready: asyncio.Future[None] = loop.create_future()
        loop.add_reader(master, _set_ready, ready)
        try:
            await ready
        finally:
            loop.remove_reader(master)
        try:
            data = os.read(master, _CHUNK)
        except BlockingIOError:
            continue
        except OSError as error:
            if error.errno == errno.EIO:  # nobody holds the terminal any more
                return
            raise
        if not data:
            return
        yield data
