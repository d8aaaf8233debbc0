"""A phone as a device: prepared once, fit before each block, back after whatever took it away."""

from __future__ import annotations

import contextlib
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from bench.device_runner.device import LostError, Process, clean_name
from bench.device_runner.phone.bundle import Bundle, clean_phone, install_bundle, pack_bundle
from bench.device_runner.phone.connection import Connection, Patience, UnauthorizedError
from bench.device_runner.phone.explanation import Line, explain_cores, explain_state
from bench.device_runner.phone.foreign import ForeignProcess, read_binary
from bench.device_runner.phone.gates import Gatekeeper, View, look_at_gates
from bench.device_runner.phone.probes import (
    UNAVAILABLE,
    Identity,
    check_supported,
    probe_identity,
    probe_state,
)
from bench.device_runner.phone.process import start_process
from bench.device_runner.phone.profile import Profile, find_profile
from bench.device_runner.processors import read_mask
from bench.engines import CAFFE2, Engine
from bench.speed_benchmark import Program
from lut.cache import default_cache
from lut.entries import DeviceInfo, ProgramInfo
from lut.errors import DeviceError
from lut.files import lock_descriptor

__all__ = ["PhoneDevice", "PhoneOptions", "choose_threads"]

_TRIES = 5
"""How often a step is tried after the phone was lost in it and came back."""

_SHARED_NUMBERS = ("EMULATOR", "CUTTLEFISH")
"""How the serial numbers begin that emulators give themselves: one for all of a version or of a place."""

_THREADS = {4: 4, 5: 4, 6: 2, 8: 4, 10: 4}
"""Caffe2's own choice on Android by the number of cores; otherwise it takes half of them."""

Given = TypeVar("Given")


@dataclass(frozen=True)
class PhoneOptions:
    """How to treat phones."""

    patience: Patience = field(default_factory=Patience)
    ignored_gates: frozenset[str] = frozenset()
    profile: Profile | None = None
    """Holds for every phone; None takes the user's own for its name."""
    engine: Engine = CAFFE2
    """What to measure on."""
    program: Callable[[Engine, Callable[[str], None]], Program] = lambda engine, progress: engine.build(
        "android-arm64", progress=progress
    )
    """Gives the engine's program."""
    binary: Path | None = None
    """A user's own program instead."""
    cluster: str | None = None
    """The name of the cluster to measure on; None takes the fastest."""


