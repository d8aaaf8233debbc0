"""The commands `lut models list` and `lut models build`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from lut.cli.console import quiet_option, say
from lut.zoo import NETS, PRECISIONS, write_net

__all__ = ["models"]

PATH = click.Path(path_type=Path)


@click.group()
def models() -> None:
    """The released ChamNet and FBNet nets."""


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one array of nets.")
def list_models(as_json: bool) -> None:
    """List the nets, with their published figures on a Samsung Galaxy S8.

    \b
    Example:
      lut models list
    """
    if as_json:
        rows = [
            {"name": net.name, "resolution": net.resolution, "published": asdict(net.published)}
            for net in NETS.values()
        ]
        click.echo(json.dumps(rows, indent=1))
        return
    click.echo(f"{'NET':<10} {'INPUT':>5} {'M MULTIPLY-ADDS':>15} {'S8 INT8 MS':>10} {'S8 FP32 MS':>10}")
    for net in NETS.values():
        figures = net.published
        click.echo(
            f"{net.name:<10} {net.resolution:>5} {figures.mega_macs:>15} "
            f"{figures.int8_ms:>10} {figures.fp32_ms:>10}"
        )


@models.command("build")
@click.argument("name", metavar="NAME|all", type=click.Choice([*NETS, "all"]))
@click.option(
    "--precision",
    type=click.Choice([*PRECISIONS, "both"]),
    default="both",
    show_default=True,
    help="Quantized to 8 bits, or 32-bit floats.",
)
@click.option("-o", "--output", type=PATH, required=True, help="The folder to write into.")
@quiet_option
def build_models(name: str, precision: str, output: Path, quiet: bool) -> None:
    """Write a net's model.pb, model_init.pb and input_dims.json to DIR/<net>/<precision>/.

    The graphs are byte for byte the released ones; the parameters are fill operators, since no latency
    depends on the values of weights.

    \b
    Example:
      lut models build all --precision int8 -o models
    """
    for net in NETS if name == "all" else (name,):
        for each in PRECISIONS if precision == "both" else (precision,):
            say(quiet)(str(write_net(net, each, output)))
