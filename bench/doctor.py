"""What a machine needs to measure on itself and on phones, looked at one by one. Nothing is changed.

No check waits for a network or a phone; the longest measures one small operator.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from bench.device_runner import (
    DEFAULT_ROUTE,
    AdbRoute,
    Block,
    HostDevice,
    PhoneDevice,
    PhoneOptions,
    ServerAddress,
    Watch,
    explain_missing_usb,
    find_usb_phones,
    list_server_serials,
    load_keys,
    open_device,
    run_block,
    server_address,
)
from bench.engines import CAFFE2, ENGINES, Engine
from bench.numbers import WrongNumbersError, check_numbers
from bench.speed_benchmark import choose_target, find_compiler
from lut.cache import default_cache
from lut.entries import Failure, RunConfig, Segment
from lut.errors import DeviceError, FileError
from lut.ops import FLOAT, OpSpec, TensorSpec
from lut.wording import install_extra

__all__ = ["CHECKS", "Finding", "explain_device", "run_checks"]

_BUILD_BYTES = 600_000_000
"""What is needed of the host's wheel, packed and unpacked, and the program, all at once."""

_INDEX_BYTES = 64 << 20
"""For the indexes of tables, once the program is there."""

_SERVER_S = 1.0

_ENGINE_S = 30.0

_SERVER_CHECK = "adb server"

_INSTALL_LIBUSB = "sudo apt-get install libusb-1.0-0"


@dataclass(frozen=True)
class Finding:
    """What a check found: a sentence, and where something is amiss the command that mends it.

    `needed` says that measuring on this machine depends on it; what only phones need is not.
    """

    says: str
    fix: str | None = None
    needed: bool = False

    @property
    def state(self) -> str:
        """`ok`, `note` (something for phones is amiss) or `broken`."""
        return "ok" if self.fix is None else "broken" if self.needed else "note"


def run_checks(
    engine: Engine = CAFFE2, servers: Sequence[ServerAddress] = ()
) -> Iterator[tuple[str, Finding]]:
    """Run all checks for an engine, in order, each as it is asked for.

    Adb servers that are named are checked each, in place of the one of the environment.
    """
    for name, check in CHECKS.items():
        if name == _SERVER_CHECK and servers:
            yield from ((name, _check_named_server(server)) for server in servers)
        else:
            yield name, check(engine)


def explain_device(serial: str, route: AdbRoute, engine: Engine = CAFFE2) -> Iterator[tuple[str, Finding]]:
    """Give what is understood of a phone, line by line; nothing on it is changed.

    Raises:
        DeviceError: it can't be reached, or is no phone.
    """
    with contextlib.closing(open_device(serial, route, PhoneOptions(engine=engine))) as device:
        if not isinstance(device, PhoneDevice):
            raise DeviceError(f"{serial} is no phone. `bench doctor` without --device looks at this machine.")
        for line in device.explain():
            ignore = f"bench run PLAN --device {serial} --ignore-gate {line.shut_gate}"
            yield line.about, Finding(line.says, ignore if line.shut_gate else None)


def _check_python(engine: Engine) -> Finding:
    says = f"Python {platform.python_version()} in {sys.prefix}"
    if find_spec("pip") is None and _host_is_unbuilt(engine):
        return Finding(
            f"{says}, without pip, which downloads the engine", f"{sys.executable} -m ensurepip", True
        )
    return Finding(says)


def _of(engine: Engine) -> str:
    return "" if engine is CAFFE2 else f" --engine {engine.name}"


def _host_is_unbuilt(engine: Engine) -> bool:
    try:
        return engine.find("host") is None
    except DeviceError:
        return True


def _check_cache(engine: Engine) -> Finding:
    other = "export CNN_LATENCY_LUT_CACHE=/a/folder/with/room"
    try:
        cache = present = default_cache()
    except FileError as error:
        return Finding(str(error), other, True)
    try:
        present = next(folder for folder in (cache, *cache.parents) if folder.exists())
        with tempfile.TemporaryFile(dir=present):
            pass
    except OSError as error:
        return Finding(f"{present} can't be written: {error.strerror or error}", other, True)
    free = shutil.disk_usage(present).free
    unbuilt = _host_is_unbuilt(engine)
    least = _BUILD_BYTES if unbuilt else _INDEX_BYTES
    says = f"{cache} can be written; {free / 1e9:.1f} GB are free"
    if free < least:
        return Finding(f"{says}, {least / 1e9:.1f} GB are needed", other, True)
    return Finding(says)


def _look_for_compiler(engine: Engine, name: str) -> Finding:
    try:
        target = choose_target(name, engine.runtimes)
    except DeviceError:
        return Finding("none is needed: there is no engine for this machine")
    if compiler := find_compiler(target):
        return Finding(shutil.which(target.compiler) or compiler.version)
    if engine.find(name) is not None:
        return Finding(f"no {target.compiler}; the program for {name} is built already")
    fix = f"sudo apt-get install {target.packages}"
    if target.zig:
        fix += f", or without root {install_extra('zig')}"
    if platform.system() != "Linux":  # a phone's program takes arm64's glibc, which Linux machines have
        fix = f"scp -r LINUX_MACHINE:.cache/cnn-latency-lut/programs {default_cache()}/"
    return Finding(f"no {target.compiler}, which builds the program for {name}", fix, name == "host")


