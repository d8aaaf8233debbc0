"""The host as a device: this machine's own processor, measured like any phone."""

from __future__ import annotations

import contextlib
import os
import platform
import signal
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from bench.device_runner.device import Exit, Process, SilenceError, clean_name
from bench.device_runner.host_load import LoadGate, choose_free_cores, watch_cores
from bench.device_runner.interruption import Interruption
from bench.device_runner.output import MOST_OUTPUT_BYTES, LineSplitter
from bench.device_runner.phone import AdbRoute, PhoneOptions
from bench.device_runner.processors import format_mask, list_allowed, read_mask
from bench.engines import CAFFE2, Engine
from bench.starting import describe_refusal
from lut.entries import DeviceInfo, ProgramInfo
from lut.errors import DeviceError

__all__ = ["HostDevice", "list_hosts", "open_host"]

_STDERR_TAIL_BYTES = 4096
_LAST_MOMENT_S = 10.0

_ENVIRONMENT = {**os.environ, "LD_BIND_NOW": "1"}
"""The program insists on LD_BIND_NOW and would start itself again with it; this saves that start."""


class HostDevice:
    """This machine, by the name `<CPU model>-<OS release>-<architecture>`.

    It has three parts as a phone's has, but not the kernel's release: every update would make another device
    of the machine, whose tables could not be used on. What may change is among the facts.
    """

    def __init__(self, name: str | None = None, engine: Engine = CAFFE2) -> None:
        self._engine = engine
        release = platform.freedesktop_os_release() if Path("/etc/os-release").exists() else {}
        version = f"{release.get('ID', platform.system())}{release.get('VERSION_ID', '')}"
        self._interruption = Interruption()
        self._load_gate = LoadGate(self._interruption)
        self._info = DeviceInfo(
            name=engine.name_device(name or clean_name(_cpu_model(), version, platform.machine())),
            kind="host",
            serial="host",
            facts={
                "cpu": _cpu_model(),
                "kernel": platform.release(),
                "microcode": _read_cpuinfo("microcode") or "unavailable",
                "cpus": ",".join(map(str, list_allowed())),
                "governor": _read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
                "last_cache_bytes": _last_cache_bytes(),
                "like_cpus": _like_cpus(),
                "load": " ".join(f"{load:.2f}" for load in os.getloadavg()),
                "os": release.get("PRETTY_NAME", platform.system()),
            },
        )

    @property
    def info(self) -> DeviceInfo:
        """The device that measurements come from."""
        return self._info

    @property
    def engine(self) -> Engine:
        """What operators are measured on here."""
        return self._engine

    @property
    def default_threads(self) -> int:
        """One: single-thread figures compare between hosts."""
        return 1

    def default_cpus(self, threads: int) -> str:
        """The highest-numbered processors this process may use: interrupts prefer the lowest."""
        return format_mask(list_allowed()[-threads:])

    def choose_cpus(self, threads: int, announce: Callable[[str], None]) -> str:
        """The highest-numbered processors that others leave alone at this moment."""
        allowed = list_allowed()
        shares = watch_cores(self._interruption.pause)
        chosen = choose_free_cores(allowed, threads, shares)
        self._load_gate.note(shares, frozenset(chosen))
        if left := [core for core in allowed[-threads:] if core not in chosen]:
            busy = ", ".join(f"core {core} ({shares[core]:.0%})" for core in left)
            instead = ", ".join(map(str, chosen))
            announce(f"Others keep {busy} busy: host is measured on core {instead}.")
        return format_mask(list(chosen))

    def prepare(self, progress: Callable[[str], None]) -> ProgramInfo:
        """Build the program for this machine, or find it built."""
        self._program = self._engine.find("host") or self._engine.build("host", progress=progress)
        return ProgramInfo("speed_benchmark", self._program.sha256, self._program.engine)

    def begin_block(self, announce: Callable[[str], None], cpus: str) -> Mapping[str, str]:
        """Wait until others leave the processors alone, but not for long; the load is recorded."""
        self._load_gate.wait(read_mask(cpus) if cpus else frozenset(list_allowed()), announce)
        return self.probe()

    def probe(self) -> Mapping[str, str]:
        """The load at this moment: means over 1, 5 and 15 minutes."""
        return {"load_average": " ".join(f"{load:.2f}" for load in os.getloadavg())}

    @property
    def is_taken(self) -> bool:
        """Never: a host is shared, and its load gate sees what others do."""
        return False

    def clean(self) -> None:
        """Nothing is kept on the host but its cache, which builds share."""

    def recover(self, announce: Callable[[str], None]) -> None:
        """The host is never lost."""

    @property
    def incidents(self) -> Mapping[str, int]:
        """None: nothing comes between this process and the machine it runs on."""
        return {}

    def interrupt(self) -> None:
        """End the wait for the program, and with it the program."""
        self._interruption.set()

    def close(self) -> None:
        """Nothing is held."""

    @contextlib.contextmanager
    def start(self, manifest: bytes, arguments: Sequence[str]) -> Iterator[Process]:
        """Start the program on a manifest that it reads from a file without a name."""
        with contextlib.ExitStack() as stack:
            try:
                nets, stderr = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(2))
                nets.write(manifest)
                nets.seek(0)
            except OSError as error:
                raise DeviceError(
                    f"A temporary file can't be written: {error.strerror or error}. "
                    f"Make room, or set TMPDIR to a folder with room."
                ) from error
            self._interruption.check()
            command = [str(self._program.executable), "--manifest=-", *arguments]
            process = _HostProcess(command, nets, stderr, self._interruption)
            try:
                yield process
            finally:
                process.finish()


