"""The command `bench curve`: what estimates are worth after how much of a device's time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.goal import parse_seconds
from bench.op_generators import SPACES
from lut.cli import (
    ChosenSpace,
    GroupedCommand,
    TableChoice,
    echo,
    quiet_option,
    say,
    space_options,
    table_options,
)

if TYPE_CHECKING:
    from bench.sampling import Accuracy
    from lut.ops import OpSpec

__all__ = ["curve"]

PATH = click.Path(path_type=Path)

_NETS = 100
_HEADS = ("BUDGET S", "MEASURED", "REFUSED", "FACTOR", "MEDIAN", "P90", "INSIDE", "NETS")
_BUDGETS = ("5s", "15s", "60s", "240s")


def _read_budgets(
    _context: click.Context, _parameter: click.Parameter, texts: Sequence[str]
) -> tuple[float, ...]:
    try:
        return tuple(sorted(parse_seconds(text) for text in texts))
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command(cls=GroupedCommand)
@click.argument("run_file", metavar="RUN", type=PATH)
@click.option(
    "--budget",
    "budgets_s",
    multiple=True,
    default=_BUDGETS,
    metavar="TIME",
    callback=_read_budgets,
    help="After so much of the device's time; may be repeated. Default: 5s, 15s, 60s, 240s.",
)
@table_options
@space_options({name: space.walk for name, space in SPACES.items()}, optional=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@quiet_option
def curve(
    run_file: Path,
    budgets_s: tuple[float, ...],
    chosen: TableChoice,
    space: ChosenSpace | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Hold a run with --budget against a table in which the whole space was measured.

    For each budget it fits what the run had measured by then, and compares the estimates of everything else
    with the table: the median and the 90th percentile of errors, the share within the stated 90% interval,
    and, with --space, of how many of 100 random nets the sum is within 1% of the table's. The one factor by
    which the device was slower or faster when the table was made is printed, and taken out.

    \b
    Example:
      bench curve chamnet.run.jsonl --lut FULL_TABLE --space chamnet
    """
    from bench.sampling import judge_run, read_chosen_run  # numpy

    run = read_chosen_run(run_file, say(quiet))
    full = chosen.open(quiet)
    nets: list[list[OpSpec]] = []
    if space is not None:
        nets = SPACES[space.name].draw_nets(_NETS, **space.options, fused=full.fuses_activations)
    points = list(judge_run(run, full, nets, budgets_s))
    if as_json:
        echo(json.dumps([asdict(point) for point in points], indent=1))
        return
    echo(" ".join(f"{head:>8}" for head in _HEADS))
    for point in points:
        echo(_describe(point))
    if nets and not any(point.nets for point in points):
        say(quiet)(
            f"No net of {_NETS} has all its operators in the table and among the estimates, so there is no "
            "share of nets. Please check that the space's options, such as --precision, are those of the run."
        )
    short = [point.budget_s for point in points if not run.cut(point.budget_s)[1]]
    if short:
        say(quiet)(f"The run ended before {short[0]:g} s: from there on, lines are of all that it measured.")


def _describe(point: Accuracy) -> str:
    shares = (point.median_error, point.p90_error, point.covered)
    nets = "" if point.nets_within is None else f"{point.nets_within:.0%}"
    cells = (
        f"{point.budget_s:g}",
        f"{point.measured:,}",
        f"{point.refused:,}",
        f"{point.factor:.3f}",
        *("" if share is None else f"{share:.1%}" for share in shares),
        nets,
    )
    return " ".join(f"{cell:>8}" for cell in cells).rstrip()
