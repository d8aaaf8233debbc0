"""Options that name a table, and that say what to do about operators it lacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

import click

from lut.cli.console import Bar, grouped, say
from lut.errors import MissingError
from lut.ops import MATCHES, OpSpec
from lut.plan import write_plan
from lut.table import LutTable, choose_table_file, load_table

__all__ = ["MissingChoice", "TableChoice", "missing_options", "missing_out_option", "table_options"]

Decorator: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]

_table = grouped("Table")


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
                choose_table_file(self.path, self.device),
                self.device,
                index=self.index,
                match=self.match,
                warn=say(quiet),
                progress=bar.set,
            )


def table_options(command: Callable[..., Any] | None = None, *, of_device: bool = True) -> Callable[..., Any]:
    """Give a command the options of a table; it gets them as one `chosen: TableChoice`.

    Without `of_device` there is no `--device`: the command knows by other means whose records it wants.
    """

    device_option: Decorator = lambda command: command  # noqa: E731 - one of two decorators
    if of_device:
        words = "Whose records to use, where the table holds several devices'."
        device_option = _table("--device", help=words)

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @_table("--lut", "table_file", type=click.Path(path_type=Path), required=True, help="The table.")
        @device_option
        @_table(
            "--match",
            type=click.Choice(list(MATCHES)),
            default="exact",
            show_default=True,
            help="canonical: other spellings of the same arguments are the same operator.",
        )
        @_table("--no-index", is_flag=True, help="Read the whole table; neither use nor keep an index of it.")
        @wraps(command)
        def with_choice(
            *args: Any,
            table_file: Path,
            match: str,
            no_index: bool,
            device: str | None = None,
            **options: Any,
        ) -> Any:
            return command(*args, chosen=TableChoice(table_file, device, match, not no_index), **options)

        return with_choice

    return decorate if command is None else decorate(command)


@dataclass(frozen=True)
class MissingChoice:
    """What to do about operators that a table lacks: estimate them or not, and where to write them."""

    interpolate: bool
    out: Path | None

    def refuse(
        self, table: LutTable, path: Path, models: Sequence[str], missing: Sequence[OpSpec]
    ) -> NoReturn:
        """Write what a table lacks as a plan, if somebody wants it, and end with the names of it all.

        Where estimates were asked for, each name comes with the reason why there is none.

        Raises:
            MissingError: always.
        """
        if self.out is not None:
            write_plan(missing, self.out)
        reasons: Mapping[OpSpec, str] = table.refusals(missing) if self.interpolate else {}
        names = "\n".join(
            f"  {op.describe()}" + (f" (not estimated: {reasons[op]})" if op in reasons else "")
            for op in missing
        )
        raise MissingError(
            f"{path} does not hold {len(missing)} operators of {', '.join(models)}:\n{names}\n"
            f"Measure them by `bench run {self.out or 'PLAN'}`"
            + ("." if self.out else "; --missing-out PLAN writes the plan.")
        )


missing_out_option = _table(
    "--missing-out",
    type=click.Path(path_type=Path),
    help="Write what the table lacks as a plan for `bench run`.",
)


def missing_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--missing` and `--missing-out`; the command gets them as one `missing: MissingChoice`."""

    @_table(
        "--missing",
        type=click.Choice(["fail", "interpolate"]),
        default="fail",
        show_default=True,
        help="interpolate: estimate operators that the table lacks from those it holds.",
    )
    @missing_out_option
    @wraps(command)
    def with_missing(*args: Any, missing: str, missing_out: Path | None, **options: Any) -> Any:
        return command(*args, missing=MissingChoice(missing == "interpolate", missing_out), **options)

    return with_missing
