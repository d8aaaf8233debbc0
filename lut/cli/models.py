"""The commands `lut models list` and `lut models build`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from lut.cli.console import LazyGroup, echo, quiet_option, say
from lut.errors import ModelError
from lut.zoo import COMMON_NETS, NETS, PRECISIONS, match_net, write_common_net, write_net

__all__ = ["models"]

PATH = click.Path(path_type=Path)

_SEVERAL = ("all", "common")


@click.group(cls=LazyGroup)
def models() -> None:
    """The released ChamNet and FBNet nets, and nets in common use as ONNX."""


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one array of nets.")
def list_models(as_json: bool) -> None:
    """List the nets, with their published figures; milliseconds are on a Samsung Galaxy S8.

    \b
    Example:
      lut models list
    """
    if as_json:
        rows = [
            {"name": net.name, "resolution": net.resolution, "published": asdict(net.published)}
            for net in NETS.values()
        ]
        rows += [
            {
                "name": name,
                "resolution": net.resolution,
                "published": {"mega_macs": net.mega_macs, "source": net.source},
            }
            for name, net in COMMON_NETS.items()
        ]
        echo(json.dumps(rows, indent=1))
        return
    echo(f"{'NET':<10} {'INPUT':>5} {'M MULTIPLY-ADDS':>15} {'S8 INT8 MS':>10} {'S8 FP32 MS':>10}")
    for net in NETS.values():
        figures = net.published
        echo(
            f"{net.name:<10} {net.resolution:>5} {figures.mega_macs:>15} "
            f"{figures.int8_ms:>10} {figures.fp32_ms:>10}"
        )
    echo(f"\n{'NET (ONNX)':<18} {'INPUT':>5} {'M MULTIPLY-ADDS':>15}  SOURCE")
    for name, common in COMMON_NETS.items():
        echo(f"{name:<18} {common.resolution:>5} {common.mega_macs:>15}  {common.source}")


def _match(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
    if text in _SEVERAL:
        return text
    try:
        return match_net(text)
    except ModelError as error:
        raise click.BadParameter(str(error)) from error


def _complete(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    names = (*NETS, *COMMON_NETS, *_SEVERAL)
    return [name for name in names if name.casefold().startswith(begun.casefold())]


@models.command("build")
@click.argument("name", metavar="NAME|all|common", callback=_match, shell_complete=_complete)
@click.option(
    "--precision",
    type=click.Choice([*PRECISIONS, "both"]),
    help="Of released nets: quantized to 8 bits, or 32-bit floats. Default: both.",
)
@click.option("-o", "--output", type=PATH, required=True, help="The folder to write into.")
@quiet_option
def build_models(name: str, precision: str | None, output: Path, quiet: bool) -> None:
    """Write nets: `all` released ones, all in `common` use, or one.

    A released net is model.pb, model_init.pb and input_dims.json in DIR/<net>/<precision>/. The graphs are
    byte for byte the released ones; the parameters are fill operators, since no latency depends on the
    values of weights. A net in common use is DIR/<net>.onnx, of floats; commands that read it take
    --precision.

    \b
    Example:
      lut models build all --precision int8 -o models
      lut models build common -o nets
    """
    if name == "common" or name in COMMON_NETS:
        if precision is not None:
            raise click.UsageError(
                "--precision is for released nets: ONNX leaves it open until a net is read."
            )
        for common in COMMON_NETS if name == "common" else (name,):
            say(quiet)(str(write_common_net(common, output)))
        return
    for net in NETS if name == "all" else (name,):
        for each in PRECISIONS if precision in (None, "both") else (precision,):
            say(quiet)(str(write_net(net, each, output)))
