"""Running a command as a user does, with its time and the most memory it held."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Cost", "run_bench", "run_lut"]


@dataclass(frozen=True)
class Cost:
    """What a process cost: seconds of the clock, of its processor, and megabytes at its largest."""

    wall_s: float
    cpu_s: float
    megabytes: float
    output: str

    def __str__(self) -> str:
        return f"{self.wall_s:6.2f} s ({self.cpu_s:5.2f} s of processor), {self.megabytes:4.0f} MB"


def run_lut(arguments: Sequence[str], output: Path, cache: Path) -> Cost:
    """Run `lut` with a cache of its own; the output is what it prints."""
    return _run("lut", arguments, output, {"CNN_LATENCY_LUT_CACHE": str(cache)})


def run_bench(arguments: Sequence[str], output: Path) -> Cost:
    """Run `bench`; the output is what it says on stderr, and the memory that of its largest process."""
    return _run("bench", arguments, output, {})


def _run(program: str, arguments: Sequence[str], output: Path, environment: Mapping[str, str]) -> Cost:
    command = [sys.executable, "-c", f"from {program}.cli import main; main()", *arguments]
    started = time.perf_counter()
    with output.open("wb") as stream:
        out, err = (stream, None) if program == "lut" else (None, stream)
        process = subprocess.Popen(command, stdout=out, stderr=err, env={**os.environ, **environment})
        _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output.read_text())