def choose_threads(identity: Identity, cluster: str | None) -> int:
    """Give Caffe2's own number of threads for so many cores, as far as the cluster to measure on has room.

    `cluster` is its name; None stands for the fastest.
    """
    count = identity.cores.count
    usual = _THREADS.get(count, max(1, count // 2))
    clusters = identity.cores.limit(identity.allowed, cluster)
    return max(1, min(usual, len(clusters[-1].cores) if clusters else usual))


class PhoneDevice:
    """A connected phone."""

    def __init__(self, kind: str, serial: str, connection: Connection, options: PhoneOptions) -> None:
        """Connect and ask who it is.

        Raises:
            DeviceError: it can't be reached, or does not accept this computer.
        """
        self._serial = serial
        self._connection = connection
        self._options = options
        self._incidents: Counter[str] = Counter()
        self._lock: int | None = None
        self._bundle: Bundle | None = None
        self._boot_id = UNAVAILABLE
        connection.connect()
        try:
            self.identity: Identity = self._persist(lambda: probe_identity(connection), lambda _: None)
        except DeviceError:
            connection.close()
            raise
        self.profile: Profile = options.profile or find_profile(self.identity.name)
        self._boot_id = self.identity.boot_id
        self._gatekeeper = Gatekeeper(
            dict(self.identity.caps),
            self.profile.limits,
            self.profile.ignored_gates | options.ignored_gates,
            options.patience,
            self._incidents,
        )
        self._info = DeviceInfo(
            options.engine.name_device(self.identity.name), kind, serial, self.identity.facts
        )

    @property
    def info(self) -> DeviceInfo:
        """The device that measurements come from; `facts` name clusters, build and boot."""
        return self._info

    @property
    def engine(self) -> Engine:
        """What operators are measured on here."""
        return self._options.engine

    @property
    def default_threads(self) -> int:
        """Caffe2's own number for so many cores, as the published figures have it; or the profile's."""
        if self.profile.threads:
            return self.profile.threads
        return choose_threads(self.identity, self._options.cluster)

    def default_cpus(self, threads: int) -> str:
        """The fastest cores within one cluster, one for each thread; or the profile's mask."""
        if self.profile.cpus and self._options.cluster is None:
            return self.profile.cpus
        return self.identity.cores.choose_mask(threads, self.identity.allowed, self._options.cluster)

    def choose_cpus(self, threads: int, announce: Callable[[str], None]) -> str:  # noqa: ARG002
        """As usual: other cores of a phone are of another speed.

        Raises:
            DeviceError: the cluster that was asked for is not there, or too small for so many threads.
        """
        self._check_cluster(threads)
        return self.default_cpus(threads)

    def _check_cluster(self, threads: int) -> None:
        name = self._options.cluster
        if name is None:
            return
        clusters = self.identity.cores.limit(self.identity.allowed)
        room = max((len(each.cores) for each in clusters if each.name == name), default=0)
        if not room:
            there = ", ".join(dict.fromkeys(each.name for each in clusters)) or "none that is known"
            raise DeviceError(
                f"{self._serial} has no {name} cluster that programs may use; it has: {there}. "
                f"Choose one of these by --cluster, or cores by --cpus."
            )
        if threads > room:
            raise DeviceError(
                f"The {name} cluster of {self._serial} has room for {room} thread{'s' * (room > 1)}, "
                f"not for {threads}. "
                f"Take fewer by --threads, or cores of several clusters by --cpus."
            )

    @property
    def incidents(self) -> Mapping[str, int]:
        """Reconnections, reboots and gates met so far."""
        return self._incidents

    def probe(self) -> Mapping[str, str]:
        """The phone's state at this moment, as text by name."""
        return probe_state(self._connection).to_text()

    def explain(self) -> Iterator[Line]:
        """Give in lines what is understood of the phone and what is unknown.

        Raises:
            LostError: the phone went away.
        """
        threads = self.default_threads
        cpus = self.default_cpus(threads)
        state = probe_state(self._connection)
        cores = read_mask(cpus) if cpus else None
        view = View(state, None, self.identity.caps, self.profile.limits, cores)
        yield Line("phone", f"{self.identity.name}, {self.identity.abi}")
        yield from explain_cores(self.identity)
        yield Line("measured on", f"{cpus or 'any core'}, {threads} thread{'s' * (threads > 1)}")
        yield from explain_state(state, look_at_gates(view, self.profile.ignored_gates))

    @property
    def is_taken(self) -> bool:
        """Whether another run on this computer holds the phone at this moment."""
        if self._lock is not None:
            return False
        try:
            self._take_alone()
        except DeviceError:
            return True
        self._release()
        return False

    def prepare(self, progress: Callable[[str], None]) -> ProgramInfo:
        """Take the phone for this process alone, and bring the program onto it unless it is there."""
        self._take_alone()
        if self._options.binary is not None:
            bundle, info = read_binary(self._options.binary, self.identity.abi)
        else:
            check_supported(self.identity, self._serial)
            program = self._options.program(self._options.engine, progress)
            bundle = pack_bundle(program)
            info = ProgramInfo("speed_benchmark", program.sha256, program.engine)
        self._bundle, self._program = bundle, info
        self._persist(lambda: install_bundle(self._connection, bundle, progress), progress)
        return info

    def clean(self) -> None:
        """Remove our folder from the phone."""
        self._take_alone()
        self._persist(lambda: clean_phone(self._connection), lambda _: None)

    def begin_block(self, announce: Callable[[str], None], cpus: str) -> Mapping[str, str]:
        """Wait until all gates are open, and give the phone's state and the gates it told too little for."""
        state = self._gatekeeper.wait(
            lambda: probe_state(self._connection),
            announce,
            self._serial,
            self._connection.interruption,
            read_mask(cpus) if cpus else None,
        )
        return {**state.to_text(), "unjudged_gates": " ".join(sorted(self._gatekeeper.unjudged)) or "none"}

    @contextlib.contextmanager
    def start(self, manifest: bytes, arguments: Sequence[str]) -> Iterator[Process]:
        """Start the program on a manifest; it goes on by itself when the connection breaks."""
        assert self._bundle is not None, "prepare comes first"
        kind = self._program.kind
        process = start_process(self._connection, self._bundle, kind, manifest, arguments, self._reconnect)
        try:
            yield process if kind == "speed_benchmark" else ForeignProcess(process, kind, arguments)
        finally:
            process.remove()

    def recover(self, announce: Callable[[str], None]) -> None:
        """Connect again, for as long as a phone may take to boot."""
        deadline = time.monotonic() + self._options.patience.return_s
        pause, told = 0.1, False
        while True:
            try:
                self._connection.connect()
                boot_id = probe_state(self._connection).boot_id
                break
            except (LostError, UnauthorizedError) as error:
                if time.monotonic() > deadline:
                    raise DeviceError(
                        f"{self._serial} was lost and did not come back within "
                        f"{self._options.patience.return_s:g} s ({error}). Attach it again; the same command "
                        f"goes on where this one stopped."
                    ) from error
            if not told:
                announce(f"{self._serial} is gone; waiting for it to come back.")
                told = True
            self._connection.interruption.pause(pause)
            pause = min(2 * pause, 2.0)
        self._incidents["reconnected"] += 1
        if boot_id != self._boot_id and UNAVAILABLE not in (boot_id, self._boot_id):
            self._incidents["rebooted"] += 1
            announce(f"{self._serial} has rebooted.")
        self._boot_id = boot_id

    def interrupt(self) -> None:
        """End every wait for the phone: a gate's, that for its return, that for a line of output."""
        self._connection.interruption.set()

    def close(self) -> None:
        """Hang up, and let others have the phone."""
        self._connection.close()
        self._release()

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _reconnect(self) -> None:
        self.recover(lambda _: None)

    def _persist(self, step: Callable[[], Given], announce: Callable[[str], None]) -> Given:
        """Do a step that can be done again, again when the phone was lost in it."""
        for left in reversed(range(_TRIES)):
            try:
                return step()
            except LostError as error:
                if not left:
                    raise DeviceError(
                        f"{self._serial} was lost {_TRIES} times in a row ({error})."
                    ) from error
                self.recover(announce)
        raise AssertionError("unreachable")

    def _own_name(self) -> str:
        """What tells this phone from all others, however it is reached.

        Emulators on several hosts have the same serial number, so theirs is told by their boot.
        """
        number = self.identity.serial
        if number != "unknown" and not number.startswith(_SHARED_NUMBERS):
            return number
        return self.identity.boot_id if self.identity.boot_id != UNAVAILABLE else clean_name(self._serial)

    def _take_alone(self) -> None:
        """Hold this phone's lock file: two runs on one phone would measure each other."""
        if self._lock is not None:
            return
        folder = default_cache() / "locks"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(folder / f"{self._own_name()}.lock", os.O_RDWR | os.O_CREAT, 0o600)
            alone = lock_descriptor(lock, wait=False)
        except OSError as error:
            raise DeviceError(
                f"{self._serial} can't be locked for this run: {folder} can't be used "
                f"({error.strerror or error}). Set CNN_LATENCY_LUT_CACHE to a folder that can be written."
            ) from error
        if not alone:
            os.close(lock)
            raise DeviceError(f"{self._serial} is in use by another run on this computer. Wait for it.")
        self._lock = lock
