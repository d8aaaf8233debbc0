"""Simulated phones for tests: each runs in a thread of its own while a test talks to it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.device_runner.phone.bundle import FOLDER
from bench.speed_benchmark import Program
from tests.phone.adbd import Phone

__all__ = ["Running", "gather_own_program", "link_storage", "run_phone"]


class Running:
    """A phone that listens, and its port. `do` lets something happen in its thread."""

    def __init__(self, phone: Phone, port: int, loop: asyncio.AbstractEventLoop) -> None:
        self.phone = phone
        self.port = port
        self.serial = f"tcp:127.0.0.1:{port}"
        self._loop = loop

    def do(self, step: Callable[[], Any]) -> Any:
        async def call() -> Any:
            return step()

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(30)

    def write_stock_program(self, folder: Path) -> Path:
        """Write what stands in for a program built by the NDK: the real one, in its stock mode."""
        [program] = (self.phone.state.folder / FOLDER[1:] / "bundles").iterdir()
        bundle = f"{FOLDER}/bundles/{program.name}"
        script = folder / "speed_benchmark"
        script.write_text(
            f"#!/system/bin/sh\n# has --run_individual\n"
            f'exec {bundle}/ld-linux-x86-64.so.2 --library-path {bundle} {bundle}/speed_benchmark "$@"\n'
        )
        return script

    def has_program(self, within_s: float) -> bool:
        """Tell whether a benchmark program runs, or comes to run within so many seconds."""
        return self._await(within_s, lambda: self.do(self.phone.shell.find_program) is not None)

    def loses_program(self, within_s: float) -> bool:
        """Tell whether no benchmark program runs, or none does any more after so many seconds."""
        return self._await(within_s, lambda: self.do(self.phone.shell.find_program) is None)

    def clears_runs(self, within_s: float) -> bool:
        """Tell whether no run's files are there, or none are any more after so many seconds."""
        return self._await(within_s, lambda: not any("/runs/" in file for file in self.our_files))

    def _await(self, within_s: float, holds: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + within_s
        while not (held := holds()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return held

    @property
    def our_files(self) -> list[str]:
        """Every file on the phone, by its path there."""
        data = self.phone.state.folder / "data"
        return sorted(f"/data/{path.relative_to(data)}" for path in data.rglob("*") if not path.is_dir())

    @property
    def foreign_files(self) -> list[str]:
        """Files that are outside the runner's folder."""
        return [path for path in self.our_files if not path.startswith(f"{FOLDER}/")]


async def _end_tasks() -> None:
    """Cancel and await what still runs in this loop, as `asyncio.run` does before it closes one."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.contextmanager
def run_phone(serial: str = "simulated", host: str = "127.0.0.1", **settings: Any) -> Iterator[Running]:
    """Run a phone until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> tuple[Phone, int]:
        # Phones of several runs of the tests at once are different phones.
        phone = Phone(f"{serial}-{os.getpid()}", **settings)
        return phone, await phone.start(host)

    try:
        phone, port = asyncio.run_coroutine_threadsafe(start(), loop).result(120)
        try:
            yield Running(phone, port, loop)
        finally:
            asyncio.run_coroutine_threadsafe(phone.stop(), loop).result(30)
            asyncio.run_coroutine_threadsafe(_end_tasks(), loop).result(30)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def gather_own_program(program: Program, folder: Path) -> Program:
    """Put this machine's own program together as the bundle for phones is: with loader and libraries.

    The real engine then runs in a userland of this machine's architecture, at its full speed.
    """
    listing = subprocess.run(
        ["ldd", str(program.executable)], check=True, capture_output=True, text=True
    ).stdout
    for line in listing.splitlines():
        match = re.search(r"(/\S+) \(0x", line)
        if match:
            source = Path(match[1])
            (folder / source.name).symlink_to(source.resolve())
    return Program(program.target, program.executable, folder, program.sha256, program.engine)


def link_storage(source: Path, target: Path) -> None:
    """Give a phone's storage to another one, by links: hundreds of megabytes need not be copied."""
    subprocess.run(["cp", "-al", str(source), str(target)], check=True)
