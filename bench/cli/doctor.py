"""The command `bench doctor`."""

from __future__ import annotations

import json

import click

from bench.cli.device_options import complete_serial, engine_option, server_option
from bench.device_runner import AdbRoute, ServerAddress
from bench.doctor import CHECKS, explain_device, run_checks
from bench.engines import Engine
from lut.cli import GroupedCommand, echo
from lut.errors import DeviceError

__all__ = ["doctor"]

_WIDTH = len("gate battery-level")


@click.command(cls=GroupedCommand)
@engine_option
@server_option
@click.option(
    "--device",
    "serial",
    metavar="SERIAL",
    shell_complete=complete_serial,
    help="Say what is understood of this phone instead: cores, heat, battery, gates, and what is unknown.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one array of checks.")
def doctor(engine: Engine, servers: tuple[ServerAddress, ...], serial: str | None, as_json: bool) -> None:
    """Look whether this machine has what it needs, and name the command that mends what is amiss.

    Ends with exit code 3 if something is broken that measuring on this machine needs; what only phones need
    is a note. Nothing is changed, downloaded or waited for.

    \b
    Example:
      bench doctor
      bench doctor --json
      bench doctor --device tcp:192.168.1.20:5555
    """
    checks = run_checks(engine, servers)
    width = max(map(len, CHECKS))
    if serial is not None:
        checks, width = explain_device(serial, AdbRoute(servers=servers), engine), _WIDTH
    rows, broken = [], []
    for name, finding in checks:
        if finding.state == "broken":
            broken.append(name)
        if as_json:
            rows.append({"check": name, "state": finding.state, "says": finding.says, "fix": finding.fix})
            continue
        echo(f"{finding.state:<7} {name:<{width}} {finding.says}")
        if finding.fix:
            echo(f"{'':<7} {'':<{width}} fix: {finding.fix}")
    if as_json:
        echo(json.dumps(rows, indent=1))
    if broken:
        raise DeviceError(f"This machine can't measure yet: see {', '.join(broken)}.")