class _HostProcess:
    """The program as a child of this process."""

    def __init__(
        self, command: Sequence[str], stdin: IO[bytes], stderr: IO[bytes], interruption: Interruption
    ) -> None:
        try:
            # In a session of its own: the terminal sends Ctrl-C to all programs of a session, and the death
            # of this one must not look like a crash.
            self._child = subprocess.Popen(
                command,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=_ENVIRONMENT,
                start_new_session=True,
            )
        except OSError as error:
            raise DeviceError(describe_refusal(command[0], error, "`bench build` makes it again.")) from error
        assert self._child.stdout is not None
        _limit_files(self._child.pid)
        self._stdout = self._child.stdout
        self._stderr = stderr
        self._splitter = LineSplitter()
        self._lines: deque[bytes] = deque()
        self._at_end = False
        self._interruption = interruption

    def read_line(self, timeout_s: float) -> str | None:
        while not self._lines:
            if not self._interruption.wait_readable(self._stdout, timeout_s):
                raise SilenceError(f"the program printed nothing for {timeout_s:g} s")
            chunk = os.read(self._stdout.fileno(), 1 << 16)
            if not chunk:
                self._at_end = True
                return None  # what is left in the splitter is the torn line of a killed process
            self._lines += self._splitter.split(chunk)
        return self._lines.popleft().decode(errors="replace")

    def finish(self) -> Exit:
        self._stdout.close()
        try:
            # Who closed its output is ending by itself; its own exit code is worth a moment.
            code = self._child.wait(timeout=_LAST_MOMENT_S if self._at_end else 0)
        except subprocess.TimeoutExpired:
            self._child.kill()
            code = self._child.wait()
        return Exit(code, signal.Signals(-code).name if code < 0 else None, self._read_tail())

    def _read_tail(self) -> str:
        size = os.fstat(self._stderr.fileno()).st_size
        return os.pread(self._stderr.fileno(), _STDERR_TAIL_BYTES, max(0, size - _STDERR_TAIL_BYTES)).decode(
            errors="replace"
        )


def _limit_files(process: int) -> None:
    """Let the system end a process (by SIGXFSZ) before what it says on stderr, a file, fills the disk."""
    if sys.platform == "linux":
        import resource

        with contextlib.suppress(ProcessLookupError):  # it has ended already
            resource.prlimit(process, resource.RLIMIT_FSIZE, (MOST_OUTPUT_BYTES, MOST_OUTPUT_BYTES))


def _cpu_model() -> str:
    """The CPU's name in /proc/cpuinfo; ARM kernels give none there, then the machine type."""
    return _read_cpuinfo("model name") or platform.machine()


def _read_cpuinfo(wanted: str) -> str:
    """Read a property of the first processor; "" where the kernel does not tell it."""
    for line in _read("/proc/cpuinfo").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == wanted:
            return value.strip()
    return ""


def _last_cache_bytes() -> str:
    """The size of the largest cache of processor 0, such as 33554432; the kernel tells it as 32768K."""
    sizes = [_read(str(path)) for path in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size")]
    known = [int(size[:-1]) << 10 for size in sizes if size.endswith("K") and size[:-1].isdigit()]
    return str(max(known)) if known else "unavailable"


def _like_cpus() -> str:
    """The masks of processors that are alike: of one model, capacity, clock and size of caches."""
    facts = (
        "regs/identification/midr_el1",  # the model, which processors of an ARM machine need not share
        "cpu_capacity",
        "cpufreq/cpuinfo_max_freq",
        *(f"cache/index{number}/size" for number in range(4)),
    )
    kinds: dict[tuple[str, ...], list[int]] = {}
    for core in list_allowed():
        kind = tuple(_read(f"/sys/devices/system/cpu/cpu{core}/{fact}") for fact in facts)
        kinds.setdefault(kind, []).append(core)
    return " ".join(map(format_mask, kinds.values()))


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "unavailable"


def list_hosts(_route: AdbRoute) -> list[str]:
    """Give the one serial of this kind: a host is always there."""
    return ["host"]


def open_host(serial: str, _route: AdbRoute, options: PhoneOptions) -> HostDevice | None:
    """Give this machine, if the serial is its own."""
    return HostDevice(engine=options.engine) if serial == "host" else None


"""The one host there always is."""
