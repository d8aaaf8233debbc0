"""The command line `bench`: devices, the benchmark program, plans, runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli.device_options import adb_option, complete_serial, engine_option
from bench.cli.farm_options import farm_options
from bench.cli.transfer_bar import TransferBar
from bench.device_runner import AdbRoute, Device, PhoneOptions, list_devices, open_device
from bench.engines import Engine
from bench.speed_benchmark import TARGET_NAMES
from lut.cli import GroupedCommand, LazyGroup, echo, end_program, quiet_option, say

if TYPE_CHECKING:
    from bench.farm import SchedulerAddress

__all__ = ["main"]

PATH = click.Path(path_type=Path)


def main() -> None:
    """Enter here from the shell."""
    end_program(cli, "Interrupted. What a run measured is kept; the same command goes on from there.")


_LAZY = {
    "completion": "lut.cli.completion:completion",
    "curve": "bench.cli.curve:curve",
    "farm": "bench.cli.farm:farm",
    "doctor": "bench.cli.doctor:doctor",
    "generate": "bench.cli.generate:generate",
    "run": "bench.cli.run:run",
    "table": "bench.cli.table:table",
    "validate": "bench.cli.validate:validate",
}
"""Commands in modules of their own: none should wait for what only the other needs."""


@click.group(
    cls=LazyGroup,
    lazy=_LAZY,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="cnn-latency-lut", prog_name="bench")
def cli() -> None:
    """Measure the latency of single operators on this machine or on phones.

    \b
    The usual way, in one step, and in several:
      bench table net.onnx -o tables
      bench generate --space models --model models/ChamNet-A/int8 -o zoo.plan.jsonl
      bench run zoo.plan.jsonl --device host -o zoo.run.jsonl
      lut merge zoo.run.jsonl -o lut/data
      bench validate models/ChamNet-A/int8 --lut lut/data/<device>-op_lut_database.json
    """


@cli.command(cls=GroupedCommand)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one array of devices.")
@click.option(
    "--name",
    "serial",
    metavar="SERIAL",
    shell_complete=complete_serial,
    help="Print one device's name and nothing else.",
)
@click.option(
    "--device",
    "serials",
    metavar="SERIAL",
    multiple=True,
    shell_complete=complete_serial,
    help="Only this one; tcp:HOST:PORT for a phone on the network.",
)
@adb_option
@engine_option
@farm_options
def devices(
    as_json: bool,
    serial: str | None,
    serials: tuple[str, ...],
    route: AdbRoute,
    engine: Engine,
    farm: SchedulerAddress | None,
) -> None:
    """List the devices that can be measured on.

    A serial that several adb servers list is shown, and named, as SERIAL@HOST:PORT.

    \b
    Example:
      bench devices --json
      bench devices --adb-server localhost:5038 --adb-server localhost:5039
      bench devices --device tcp:192.168.1.20:5555
      bench devices --farm 127.0.0.1:8786
    """
    if farm is not None:
        if serial is not None or serials:
            raise click.UsageError("--farm lists all phones: leave out --name and --device.")
        from bench.cli.farm_devices import show_farm  # Dask, which no other list should wait for

        show_farm(farm, engine, as_json)
        return
    options = PhoneOptions(engine=engine)
    if serial is not None:
        echo(open_device(serial, route, options).info.name)
        return
    if serials:
        opened = [open_device(each, route, options) for each in serials]
    else:
        opened = list_devices(route, options, warn=say(quiet=False))
    with ExitStack() as stack:
        for device in opened:
            stack.callback(device.close)
        show_devices(opened, as_json)


def show_devices(opened: Sequence[Device], as_json: bool) -> None:
    """Print devices with their facts and their state at this moment."""
    if as_json:
        rows: list[dict[str, Any]] = [
            {
                "serial": device.info.serial,
                "kind": device.info.kind,
                "name": device.info.name,
                "facts": dict(device.info.facts),
                "state": dict(device.probe()),
            }
            for device in opened
        ]
        echo(json.dumps(rows, indent=1))
        return
    infos = [device.info for device in opened]
    serials = max([16, *(len(info.serial) for info in infos)])
    kinds = max([6, *(len(info.kind) for info in infos)])
    echo(f"{'SERIAL':<{serials}} {'KIND':<{kinds}} NAME")
    for device, info in zip(opened, infos, strict=True):
        echo(f"{info.serial:<{serials}} {info.kind:<{kinds}} {info.name}")
        for name, value in {**info.facts, **device.probe()}.items():
            echo(f"{'':<{serials}} {'':<{kinds}} {name}: {value}")


@cli.command()
@click.option(
    "--device",
    "serial",
    metavar="SERIAL",
    required=True,
    shell_complete=complete_serial,
    help="A phone's serial.",
)
@adb_option
def clean(serial: str, route: AdbRoute) -> None:
    """Remove what this program keeps on a phone: its folder in /data/local/tmp, and nothing else.

    \b
    Example:
      bench clean --device R58M1234ABC
    """
    device = open_device(serial, route)
    device.clean()
    device.close()


@cli.command(cls=GroupedCommand)
@click.option(
    "--target",
    type=click.Choice(TARGET_NAMES),
    default="host",
    show_default=True,
    help="The machine to build for.",
)
@engine_option
@quiet_option
def build(target: str, engine: Engine, quiet: bool) -> None:
    """Build the benchmark program with its pinned runtime; does nothing when it is there.

    The engine's runtime is downloaded from pip's index and checked against its SHA-256: 105 MB of Caffe2
    for an x86-64 host and 33 MB for Android, 1 MB of XNNPACK. An index that serves no parts of files has
    the whole wheels downloaded. Everything is kept in the user's cache folder.

    \b
    Example:
      bench build --target android-arm64
      bench build --engine xnnpack
    """
    try:
        with TransferBar(quiet) as bar:
            program = engine.build(target, progress=bar.say, transfer=bar.show)
    except KeyboardInterrupt as end:
        echo("Interrupted. What was downloaded is kept: the same command goes on from there.", err=True)
        raise click.exceptions.Exit(130) from end
    echo(program.executable)
