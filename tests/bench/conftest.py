"""The host with its real program, and operators that take no time to measure."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from bench.cli import entry as cli
from bench.device_runner import HostDevice
from bench.device_runner.device import Exit, Process, SilenceError
from lut.entries import RunConfig, Segment
from lut.ops import FLOAT, INT32, UINT8, OpSpec, TensorSpec
from tests.commands import Outcome, make_runner
from tests.quiet import quiet_machine  # noqa: F401 - a fixture for all tests below

Bench = Callable[..., Outcome]

CONFIG = RunConfig(passes=2, iters=3, warmup=1)


def relu(channels: int) -> OpSpec:
    return OpSpec.of("Relu", (TensorSpec((1, channels, 4, 4), FLOAT),), order="NCHW")


def softmax(classes: int = 10) -> OpSpec:
    return OpSpec.of("Int8Softmax", (TensorSpec((1, classes), UINT8),), order="NHWC")


def int8_conv(channels: int = 8) -> OpSpec:
    x, weight = TensorSpec((1, 6, 6, channels), UINT8), TensorSpec((16, 1, 1, channels), UINT8)
    bias = TensorSpec((16,), INT32)
    return OpSpec.of("Int8Conv", (x, weight, bias), kernel=1, stride=1, pad=0, order="NHWC")


def slow_conv() -> OpSpec:
    """A convolution of about 460 million multiply-adds: tens of milliseconds a run."""
    x, weight = TensorSpec((1, 112, 112, 64), UINT8), TensorSpec((64, 3, 3, 64), UINT8)
    bias = TensorSpec((64,), INT32)
    return OpSpec.of("Int8Conv", (x, weight, bias), kernel=3, stride=1, pad=1, order="NHWC")


def run_with_kills(command: Sequence[str], seed: int, *, least_s: float, most_s: float) -> None:
    """Start a command and kill it after a time, thrice; then let it come to its end."""
    moments = random.Random(seed)
    for _ in range(3):
        child = subprocess.Popen(command, start_new_session=True)
        time.sleep(moments.uniform(least_s, most_s))
        child.send_signal(signal.SIGKILL)
        child.wait()
    subprocess.run(command, check=True)


@dataclass
class Fault:
    """What `FaultyHost` does to the real program when a line of its output holds `trigger`, once.

    `line` replaces that line by another text; `signal` is sent to the program, and nothing is heard after it,
    however late it arrives; `cut` ends the output. With `in_start` it waits for the program's start of
    that number, counted from 1.
    """

    trigger: str
    line: str | None = None
    signal: int | None = None
    cut: bool = False
    in_start: int | None = None


@dataclass
class FaultyHost(HostDevice):
    """The host with its real program, whose output and life go wrong where a test asks for it."""

    faults: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.starts = 0

    @contextmanager
    def start(self, manifest: bytes, arguments: Sequence[str]) -> Iterator[Process]:
        self.starts += 1
        with super().start(manifest, arguments) as process:
            yield _FaultyProcess(process, self.faults, self.starts)


class _FaultyProcess:
    def __init__(self, process: Process, faults: list[Fault], number: int) -> None:
        self._process = process
        self._number = number
        self._faults = faults
        self._struck: int | None = None

    def read_line(self, timeout_s: float) -> str | None:
        if self._struck == signal.SIGSTOP:
            raise SilenceError(f"the program printed nothing for {timeout_s:g} s")
        if self._struck is not None:
            return None
        line = self._process.read_line(timeout_s)
        for fault in self._faults:
            if line is not None and fault.trigger in line and fault.in_start in (None, self._number):
                self._faults.remove(fault)
                if fault.signal is not None:
                    self._process._child.send_signal(fault.signal)  # type: ignore[attr-defined]
                    self._struck = fault.signal
                return None if fault.cut else fault.line if fault.line is not None else line
        return line

    def finish(self) -> Exit:
        ended = self._process.finish()
        if self._struck is None or self._struck == signal.SIGSTOP:
            return ended
        return Exit(-self._struck, signal.Signals(self._struck).name, ended.stderr_tail)


@pytest.fixture
def host() -> FaultyHost:
    device = FaultyHost()
    device.prepare(lambda _: None)
    return device


@pytest.fixture
def segment(host: FaultyHost) -> Segment:
    return Segment(host.info, host.prepare(lambda _: None), CONFIG)


@pytest.fixture
def bench_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Run `bench` in this process; give its exit code, stdout and stderr."""
    return make_runner("bench", cli.main, capsys, monkeypatch)
