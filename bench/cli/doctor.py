"""The command `bench doctor`."""

from __future__ import annotations

import json

import click

from bench.cli.device_options import engine_option, server_option
from bench.device_runner import ServerAddress
from bench.doctor import CHECKS, run_checks
from bench.engines import Engine
from lut.cli import GroupedCommand, echo
from lut.errors import DeviceError

__all__ = ["doctor"]


@click.command(cls=GroupedCommand)
@engine_option
@server_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one array of checks.")
def doctor(engine: Engine, servers: tuple[ServerAddress, ...], as_json: bool) -> None:
    """Look whether this machine has what it needs, and name the command that mends what is amiss.

    Ends with exit code 3 if something is broken that measuring on this machine needs; what only phones need
    is a note. Nothing is changed, downloaded or waited for.

    \b
    Example:
      bench doctor
      bench doctor --json
    """
    width = max(map(len, CHECKS))
    rows, broken = [], []
    for name, finding in run_checks(engine, servers):
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
