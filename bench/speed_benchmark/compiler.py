"""The C++ compiler for a target: the system's own, or PyPI's `ziglang`, which needs no root to be installed.

Zig brings a C++ library of its own. So it serves where programs and engine share C functions only, and where
the machine has the C library that the program is linked to.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

from bench.speed_benchmark.targets import Target
from bench.starting import describe_refusal
from lut.errors import EngineError
from lut.wording import install_extra

__all__ = ["Compiler", "explain_missing_compiler", "find_compiler", "run_tool"]


@dataclass(frozen=True)
class Compiler:
    """What compiles and links: the words that start it, and those that ask it for its version."""

    name: str
    command: tuple[str, ...]
    ask_version: tuple[str, ...]

    @property
    def version(self) -> str:
        """What it says of itself, in a line.

        Raises:
            EngineError: it can't be started.
        """
        line = run_tool(self.ask_version, "tell its version", self.name).splitlines()[0]
        return line if self.name in line else f"{self.name} {line}"

    def run(self, arguments: Sequence[str], purpose: str, scratch: Path | None = None) -> str:
        """Run it and return what it prints; what it keeps for itself goes into `scratch`.

        Raises:
            EngineError: it can't be started, or failed.
        """
        kept = {f"ZIG_{kind}_CACHE_DIR": f"{scratch}/zig" for kind in ("GLOBAL", "LOCAL")} if scratch else {}
        return run_tool([*self.command, *arguments], purpose, self.name, kept)


def find_compiler(target: Target) -> Compiler | None:
    """Return the compiler for a target; None where there is none."""
    if shutil.which(target.compiler) is not None:
        return Compiler(target.compiler, (target.compiler,), (target.compiler, "--version"))
    if target.zig and find_spec("ziglang") is not None:
        zig = (sys.executable, "-m", "ziglang")
        return Compiler("zig", (*zig, "c++", "-target", target.zig), (*zig, "version"))
    return None


def explain_missing_compiler(target: Target, programs: Path) -> str:
    """Say which compiler is missing and how to get one, or a program without it.

    Args:
        target: what the program is for.
        programs: the folder for programs that were built elsewhere.
    """
    ways = [f"Install the Debian package {target.packages}"]
    if target.zig:
        ways.append(f"without root, run `{install_extra('zig')}`")
    if target.system_libraries:
        build = f"`bench build --target {target.name}`"
        ways.append(f"copy {programs} from a Linux machine where {build} was run")
    return (
        f"the compiler {target.compiler} is missing, the program for {target.name} can't be built. "
        f"{', or '.join(ways)}{',' if len(ways) > 1 else ''} and run this again."
    )


def run_tool(
    command: Sequence[str], purpose: str, name: str = "", variables: Mapping[str, str] = MappingProxyType({})
) -> str:
    """Run a compiler or a tool beside it and return what it prints.

    Args:
        command: its words.
        purpose: what it is to do, for messages.
        name: what messages call it, instead of the command's first word.
        variables: set for it beside this process's own.

    Raises:
        EngineError: it can't be started, or failed; the message has the end of its own.
    """
    name = name or command[0]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        otherwise = f"It is needed to {purpose}: reinstall it."
        raise EngineError(describe_refusal(name, error, otherwise)) from error
    if done.returncode != 0:
        tail = "\n".join(done.stderr.strip().splitlines()[-20:])
        raise EngineError(f"{name} failed to {purpose} (exit code {done.returncode}):\n{tail}")
    return done.stdout
