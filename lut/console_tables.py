"""The options by which commands are told a table, and how they open it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click

from lut.canonical import MATCHES
from lut.console import Bar, say
from lut.table import LutTable, load_table

__all__ = ["TableChoice", "missing_option", "table_options"]


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
