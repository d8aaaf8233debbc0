"""The machines that a program is built for, and what of an engine it is built on."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.speed_benchmark.pins import Component
from lut.errors import EngineError

__all__ = ["TARGET_NAMES", "Runtime", "Target", "choose_target"]


@dataclass(frozen=True)
class Runtime:
    """An engine's pinned runtime for one machine, and what it takes to build on it.

    `sources` is its folder in `src/`; `linked` are the libraries that the program names itself. `label` tells
    the engine and its version. `zig` is Zig's name for the machine, where the program and the engine share
    nothing but C functions; else empty.
    """

    sources: str
    label: str
    libraries: Component
    linked: tuple[str, ...]
    headers: tuple[Component, ...] = ()
    compile_flags: tuple[str, ...] = ()
    link_flags: tuple[str, ...] = ()
    zig: str = ""


@dataclass(frozen=True)
class Target:
    """A machine to build for, and the engine's runtime there.

    `packages` are the Debian packages of compiler and system libraries. Their names depend on the machine
    that builds, so they are no part of the text that tells recipes apart. `system_libraries` come with the
    program where the machine has no glibc of its own; the compiler knows where they lie.
    """

    name: str
    compiler: str
    packages: str = field(repr=False)
    runtime: Runtime
    system_libraries: tuple[str, ...] = ()
    strip: str = ""

    @property
    def id(self) -> str:
        """What tells its programs from those of other machines and engines."""
        return f"{self.name} {self.runtime.sources}"

    @property
    def zig(self) -> str:
        """Zig's name for the machine; empty where its own libraries have to be brought along."""
        return "" if self.system_libraries else self.runtime.zig


_ANDROID: dict[str, Any] = {
    "compiler": "aarch64-linux-gnu-g++",
    # A phone has bionic, the wheels need glibc: the loader and all it loads are brought along.
    "system_libraries": (
        "ld-linux-aarch64.so.1",
        "libc.so.6",
        "libm.so.6",
        "libdl.so.2",
        "libpthread.so.0",
        "librt.so.1",
        "libstdc++.so.6",
        "libgcc_s.so.1",
    ),
    "strip": "aarch64-linux-gnu-strip",
}
_THIS_MACHINE = (platform.system(), platform.machine())

TARGET_NAMES = ("host", "android-arm64")


def choose_target(name: str, runtimes: Mapping[str, Runtime]) -> Target:
    """Give the target of this name for an engine, whose runtimes are given by machine.

    Raises:
        EngineError: there is none, or the engine has no runtime for it; the message tells which there are.
    """
    system, machine = _THIS_MACHINE
    if name == "android-arm64":
        # On a machine of the phone's kind the native compiler has that name, too, beside its own.
        packages = "g++" if machine == "aarch64" else "g++-aarch64-linux-gnu"
        return Target(name, packages=packages, runtime=runtimes["aarch64"], **_ANDROID)
    if name == "host" and system == "Linux" and machine in runtimes:
        return Target(name, compiler="g++", packages="g++", runtime=runtimes[machine])
    served = ", ".join(f"Linux {machine}" for machine in runtimes)
    raise EngineError(
        f"there is no engine for the target {name} here; targets: {', '.join(TARGET_NAMES)}. "
        f"The target host exists on {served}; this is {system} {machine}."
    )
