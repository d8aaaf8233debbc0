"""Phones that compute nothing: they wait out an operator's time, and nothing they say leaves the tests.

What happens to them is told by files in a folder, which tests write and the worker's process reads.
"""

# ruff: noqa: ARG002 - their signatures are `Device`'s and `Process`'s

from __future__ import annotations

import contextlib
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.campaign import Check
from bench.device_runner import Device, PhoneOptions
from bench.device_runner.device import Exit, LostError, Process
from bench.device_runner.interruption import Interruption
from bench.engines import Engine
from lut.entries import DeviceInfo, ProgramInfo
from lut.errors import DeviceError

NAME = "Stand-In-1"

RETURN_S = 3.0
"""So long a phone that is gone is waited for."""


def accept_all(_device: Device, _program: ProgramInfo, _announce: Callable[[str], None]) -> None:
    """Let every phone be measured on: there are no numbers to check."""


@dataclass(frozen=True)
class StandIns:
    """Phones by their serials. A file `<serial>.gone` in the folder unplugs one; one with `<serial>.taken` is
    in use by another run; one with `<serial>.held` stays at its operator."""

    folder: Path
    serials: tuple[str, ...]
    name: str = NAME
    op_s: float = 0.01
    program: str = "5" * 64
    slow: Mapping[str, float] = field(default_factory=dict)
    """How many times as long some of them say that they take, by serial."""

    def list(self) -> Iterable[str]:
        return [serial for serial in self.serials if not (self.folder / f"{serial}.gone").exists()]

    def open(self, serial: str, options: PhoneOptions) -> Device:
        if serial not in self.list():
            raise DeviceError(f"{serial} is gone")
        return StandIn(self, serial, options.engine)

    @property
    def check(self) -> Check:
        return accept_all


@dataclass
class StandIn:
    """One of them, as a device."""

    source: StandIns
    serial: str
    engine: Engine
    incidents: Counter[str] = field(default_factory=Counter)
    interruption: Interruption = field(default_factory=Interruption)
    default_threads: int = 1

    @property
    def info(self) -> DeviceInfo:
        return DeviceInfo(self.engine.name_device(self.source.name), "stand-in", self.serial, {"cpu": "none"})

    @property
    def is_gone(self) -> bool:
        return (self.source.folder / f"{self.serial}.gone").exists()

    @property
    def is_taken(self) -> bool:
        return (self.source.folder / f"{self.serial}.taken").exists()

    @property
    def is_held(self) -> bool:
        return (self.source.folder / f"{self.serial}.held").exists()

    def default_cpus(self, threads: int) -> str:
        return f"{(1 << threads) - 1:x}"

    def choose_cpus(self, threads: int, announce: Callable[[str], None]) -> str:
        return self.default_cpus(threads)

    def prepare(self, progress: Callable[[str], None]) -> ProgramInfo:
        if self.is_taken:
            raise DeviceError(f"{self.serial} is in use by another run on this computer.")
        return ProgramInfo("speed_benchmark", self.source.program, "stand-in")

    def begin_block(self, announce: Callable[[str], None], cpus: str) -> Mapping[str, str]:
        self._look()
        return self.probe()

    def probe(self) -> Mapping[str, str]:
        return {"battery_celsius": "31.0"}

    @contextlib.contextmanager
    def start(self, manifest: bytes, arguments: Sequence[str]) -> Iterator[Process]:
        yield _Waiting(self, list_ids(manifest), arguments)

    def recover(self, announce: Callable[[str], None]) -> None:
        announce(f"{self.serial} is gone; waiting for it to come back.")
        deadline = time.monotonic() + RETURN_S
        while self.is_gone:
            if time.monotonic() > deadline:
                raise DeviceError(f"{self.serial} was lost and did not come back.")
            self.interruption.pause(0.05)
        self.incidents["reconnected"] += 1

    def clean(self) -> None:
        """Nothing is kept."""

    def interrupt(self) -> None:
        self.interruption.set()

    def close(self) -> None:
        """Nothing is held."""

    def _look(self) -> None:
        if self.is_gone:
            raise LostError(f"{self.serial} is gone")


class _Waiting:
    """The program's process: it says of each operator what the real one would, but for the truth."""

    def __init__(self, phone: StandIn, ids: Sequence[str], arguments: Sequence[str]) -> None:
        settings = dict(each.removeprefix("--").split("=", 1) for each in arguments)
        self._phone = phone
        self._lines = self._talk(ids, int(settings["passes"]), int(settings["iter"]))

    def _talk(self, ids: Sequence[str], passes: int, iters: int) -> Iterator[str]:
        figures = random.Random(self._phone.serial)
        visit_s = self._phone.source.op_s / passes
        factor = self._phone.source.slow.get(self._phone.serial, 1.0)
        for number in range(passes):
            for op_id in ids:
                yield json.dumps({"event": "begin", "id": op_id})
                self._phone.interruption.pause(visit_s)
                while self._phone.is_held:
                    self._phone.interruption.pause(0.05)
                yield json.dumps(
                    {
                        "event": "net",
                        "id": op_id,
                        "pass": number,
                        "samples_ns": [round(factor * figures.randrange(900, 1100)) for _ in range(iters)],
                        "warmup_ns": [],
                        "repeats": 1,
                        "outputs": None,
                        "khz_before": None,
                        "khz_after": None,
                        "engine_ns": max(1, int(1e9 * visit_s)),
                    }
                )
        yield json.dumps({"event": "end"})

    def read_line(self, timeout_s: float) -> str | None:
        self._phone._look()
        return next(self._lines, None)

    def finish(self) -> Exit:
        return Exit(0, None, "")


def list_ids(manifest: bytes) -> list[str]:
    """Read which operators a manifest holds, without the canary."""
    ids, at = [], manifest.index(b"\n") + 1
    while at < len(manifest):
        end = manifest.index(b"\n", at)
        _, op_id, first, second = manifest[at:end].decode().split(" ")
        ids.append(op_id)
        at = end + 1 + int(first) + int(second)
    return [op_id for op_id in ids if op_id != "canary"]
