"""What commands share of devices: the option that says how phones are reached, the serials a shell offers."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, TypeVar

import click

from bench.device_runner import ADB_WAYS
from bench.device_runner.adb_server import list_server_serials
from bench.device_runner.usb_phones import find_usb_phones
from lut.errors import DeviceError

__all__ = ["adb_option", "complete_serial"]

Command = TypeVar("Command", bound=Callable[..., Any])


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


def complete_serial(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Give the serials that a shell offers: of the host, and of phones as far as they are known at once.

    Nothing is opened, and nothing said: a line of text in the midst of a command line helps nobody.
    """
    serials = ["host", *(phone.serial for phone in find_usb_phones())]
    with contextlib.suppress(DeviceError):
        serials += list_server_serials()
    return [serial for serial in dict.fromkeys(serials) if serial.startswith(begun)]
