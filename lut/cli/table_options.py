"""The options by which commands are told a table, and how they open it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn

import click

from lut.cli.console import Bar, say
from lut.errors import MissingError
from lut.ops import MATCHES, OpSpec
from lut.plan import write_plan
from lut.table import LutTable, load_table

__all__ = ["TableChoice", "missing_option", "missing_out_option", "refuse_missing", "table_options"]


@dataclass(frozen=True)
class TableChoice:
    """Which table, and how to read it."""

    path: Path
    device: str | None = None
    match: str = "exact"
    index: bool = True

    def open(self, quiet: bool) -> LutTable:
        """Open it, with a progress bar while its index is built."""
        with Bar(None, "line", quiet) as bar:
            return load_table(
                self.path,
                self.device,
                index=self.index,
                match=self.match,
                warn=say(quiet),
                progress=bar.set,
            )


_match_option = click.option(
    "--match",
    type=click.Choice(list(MATCHES)),
    default="exact",
    show_default=True,
    help="canonical: other spellings of the same arguments are the same operator.",
)

_index_option = click.option(
    "--no-index", is_flag=True, help="Read the table anew; neither use nor keep an index of it."
)

missing_option = click.option(
    "--missing",
    type=click.Choice(["fail", "interpolate"]),
    default="fail",
    show_default=True,
    help="interpolate: estimate operators that the table lacks from those it holds.",
)

missing_out_option = click.option(
    "--missing-out",
    type=click.Path(path_type=Path),
    help="Write what the table lacks as a plan for `bench run`.",
)


def refuse_missing(
    table: Path,
    models: Sequence[str],
    missing: Sequence[OpSpec],
    reasons: Mapping[OpSpec, str],
    missing_out: Path | None,
) -> NoReturn:
    """Write what a table lacks as a plan, if somebody wants it, and end with the names of it all.

    `reasons` say, where estimates were asked for, why they were refused.

    Raises:
        MissingError: always.
    """
    if missing_out is not None:
        write_plan(missing, missing_out)
    names = "\n".join(
        f"  {op.describe()}" + (f" (not estimated: {reasons[op]})" if op in reasons else "") for op in missing
    )
    raise MissingError(
        f"{table} does not hold {len(missing)} operators of {', '.join(models)}:\n{names}\n"
        f"Measure them by `bench run {missing_out or 'PLAN'}`"
        + ("." if missing_out else "; --missing-out PLAN writes the plan.")
    )


def table_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of a table; it gets them as one `chosen: TableChoice`."""

    @click.option("--lut", "table_file", type=click.Path(path_type=Path), required=True, help="The table.")
    @click.option("--device", help="Whose records to use, where the table holds several devices'.")
    @_match_option
    @_index_option
    @wraps(command)
    def with_choice(
        *args: Any, table_file: Path, device: str | None, match: str, no_index: bool, **options: Any
    ) -> Any:
        return command(*args, chosen=TableChoice(table_file, device, match, not no_index), **options)

    return with_choice
