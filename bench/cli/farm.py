"""The commands `bench farm`: phones offered to others, and the scheduler between."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli.device_options import adb_option, complete_serial
from bench.cli.farm_options import key_option, read_address
from bench.device_runner import AdbRoute, join_address
from lut.cli import GroupedCommand, LazyGroup, echo, say

if TYPE_CHECKING:
    from bench.farm import SchedulerAddress, ServedPhones

__all__ = ["farm"]

_HERE_ALONE = "127.0.0.1"


@click.group(cls=LazyGroup)
def farm() -> None:
    """Offer the phones of many hosts in one place, and measure on all of them.

    Hosts with phones run `bench farm worker`, one computer runs `bench farm scheduler`, or `bench farm up`
    for both. `bench run --farm` then measures on all phones, and `bench devices --farm` lists them.

    Whoever has the farm's key can run code on its hosts, and nobody else is heard. The first scheduler makes
    it, for its user alone; other computers get a copy.
    """


def _host_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        key_option,
        click.option(
            "--name",
            default=platform.node,
            show_default="the computer's own",
            help="What this host is called in the farm.",
        ),
        adb_option,
        click.option(
            "--device",
            "serials",
            metavar="SERIAL",
            multiple=True,
            shell_complete=complete_serial,
            help="Offer this phone only, or tcp:HOST:PORT, or host; may be repeated. Default: all phones.",
        ),
    ):
        command = option(command)
    return command


def _listening_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option(
            "--dashboard",
            "has_dashboard",
            is_flag=True,
            help="Serve Dask's page, too. All users of this computer can read it.",
        ),
        click.option(
            "--port",
            type=click.IntRange(1, 65535),
            default=8786,
            show_default=True,
            help="Where to listen there.",
        ),
        click.option(
            "--host",
            default=_HERE_ALONE,
            show_default=True,
            help="Which of this computer's addresses to listen at; 0.0.0.0 for all.",
        ),
    ):
        command = option(command)
    return command


@farm.command(cls=GroupedCommand)
@click.argument("scheduler")
@_host_options
def worker(scheduler: str, key: Path | None, name: str, route: AdbRoute, serials: tuple[str, ...]) -> None:
    """Offer this computer's phones at a scheduler, HOST:PORT, until interrupted.

    Phones may come and go. Where the scheduler goes, it is waited for.

    \b
    Example:
      bench farm worker 127.0.0.1:8786
      bench farm worker lab.example:8786 --tls farm.pem --name rack2
    """
    address = read_address(scheduler, key)
    _go_on(_serve(address, _phones(name, route, serials)))


@farm.command(cls=GroupedCommand)
@_listening_options
@key_option
def scheduler(host: str, port: int, has_dashboard: bool, key: Path | None) -> None:
    """Start a scheduler, where hosts offer their phones, until interrupted.

    \b
    Example:
      bench farm scheduler --host 0.0.0.0
    """
    _go_on(_listen(_choose_address(host, port, key), None, has_dashboard))


@farm.command(cls=GroupedCommand)
@_listening_options
@_host_options
def up(
    host: str,
    port: int,
    has_dashboard: bool,
    key: Path | None,
    name: str,
    route: AdbRoute,
    serials: tuple[str, ...],
) -> None:
    """Start a scheduler and offer this computer's phones there, until interrupted.

    \b
    Example:
      bench farm up
      bench farm up --host 192.168.1.10
    """
    address = _choose_address(host, port, key)
    _go_on(_listen(address, _phones(name, route, serials), has_dashboard))


def _choose_address(host: str, port: int, key: Path | None) -> SchedulerAddress:
    """Give where a scheduler listens; without a key of somebody's choosing the user's own is made."""
    address = read_address(join_address(host.strip("[]"), port), key)
    if key is None:
        from bench.farm import provide_key

        file, is_new = provide_key()
        if is_new:
            say(quiet=False)(f"Made the farm's key {file}. Whoever has it can run code on all hosts.")
    return address


def _phones(name: str, route: AdbRoute, serials: tuple[str, ...]) -> ServedPhones:
    from bench.farm import AttachedPhones, ServedPhones

    return ServedPhones(name, AttachedPhones(route, serials))


def _go_on(service: Coroutine[None, None, None]) -> None:
    """Run a service until it is interrupted; nothing of it is to be gone on with."""
    try:
        asyncio.run(service)
    except KeyboardInterrupt as end:
        echo("Interrupted.", err=True)
        raise click.exceptions.Exit(130) from end


async def _listen(address: SchedulerAddress, phones: ServedPhones | None, has_dashboard: bool) -> None:
    from bench.farm import open_scheduler

    tell = say(quiet=False)
    async with open_scheduler(address, tell, has_dashboard=has_dashboard) as listening:
        page = f"; its page is {listening.dashboard}" if listening.dashboard else ""
        tell(f"The scheduler listens at {listening.url}{page}.")
        if phones is None:
            await asyncio.Event().wait()
        else:
            await _serve(address, phones)


async def _serve(address: SchedulerAddress, phones: ServedPhones) -> None:
    from bench.farm import serve

    await serve(address, phones, say(quiet=False))
