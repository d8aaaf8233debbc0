"""The command `lut blocks`."""

from __future__ import annotations

from pathlib import Path

import click

from lut.cli.console import quiet_option, say
from lut.cli.table_options import TableChoice, missing_option, table_options
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


@click.command()
@click.option(
    "--space", type=click.Choice(list(BLOCK_SPACES)), required=True, help="Which layers and blocks."
)
@table_options
@click.option("-o", "--output", type=PATH, required=True, help=f"A file: {', '.join(BLOCK_FORMATS)}.")
@click.option(
    "--last", type=click.IntRange(1), help="Channels of the last convolution. Default: the space's."
)
@click.option("--depthwise-relu", is_flag=True, help="Depthwise convolutions with a ReLU, as in FBNet-A.")
@missing_option
@click.option("--missing-out", type=PATH, help="Write what the table lacks as a plan for `bench run`.")
@quiet_option
def blocks(
    space: str,
    chosen: TableChoice,
    output: Path,
    last: int | None,
    depthwise_relu: bool,
    missing: str,
    missing_out: Path | None,
    quiet: bool,
) -> None:
    """Write the latency of every block of a search space in every layer, and of what is around them.

    Each is the sum of its operators' medians, in microseconds. Ends with exit code 5, and writes nothing,
    if the table lacks an operator.

    \b
    Example:
      lut blocks --space fbnet --lut TABLE -o blocks.npz
    """
    # Only what was given: not every space has these options.
    options = ({"depthwise_relu": True} if depthwise_relu else {}) | ({} if last is None else {"last": last})
    try:
        table = make_blocks(
            find_block_space(space, **options), chosen.open(quiet), interpolate=missing == "interpolate"
        )
    except MissingOpsError as error:
        if missing_out is not None:
            write_plan(error.ops, missing_out)
            say(quiet)(f"{missing_out}: {len(error.ops)} operators to measure")
        raise
    write_blocks(table, output)
    estimated = int((table.estimated_us > 0).sum())
    say(quiet)(
        f"{output}: {len(table.layers)} layers of {len(table.blocks)} blocks"
        + (f"; {estimated} blocks are estimated in part" if estimated else "")
    )
