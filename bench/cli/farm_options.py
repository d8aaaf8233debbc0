"""What commands share of farms: where the scheduler is, and the key."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from lut.cli import grouped
from lut.errors import DeviceError
from lut.wording import install_extra

if TYPE_CHECKING:
    from bench.farm import SchedulerAddress

__all__ = ["farm_options", "key_option", "read_address"]

Command = TypeVar("Command", bound=Callable[..., Any])

_farm = grouped("Farm")

key_option = _farm(
    "--tls",
    "key",
    metavar="FILE",
    type=click.Path(path_type=Path),
    show_default="the file that `bench farm up` makes",
    help="The farm's key: a PEM file, the same on all its computers.",
)


def read_address(text: str, key: Path | None) -> SchedulerAddress:
    """Read a scheduler's address.

    Raises:
        DeviceError: the extra `farm` is not installed.
        FileError: no key is given, and there is no home folder to find the user's own in.
        click.UsageError: the text is no address.
    """
    try:
        from bench.farm import parse_address
    except ImportError as error:
        raise DeviceError(
            f"A farm takes Dask, which is not installed here ({error.name} is missing): "
            f"{install_extra('farm')}."
        ) from error
    try:
        return parse_address(text, key)
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def farm_options(command: Command) -> Callable[..., Any]:
    """Add `--farm` and `--tls`; the command gets them as `farm: SchedulerAddress | None`."""

    @key_option
    @_farm(
        "--farm",
        "scheduler",
        metavar="SCHEDULER",
        help="Use the phones that are offered at this scheduler, HOST:PORT, instead of this computer's.",
    )
    @wraps(command)
    def with_farm(*args: Any, scheduler: str | None, key: Path | None, **options: Any) -> Any:
        if scheduler is None and key is not None:
            raise click.UsageError("--tls goes with --farm.")
        farm = None if scheduler is None else read_address(scheduler, key)
        return command(*args, farm=farm, **options)

    return with_farm
