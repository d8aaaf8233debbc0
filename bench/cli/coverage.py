"""The command `lut coverage`: how much of a search space a table holds.

It lives here, and `lut` names it only when it is called: spaces are generators of operators, which belong to
`bench`, and `lut` never imports `bench`.
"""

from __future__ import annotations

import json
from collections import deque
from itertools import chain, islice
from pathlib import Path
from typing import Any

import click

from bench.op_generators import SPACES
from lut.cli import (
    Bar,
    ChosenSpace,
    GroupedCommand,
    TableChoice,
    echo,
    missing_out_option,
    quiet_option,
    say,
    space_options,
    table_options,
)
from lut.errors import MissingError
from lut.plan import write_plan
from lut.table import Coverage
from lut.wording import list_first

__all__ = ["coverage"]

PATH = click.Path(path_type=Path)

_SHOWN = 10
"""This many missing operators are named; the rest are in the plan that --missing-out writes."""


@click.command(cls=GroupedCommand)
@space_options({name: space.walk for name, space in SPACES.items()}, otherwise="models")
@table_options
@missing_out_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@quiet_option
def coverage(
    space: ChosenSpace, chosen: TableChoice, missing_out: Path | None, as_json: bool, quiet: bool
) -> None:
    """Tell how much of a search space, or of nets, a table holds.

    Ends with exit code 5 where something is missing. Measuring just that, and merging it into the
    table, is the usual way to extend one.

    \b
    Example:
      lut coverage --space fbnet --lut TABLE --missing-out missing.plan.jsonl
      bench run missing.plan.jsonl -o missing.run.jsonl
      lut merge missing.run.jsonl --into TABLE
    """
    table = chosen.open(quiet)
    remarks: list[str] = []
    ops = SPACES[space.name].generate(**space.options, fused=table.fuses_activations, announce=remarks.append)
    result = Coverage()
    with Bar(None, "op", quiet) as bar:
        missing = result.sift(bar.follow(ops), table)
        first = list(islice(missing, _SHOWN))
        if first and missing_out is not None:
            write_plan(chain(first, missing), missing_out)
        else:
            deque(missing, maxlen=0)  # runs the stream to its end
    echo(json.dumps(_to_json(result), indent=1) if as_json else _to_table(result))
    for remark in remarks:
        say(quiet)(remark)
    if first:
        count = result.missing.total()
        names = list_first((op.describe() for op in first), count, _SHOWN)
        raise MissingError(
            f"{chosen.path} lacks {count:,} operators:\n{names}\n"
            f"Measure them by `bench run {missing_out or 'PLAN'}`"
            + ("." if missing_out else "; --missing-out PLAN writes the plan.")
        )
    if remarks:
        raise MissingError("The nets are not covered whole: some of their nodes have no operator.")


def _to_json(result: Coverage) -> dict[str, Any]:
    return {
        "operators": result.found.total() + result.missing.total(),
        "found": result.found.total(),
        "predicted": result.predicted.total(),
        "missing": result.missing.total(),
        "share": result.share,
        "by_type": {
            op_type: {
                "found": result.found[op_type],
                "found_as_relu": result.replaced[op_type],
                "predicted": result.predicted[op_type],
                "missing": result.missing[op_type],
            }
            for op_type in result.op_types
        },
    }


def _to_table(result: Coverage) -> str:
    lines = [f"{'OP TYPE':<20} {'FOUND':>10} {'MISSING':>10}"]
    lines += [
        f"{op_type:<20} {result.found[op_type]:>10,} {result.missing[op_type]:>10,}"
        for op_type in result.op_types
    ]
    lines.append(f"{'in all':<20} {result.found.total():>10,} {result.missing.total():>10,}")
    # Cut off, not rounded: 100.00 % is said of whole coverage only.
    lines.append(f"The table holds {int(result.share * 10_000) / 100:.2f} % of them.")
    if predicted := result.predicted.total():
        lines.append(f"{predicted:,} of the found are predictions of `lut fill`, not measured.")
    if result.replaced:
        count = result.replaced.total()
        lines.append(f"{count:,} of the found Int8Conv are there as Int8ConvRelu, which takes the same time.")
    return "\n".join(lines)
