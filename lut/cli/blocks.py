"""The command `lut blocks`."""

from __future__ import annotations

from pathlib import Path

import click

from lut.cli.console import GroupedCommand, quiet_option, say
from lut.cli.space_choice import ChosenSpace, space_options
from lut.cli.table_choice import MissingChoice, TableChoice, missing_options, table_options
from lut.plan import write_plan
from lut.spaces import (
    BLOCK_FORMATS,
    BLOCK_SPACES,
    MissingOpsError,
    find_block_space,
    make_blocks,
    write_blocks,
)

__all__ = ["blocks"]

PATH = click.Path(path_type=Path)


@click.command(cls=GroupedCommand)
@space_options(BLOCK_SPACES)
@table_options
@click.option("-o", "--output", type=PATH, required=True, help=f"A file: {', '.join(BLOCK_FORMATS)}.")
@missing_options
@quiet_option
def blocks(
    space: ChosenSpace, chosen: TableChoice, output: Path, missing: MissingChoice, quiet: bool
) -> None:
    """Write the latency of every block of a search space in every layer, and of what is around them.

    Each is the sum of its operators' medians, in microseconds. Ends with exit code 5, and writes nothing,
    if the table lacks an operator.

    \b
    Example:
      lut blocks --space fbnet --lut TABLE -o blocks.npz
    """
    try:
        table = make_blocks(
            find_block_space(space.name, **space.options), chosen.open(quiet), interpolate=missing.interpolate
        )
    except MissingOpsError as error:
        if missing.out is not None:
            write_plan(error.ops, missing.out)
            say(quiet)(f"{missing.out}: {len(error.ops)} operators to measure")
        raise
    write_blocks(table, output)
    estimated = int((table.estimated_us > 0).sum())
    say(quiet)(
        f"{output}: {len(table.layers)} layers of {len(table.blocks)} blocks"
        + (f"; {estimated} blocks are estimated in part" if estimated else "")
    )
    for doubt in table.doubts:
        say(quiet)(f"{doubt}.")