def _check_engine(engine: Engine) -> Finding:
    """Find the program whole (every file of it by its SHA-256), check its numbers, and let it measure."""
    try:
        program = engine.find("host")
    except DeviceError as error:
        return Finding(
            f"{str(error).rstrip('.')}; phones can be measured",
            f"bench build --target android-arm64{_of(engine)}",
        )
    if program is None:
        return Finding(
            "the benchmark program is not built yet, or not whole", f"bench build{_of(engine)}", True
        )
    op = OpSpec.of("Relu", (TensorSpec((1, 8, 8, 8), FLOAT),), order="NCHW")
    host = HostDevice(engine=engine)
    try:
        segment = Segment(host.info, host.prepare(lambda _: None), RunConfig(passes=1, iters=1, warmup=0))
        check_numbers(host, segment.program, lambda _: None)
        (visit,) = run_block(host, segment, Block({op: {0}}), None, watch=Watch(silence_s=_ENGINE_S))
        reason = visit.outcome.reason if isinstance(visit.outcome, Failure) else None
    except WrongNumbersError as error:
        first, example, *_ = str(error).splitlines()
        other = next(each.name for each in ENGINES.values() if each is not engine)
        return Finding(f"{first} {example.strip()}", f"bench doctor --engine {other}", True)
    except DeviceError as error:
        reason = str(error)
    if reason is not None:
        again = f"rm -r {default_cache() / 'runtime'} && bench build{_of(engine)}"
        return Finding(f"the engine does not measure: {reason}", again, True)
    return Finding(f"{program.engine} is whole, computes right numbers and measures ({program.sha256[:12]})")


def _check_phone_program(engine: Engine) -> Finding:
    program = engine.find("android-arm64")
    if program is None:
        return Finding(
            "the program for phones is not built yet", f"bench build --target android-arm64{_of(engine)}"
        )
    return Finding(f"{program.engine} is whole ({program.sha256[:12]})")


def _check_libusb() -> Finding:
    if missing := explain_missing_usb():
        fix = install_extra("usb") if find_spec("usb1") is None else _INSTALL_LIBUSB
        return Finding(missing.partition(". ")[0], fix)
    return Finding("libusb is there: phones on USB can be opened directly")


def _check_server() -> Finding:
    try:
        server = server_address()
    except DeviceError as error:
        return Finding(str(error), "unset ANDROID_ADB_SERVER_PORT")
    if not _listens(server):
        return Finding("none runs; phones are opened directly")
    return _describe_server(server, DEFAULT_ROUTE)


def _check_named_server(server: ServerAddress) -> Finding:
    if not _listens(server):
        return Finding(
            f"none can be reached at {server}; for one of another host, forward its port",
            f"ssh -NL {server.port}:localhost:5037 HOST",
        )
    return _describe_server(server, AdbRoute(servers=(server,)))


def _listens(server: ServerAddress) -> bool:
    try:
        socket.create_connection((server.host, server.port), _SERVER_S).close()
    except (OSError, UnicodeError):
        return False
    return True


def _describe_server(server: ServerAddress, route: AdbRoute) -> Finding:
    try:
        states = list_server_serials(route)
    except DeviceError as error:
        return Finding(str(error), f"ss -ltnp 'sport = :{server.port}'")
    unfit = {serial: state for serial, state in states.items() if state != "device"}
    listed = ", ".join(f"{serial} ({state})" for serial, state in states.items()) or "no phone"
    says = f"one runs at {server} and lists {listed}"
    if unfit:
        ask = f"adb -H {server.host} -P {server.port} devices" if route.servers else "adb devices"
        return Finding(f"{says}; unlock the phone and tap ALLOW, or plug it in again", ask)
    return Finding(says)


def _check_key() -> Finding:
    folder = Path(os.environ.get("ANDROID_USER_HOME") or Path.home() / ".android")
    key = folder / "adbkey"
    if not key.exists():
        return Finding(f"none yet; the first phone that is opened directly gets one made in {folder}")
    try:
        load_keys(folder)
    except DeviceError as error:
        return Finding(str(error).partition(". Put")[0], f"mv {key} {key}.old")
    return Finding(f"{key}, the one that adb uses")


def _check_usb() -> Finding:
    phones = find_usb_phones()
    shut = [phone for phone in phones if not os.access(phone.node, os.R_OK | os.W_OK)]
    if shut:
        names = ", ".join(f"{phone.serial} ({phone.node})" for phone in shut)
        return Finding(
            f"this user may not open {names}; after the fix, log in again and plug the phone in again",
            'sudo apt-get install android-sdk-platform-tools-common && sudo usermod -aG plugdev "$USER"',
        )
    names = ", ".join(phone.serial for phone in phones)
    return Finding(f"{names} may be opened" if phones else "no phone with USB debugging is plugged in")


def _check_simulator() -> Finding:
    packages = {"qemu-aarch64-static": "qemu-user-static", "proot": "proot"}
    missing = [package for command, package in packages.items() if shutil.which(command) is None]
    if missing:
        return Finding(
            f"no {' and no '.join(missing)}; only simulated phones (`make phone`) need that",
            f"sudo apt-get install {' '.join(missing)}",
        )
    return Finding("qemu and proot are there: `make phone` can simulate one")


CHECKS: dict[str, Callable[[Engine], Finding]] = {
    "python": _check_python,
    "cache": _check_cache,
    "compiler": lambda engine: _look_for_compiler(engine, "host"),
    "engine": _check_engine,
    "phone compiler": lambda engine: _look_for_compiler(engine, "android-arm64"),
    "phone program": _check_phone_program,
    "libusb": lambda _: _check_libusb(),
    _SERVER_CHECK: lambda _: _check_server(),
    "adb key": lambda _: _check_key(),
    "usb phones": lambda _: _check_usb(),
    "simulator": lambda _: _check_simulator(),
}
"""Every check by its name, in the order shown: what this machine needs first, then what phones need."""
