"""The machines that the program is built for."""

from __future__ import annotations

import platform
from dataclasses import dataclass

from bench.speed_benchmark.runtime import ENGINE, LIBRARIES_AARCH64, LIBRARIES_X86_64, Component
from lut.errors import EngineError

__all__ = ["TARGETS", "Target", "get_target"]


@dataclass(frozen=True)
class Target:
    """A machine to build for.

    `packages` are the Debian packages of compiler and system libraries. `system_libraries` come with the
    program where the machine has no glibc of its own; they lie in `system_folder` of the cross compiler.
    """

    name: str
    machine: str
    compiler: str
    packages: str
    libraries: Component
    system_folder: str = ""
    system_libraries: tuple[str, ...] = ()
    strip: str = ""

    @property
    def engine(self) -> str:
        return f"{ENGINE} Caffe2 QNNPACK {self.machine}"


ANDROID_ARM64 = Target(
    name="android-arm64",
    machine="aarch64",
    compiler="aarch64-linux-gnu-g++",
    packages="g++-aarch64-linux-gnu",
    libraries=LIBRARIES_AARCH64,
    system_folder="/usr/aarch64-linux-gnu/lib",
    # A phone has bionic, the wheel needs glibc: the loader and all it loads are brought along.
    system_libraries=(
        "ld-linux-aarch64.so.1",
        "libc.so.6",
        "libm.so.6",
        "libdl.so.2",
        "libpthread.so.0",
        "librt.so.1",
        "libstdc++.so.6",
        "libgcc_s.so.1",
    ),
    strip="aarch64-linux-gnu-strip",
)

_HOSTS = {
    ("Linux", "x86_64"): Target("host", "x86_64", "g++", "g++", LIBRARIES_X86_64),
    ("Linux", "aarch64"): Target("host", "aarch64", "g++", "g++", LIBRARIES_AARCH64),
}
_THIS_MACHINE = (platform.system(), platform.machine())

# A machine that the wheels do not serve can still build for phones.
TARGETS: dict[str, Target] = {
    **({"host": _HOSTS[_THIS_MACHINE]} if _THIS_MACHINE in _HOSTS else {}),
    "android-arm64": ANDROID_ARM64,
}


def get_target(name: str) -> Target:
    """Raises EngineError for a name that does not stand in TARGETS, telling which do."""
    if name in TARGETS:
        return TARGETS[name]
    served = ", ".join(f"{system} {machine}" for system, machine in _HOSTS)
    raise EngineError(
        f"there is no engine for the target {name} here; targets: {', '.join(TARGETS)}. "
        f"The target host exists on {served}; this is {' '.join(_THIS_MACHINE)}."
    )
