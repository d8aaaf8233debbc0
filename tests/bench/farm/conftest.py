"""A farm on this machine: a scheduler and hosts as processes of their own, which tests may kill."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

pytest.importorskip("distributed", reason="needs the extra `farm`")

from bench.farm import HostOffer, SchedulerAddress, open_client, own_key, provide_key
from lut.entries import Failure, Measurement, RunConfig
from lut.errors import DeviceError
from lut.journal import read_journal
from tests.bench.conftest import relu
from tests.bounds import SOAK, within
from tests.service import closed_port

BENCH = Path(sys.executable).with_name("bench")

FAULTS = 60 if SOAK else 5
"""How many faults a test run makes; see `test_faults`."""

CONFIG = RunConfig(passes=2, iters=3, warmup=0)

PLAN = [relu(channels) for channels in range(1, 41)]


@dataclass
class Farm:
    """Processes of a farm; their words go into files in `folder`."""

    folder: Path
    port: int = field(default_factory=closed_port)
    key: Path | None = None
    """None is the one that the first scheduler makes."""
    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    prefix: tuple[str, ...] = ()
    """Goes before each command: what enters a network namespace."""
    host: str = "127.0.0.1"

    @property
    def address(self) -> SchedulerAddress:
        return SchedulerAddress(self.host, self.port, self.key or own_key())

    def start_scheduler(self) -> None:
        tls = ["--tls", str(self.key)] if self.key else []
        at = ["--host", self.host, "--port", str(self.port)]
        self._start("scheduler", [str(BENCH), "farm", "scheduler", *at, *tls])

    def start_host(self, host: str, /, *serials: str, **stand_ins: object) -> None:
        """Start a host with stand-ins; `wait_for` waits until they are there."""
        given = {"folder": str(self.folder), "serials": serials, **stand_ins}
        what = [self.address.url, str(self.address.key), host, json.dumps(given)]
        self._start(host, [sys.executable, "-m", "tests.bench.farm.serve_stand_ins", *what])

    def start_worker(self, host: str, /, *words: str) -> None:
        """Start a host as its user does, with real devices."""
        self._start(host, [str(BENCH), "farm", "worker", self.address.url, "--name", host, *words])

    def _start(self, name: str, command: list[str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.children[name] = subprocess.Popen(
                [*self.prefix, *command], stdout=log, stderr=log, start_new_session=True
            )

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def wait_for(self, phones: int, timeout_s: float = within(20)) -> list[HostOffer]:
        """Wait until so many phones can be measured on, and give all offers."""
        return self.wait_until(lambda hosts: sum(len(host.usable()) for host in hosts) == phones, timeout_s)

    def wait_until(
        self, fits: Callable[[list[HostOffer]], bool], timeout_s: float = within(20)
    ) -> list[HostOffer]:
        deadline = time.monotonic() + timeout_s
        hosts: list[HostOffer] = []
        while time.monotonic() < deadline:
            try:
                client = open_client(self.address)
            except DeviceError:
                time.sleep(0.2)
                continue
            try:
                while time.monotonic() < deadline:
                    hosts = client.hosts()
                    if fits(hosts):
                        return hosts
                    time.sleep(0.1)
            except DeviceError:
                continue
            finally:
                client.close()
        raise AssertionError(f"{hosts} after {timeout_s:g} s; {self.children}")

    def kill(self, name: str) -> None:
        """Kill a process with all it started."""
        child = self.children.pop(name)
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()

    def worker_pid(self, name: str) -> int:
        """Give the process in which a host measures, which its nanny watches over."""
        tasks = Path(f"/proc/{self.children[name].pid}/task").glob("*/children")
        pids = [int(pid) for task in tasks for pid in task.read_text().split()]
        [worker] = [pid for pid in pids if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        return worker

    def unplug(self, serial: str) -> None:
        (self.folder / f"{serial}.gone").touch()

    def plug_in(self, serial: str) -> None:
        (self.folder / f"{serial}.gone").unlink(missing_ok=True)

    @contextlib.contextmanager
    def hold(self, *serials: str) -> Iterator[None]:
        """Let phones stay at what they measure until the block ends."""
        files = [self.folder / f"{serial}.held" for serial in serials]
        for file in files:
            file.touch()
        try:
            yield
        finally:
            for file in files:
                file.unlink()

    def close(self) -> None:
        for name in list(self.children):
            self.kill(name)


def check_journal(journal: Path) -> None:
    """Every operator is there once in each pass, or as a failure."""
    visits = Counter[tuple[str, int]]()
    failed = set[str]()
    for entry in read_journal(journal):
        if isinstance(entry, Measurement):
            visits[entry.op.id, entry.pass_index] += 1
        elif isinstance(entry, Failure):
            failed.add(entry.op.id)
    expected = Counter((op.id, number) for op in PLAN if op.id not in failed for number in range(2))
    assert visits == expected


@pytest.fixture(scope="session", autouse=True)
def key(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The farm's key of a user who has just come: the first scheduler would make it, and here it is made."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        file, is_new = provide_key()
        assert is_new
        yield file


@pytest.fixture(scope="session")
def foreign_key(key: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: ARG001 - it was first
    """Another farm's key."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("theirs")))
        return provide_key()[0]


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Farm]:
    """A farm without anybody yet."""
    with closing(Farm(tmp_path)) as farm:
        yield farm
