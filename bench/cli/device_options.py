"""What commands share of devices: which ones, how they are reached, what they are called."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from bench.campaign import choose_devices
from bench.device_runner import (
    ADB_WAYS,
    CLUSTER_NAMES,
    GATES,
    AdbRoute,
    Device,
    PhoneOptions,
    ServerAddress,
    clean_name,
    find_usb_phones,
    list_server_serials,
    read_profile,
)
from bench.engines import CAFFE2, ENGINES, Engine
from lut.cli import grouped
from lut.errors import DeviceError

__all__ = [
    "DeviceChoice",
    "adb_option",
    "complete_serial",
    "device_options",
    "engine_option",
    "server_option",
]

Command = TypeVar("Command", bound=Callable[..., Any])

PATH = click.Path(path_type=Path)

_phone = grouped("Phones")


@dataclass(frozen=True)
class DeviceChoice:
    """Which devices to measure on, how to treat phones, and the name to record them under."""

    serials: tuple[str, ...]
    every: bool
    route: AdbRoute
    phones: PhoneOptions
    name: str | None

    def open(self) -> Sequence[Device]:
        """Open them.

        Raises:
            DeviceError: one can't be opened, there is no phone, or several and nobody says which.
        """
        return choose_devices(self.serials, self.every, self.route, self.phones)


def engine_option(command: Command) -> Command:
    """Add the option `--engine`; the command gets an `Engine`."""
    return grouped("Engine")(
        "--engine",
        type=click.Choice(list(ENGINES)),
        default=CAFFE2.name,
        show_default=True,
        callback=lambda _context, _parameter, name: ENGINES[name],
        help="What operators run on. Each has tables of its own.",
    )(command)


def server_option(command: Command) -> Command:
    """Add the option `--adb-server`; the command gets `servers`, a tuple of `ServerAddress`."""
    return _phone(
        "--adb-server",
        "servers",
        metavar="HOST:PORT",
        multiple=True,
        callback=_read_servers,
        help="Ask this adb server for phones, not the one of the environment; may be repeated. A serial that "
        "several of them list is written SERIAL@HOST:PORT.",
    )(command)


def adb_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options `--adb` and `--adb-server`; the command gets them as one `route: AdbRoute`."""

    @server_option
    @wraps(command)
    def with_route(*args: Any, way: str, servers: tuple[ServerAddress, ...], **options: Any) -> Any:
        if servers and way == "direct":
            raise click.UsageError(
                "--adb direct asks no adb server: leave out --adb-server, or --adb direct."
            )
        return command(*args, route=AdbRoute(way, servers), **options)

    return _phone(
        "--adb",
        "way",
        type=click.Choice(list(ADB_WAYS)),
        default="auto",
        show_default=True,
        help="Reach phones directly, or through a running adb server; auto asks the server first.",
    )(with_route)


def _read_servers(
    _context: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]
) -> tuple[ServerAddress, ...]:
    try:
        return tuple(ServerAddress.parse(text) for text in texts)
    except DeviceError as error:
        raise click.BadParameter(str(error)) from error


def device_options(
    title: str, *, several: bool, name_help: str
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add the options that choose devices; the command gets them as one `devices: DeviceChoice`.

    Args:
        title: of the group in which help lists them.
        several: whether more than one may be chosen.
        name_help: what `--device-name` is for.
    """
    repeated = "; may be repeated" if several else ""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @_phone(
            "--ignore-gate",
            "ignored_gates",
            type=click.Choice(list(GATES)),
            multiple=True,
            help="Measure on phones even if this gate is shut; may be repeated.",
        )
        @_phone(
            "--binary",
            type=PATH,
            help="Your own speed_benchmark or caffe2_benchmark for phones, built by the NDK.",
        )
        @_phone(
            "--cluster",
            type=click.Choice(CLUSTER_NAMES),
            help="Measure on this cluster of a phone's cores. Default: the fastest; --cpus names cores.",
        )
        @_phone("--profile", type=PATH, help="A TOML file with what a phone's probes don't know.")
        @wraps(command)
        def with_devices(
            *args: Any,
            serials: tuple[str, ...] | str | None,
            route: AdbRoute,
            ignored_gates: tuple[str, ...],
            binary: Path | None,
            profile: Path | None,
            cluster: str | None,
            device_name: str | None,
            engine: Engine,
            every: bool = False,
            **options: Any,
        ) -> Any:
            phones = PhoneOptions(
                ignored_gates=frozenset(ignored_gates),
                profile=read_profile(profile) if profile else None,
                binary=binary,
                engine=engine,
                cluster=cluster,
            )
            if binary is not None and engine is not CAFFE2:
                raise click.UsageError(f"--binary is a program of Caffe2's; it does not run {engine.name}.")
            chosen = (serials,) if isinstance(serials, str) else serials or ()
            name = None if device_name is None else engine.name_device(device_name)
            return command(*args, devices=DeviceChoice(chosen, every, route, phones, name), **options)

        decorated = adb_option(engine_option(with_devices))
        decorated = grouped(title)("--device-name", metavar="NAME", callback=_check_name, help=name_help)(
            decorated
        )
        if several:
            decorated = grouped(title)("--all", "every", is_flag=True, help="All attached phones.")(decorated)
        return grouped(title)(
            "--device",
            "serials",
            metavar="SERIAL",
            multiple=several,
            shell_complete=complete_serial,
            help=f"A serial, or tcp:HOST:PORT{repeated}. Default: the one phone, else the host.",
        )(decorated)

    return decorate


def _check_name(_context: click.Context, _parameter: click.Parameter, name: str | None) -> str | None:
    if name is not None and name != clean_name(name):
        raise click.BadParameter(f"{name!r}: a name is made of letters, digits, '.', '_' and '-' only.")
    return name


def complete_serial(context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Give the serials that a shell offers: of the host, and of phones as far as they are known at once.

    Nothing is opened, and nothing said: a line of text in the midst of a command line helps nobody.
    """
    serials = ["host", *(phone.serial for phone in find_usb_phones())]
    named = AdbRoute(servers=context.params.get("servers") or ())
    with contextlib.suppress(DeviceError):
        serials += list_server_serials(named, warn=lambda _: None)
    return [serial for serial in dict.fromkeys(serials) if serial.startswith(begun) and serial.isprintable()]
