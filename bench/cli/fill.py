"""The command `lut fill`: a table completed by predictions for a whole space.

It lives here, as `lut coverage` does: spaces are generators of operators, which belong to `bench`.
"""

from __future__ import annotations

import random
from pathlib import Path

import click

from bench.op_generators import SPACES
from lut.cli import (
    Bar,
    ChosenSpace,
    GroupedCommand,
    TableChoice,
    grouped,
    quiet_option,
    say,
    space_options,
)
from lut.engines import name_measured
from lut.estimation import LEAST_JUDGED
from lut.fill import Filling, fill_table, write_filling
from lut.ops import OpSpec

__all__ = ["describe_filling", "fill"]

_NET_OPERATORS = 60

PATH = click.Path(path_type=Path)

_NETS = 400
"""Nets of the space that tell how errors of predictions add up; half of them are kept to test it."""

_table = grouped("Table")


@click.command(cls=GroupedCommand)
@click.argument("table_file", metavar="TABLE", type=PATH)
@_table("-o", "--output", type=PATH, required=True, help="The folder to write the complete table into.")
@_table("--device", help="Whose records to use, where the table holds several devices'.")
@_table("--replace", is_flag=True, help="Replace a table there that holds measured operators this one lacks.")
@space_options({name: space.walk for name, space in SPACES.items()}, otherwise="models")
@quiet_option
def fill(
    table_file: Path,
    output: Path,
    device: str | None,
    replace: bool,
    space: ChosenSpace,
    quiet: bool,
) -> None:
    """Complete a table: predict what it lacks of a space from what was measured.

    The table is in the published format, so whatever reads the one reads the other. Its .meta.json says
    which records are predictions, with the interval of each, and our own commands say it too. What is
    measured later and merged into the table replaces predictions, never the other way round.

    The table may be of any run; `bench run --space SPACE --budget TIME` makes one that lacks nothing of what
    it takes. Ends with exit code 5, and writes nothing, where some operator can't be predicted.

    \b
    Example:
      lut fill tables/<device>-op_lut_database.json --space chamnet -o complete
    """
    table = TableChoice(table_file, device).open(quiet)
    chosen = SPACES[space.name]
    fused = table.fuses_activations
    remarks: list[str] = []
    with Bar(None, "op", quiet) as bar:
        ops = list(bar.follow(chosen.generate(**space.options, fused=fused, announce=remarks.append)))
    nets = chosen.draw_nets(_NETS, **space.options, fused=fused) or _draw_sets(ops)
    filling = fill_table(table, space.name, ops, nets)
    path = write_filling(filling, table_file, output, replace_table=replace, announce=say(quiet))
    for line in (*remarks, *describe_filling(filling, path)):
        say(quiet)(line)


def _draw_sets(ops: list[OpSpec]) -> list[list[OpSpec]]:
    """Draw operators at random, about as many as a net has, where a space does not say what its nets are."""
    chance = random.Random(0)
    return [chance.choices(ops, k=_NET_OPERATORS) for _ in range(_NETS)] if ops else []


def describe_filling(filling: Filling, path: Path) -> list[str]:
    """Give the lines that tell what was predicted, and how far off that may be."""
    predicted = filling.predicted
    lines = [
        f"{path}: {filling.measured:,} operators of {name_measured(filling.device)} as measured, "
        f"{len(predicted.intervals):,} predicted."
    ]
    judged = [each for each in predicted.families if each.median_error is not None]
    if judged:
        heads = f"{'MEDIAN':>7} {'P90':>7} {'P90 US':>8}  FAMILY (error)"
        lines.append(f"{'PREDICTED':>9} {'FITTED':>7} {'HELD OUT':>8} {heads}")
    for each in judged:
        errors = f"{each.median_error:>7.1%} {each.p90_error:>7.1%} {each.p90_error_us:>8.2f}"
        counts = f"{each.predicted:>9,} {each.fitted:>7,} {each.held_out:>8,}"
        lines.append(f"{counts} {errors}  {each.family}")
    unjudged = [each.family for each in predicted.families if each.median_error is None]
    if unjudged:
        lines.append(
            f"Fewer than {LEAST_JUDGED} operators were held out of {', '.join(unjudged)}: intervals rest "
            f"on the fit itself. `bench run` with a larger --budget measures more to judge by."
        )
    if predicted.net is not None:
        lines.append(
            f"Sums of nets: errors add up with a correlation of {predicted.net.correlation:.3f}, by which "
            f"{predicted.net.covered:.0%} of {predicted.net.tested_on} other nets are within their 90% "
            f"interval."
        )
    elif predicted.intervals:
        lines.append(
            "Sums of nets: too little was held out to tell how errors add up, so their intervals are those "
            "of errors that are all alike, the widest."
        )
    return lines
