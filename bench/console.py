"""What commands share of devices: the option that says how phones are reached."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from bench.device_runner import ADB_WAYS

__all__ = ["adb_option"]

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
