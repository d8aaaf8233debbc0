"""What commands share of devices: how phones are reached, what runs on them, the serials a shell offers."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from bench.device_runner import (
    ADB_WAYS,
    GATES,
    PhoneOptions,
    clean_name,
    find_usb_phones,
    list_server_serials,
    read_profile,
)
from lut.errors import DeviceError

__all__ = ["adb_option", "complete_serial", "device_name_option", "phone_options", "setting_options"]

Command = TypeVar("Command", bound=Callable[..., Any])

PATH = click.Path(path_type=Path)


def adb_option(command: Command) -> Command:
    """Add the option `--adb`."""
    return click.option(
        "--adb",
        "way",
        type=click.Choice(list(ADB_WAYS)),
        default="auto",
        show_default=True,
        help="Reach phones directly, or through a running adb server; auto asks the server first.",
    )(command)


def phone_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how to treat phones; the command gets them as one `phones: PhoneOptions`."""

    @adb_option
    @click.option(
        "--ignore-gate",
        "ignored_gates",
        type=click.Choice(list(GATES)),
        multiple=True,
        help="Measure on phones even if this gate is shut; may be repeated.",
    )
    @click.option(
        "--binary",
        type=PATH,
        help="Your own speed_benchmark or caffe2_benchmark for phones, built by the NDK.",
    )
    @click.option("--profile", type=PATH, help="A TOML file with what a phone's probes don't know.")
    @wraps(command)
    def with_phones(
        *args: Any, ignored_gates: tuple[str, ...], binary: Path | None, profile: Path | None, **options: Any
    ) -> Any:
        phones = PhoneOptions(
            ignored_gates=frozenset(ignored_gates),
            profile=read_profile(profile) if profile else None,
            binary=binary,
        )
        return command(*args, phones=phones, **options)

    return with_phones


def setting_options(default: str) -> Callable[[Command], Command]:
    """Add `--threads` and `--cpus`; `default` says in their help what is taken without them."""

    def add(command: Command) -> Command:
        threads = click.option(
            "--threads", type=click.IntRange(1), help=f"Threads of the engine. Default: {default}."
        )
        cpus = click.option(
            "--cpus",
            metavar="MASK",
            callback=_parse_mask,
            help=f"Processors to run on, as a hexadecimal mask. Default: {default}.",
        )
        return threads(cpus(command))

    return add


def device_name_option(text: str) -> Callable[[Command], Command]:
    """Add `--device-name`, with this help."""
    return click.option("--device-name", metavar="NAME", callback=_check_name, help=text)


def _parse_mask(_context: click.Context, _parameter: click.Parameter, text: str | None) -> str | None:
    if text is None:
        return None
    try:
        mask = int(text, 16)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is no hexadecimal mask, such as 0xf0.") from error
    if mask < 1:
        raise click.BadParameter("the mask holds no processor.")
    return hex(mask)


def _check_name(_context: click.Context, _parameter: click.Parameter, name: str | None) -> str | None:
    if name is not None and name != clean_name(name):
        raise click.BadParameter(f"{name!r}: a name is made of letters, digits, '.', '_' and '-' only.")
    return name


def complete_serial(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Give the serials that a shell offers: of the host, and of phones as far as they are known at once.

    Nothing is opened, and nothing said: a line of text in the midst of a command line helps nobody.
    """
    serials = ["host", *(phone.serial for phone in find_usb_phones())]
    with contextlib.suppress(DeviceError):
        serials += list_server_serials()
    return [serial for serial in dict.fromkeys(serials) if serial.startswith(begun)]
