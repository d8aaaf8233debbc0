"""The commands that ask a whole table: `lut query`, `lut stats`, `lut diff`, `lut crossval`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TypeVar

import click

from lut.cli.console import Bar, echo, need_matplotlib, quiet_option, say
from lut.cli.table_choice import TableChoice, table_options
from lut.errors import FileError
from lut.estimation import collect_samples, cross_validate
from lut.records import LutRecord
from lut.table import (
    ArgumentFilter,
    LutTable,
    Query,
    ShapeFilter,
    compare,
    describe_families,
    format_record,
    parse_argument_filter,
    parse_shape_filter,
)

__all__ = ["crossval", "diff", "query", "stats"]

Parsed = TypeVar("Parsed")

_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _each(parse: Callable[[str], Parsed]) -> Callable[..., tuple[Parsed, ...]]:
    def read(
        _context: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]
    ) -> tuple[Parsed, ...]:
        try:
            return tuple(map(parse, texts))
        except ValueError as error:
            raise click.BadParameter(f"{error}.") from error

    return read


@click.command()
@table_options
@click.option(
    "--type", "types", multiple=True, metavar="PATTERN", help="An operator type, such as Int8Conv*."
)
@click.option(
    "--shape",
    "shapes",
    multiple=True,
    metavar="INPUT=SIZES",
    callback=_each(parse_shape_filter),
    help="An input's sizes, such as 0=1,56..112,56..112,* (input 0 is the activation).",
)
@click.option(
    "--arg",
    "arguments",
    multiple=True,
    metavar="NAME=VALUE",
    callback=_each(parse_argument_filter),
    help="An argument, such as kernel=3, group=2.. or order=NHWC; `group=` matches operators that do not "
    "write it.",
)
@_json_option
@quiet_option
def query(
    chosen: TableChoice,
    types: tuple[str, ...],
    shapes: tuple[ShapeFilter, ...],
    arguments: tuple[ArgumentFilter, ...],
    as_json: bool,
    quiet: bool,
) -> None:
    """Find records by type, shapes and arguments; all that is asked must hold.

    \b
    Example:
      lut query --lut TABLE --type 'Int8Conv*' --arg kernel=3 --shape 0=1,..28,..28,*
    """
    count = 0
    table = chosen.open(quiet)
    for record in Query(types, shapes, arguments).choose(table):
        echo(format_record(record) if as_json else _describe_record(record, table))
        count += 1
    if not as_json:
        say(quiet)(f"{count} records")
    if not count:
        for line in _suggest_types(types, table):
            say(quiet)(line)


def _suggest_types(patterns: Sequence[str], table: LutTable) -> Iterator[str]:
    """For patterns that no type of a table matches, name its types that contain the words."""
    present = sorted({record.key.op_type for record in table})
    for pattern in patterns:
        if any(fnmatchcase(op_type, pattern) for op_type in present):
            continue
        word = pattern.strip("*").casefold()
        near = [op_type for op_type in present if word and word in op_type.casefold()]
        names = f"that contain {word!r}: {', '.join(near)}" if near else f"of the table: {', '.join(present)}"
        yield f"No operator type here is {pattern!r}. Types {names}."


def _describe_record(record: LutRecord, table: LutTable) -> str:
    remark = " (PREDICTED)" if table.is_predicted(record.key) else ""
    return f"{record.p50:>12.3f}  {record.key.describe()}{remark}"


@click.command()
@table_options
@_json_option
@quiet_option
def stats(chosen: TableChoice, as_json: bool, quiet: bool) -> None:
    """Say what a table holds: per family the number of records, the range of their medians, their spread.

    The spread is p90 / p10 of a typical record: far from 1 where the device was busy while it measured.

    \b
    Example:
      lut stats --lut TABLE
    """
    table = chosen.open(quiet)
    families = describe_families(_counted(table, quiet), table.is_predicted)
    predicted = sum(family.predicted for family in families)
    if as_json:
        report = {"records": len(table), "devices": table.devices, "families": list(map(asdict, families))}
        echo(json.dumps(report, indent=1))
        return
    echo(f"{len(table)} records of {', '.join(table.devices)}")
    if predicted:
        echo(f"{predicted:,} of them are predictions of `lut fill`; spreads are of the measured ones.")
    echo(f"{'RECORDS':>8} {'LEAST US':>11} {'MEDIAN US':>11} {'MOST US':>11} {'P90/P10':>7}  FAMILY")
    for row in families:
        spread = "" if row.spread is None else f"{row.spread:.2f}"
        echo(
            f"{row.records:>8} {row.least_us:>11.3f} {row.median_us:>11.3f} {row.most_us:>11.3f} "
            f"{spread:>7}  {row.family}"
        )


@click.command()
@click.argument("first", type=click.Path(path_type=Path))
@click.argument("second", type=click.Path(path_type=Path))
@click.option(
    "--device",
    "devices",
    metavar="NAME",
    multiple=True,
    help="Whose records to use, where a table holds several devices'; given twice, the second is for SECOND.",
)
@click.option("--outliers", type=click.IntRange(0), default=10, show_default=True, help="How many to show.")
@click.option(
    "--plot", type=click.Path(path_type=Path), help="Also draw the families' ratios (needs matplotlib)."
)
@_json_option
@quiet_option
def diff(
    first: Path,
    second: Path,
    devices: tuple[str, ...],
    outliers: int,
    plot: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Compare two tables, of one device or of two, of one engine or of two.

    Prints the ratios SECOND / FIRST in all and per family, how far both tables put operators into the same
    order (Spearman's rank correlation, 1 at best), how far times differ beyond the common factor (of two
    tables of one device: how well measuring repeats), and outliers, whose ratio is far from their family's.

    \b
    Example:
      lut diff monday.json tuesday.json
      lut diff phones.json phones.json --device SM-G950U-7.0-24 --device SM-G960F-9-28
    """
    if len(devices) > 2:
        raise click.UsageError("--device is given at most twice: for FIRST and for SECOND.")
    if plot is not None:
        need_matplotlib()
    one, other = (devices[0], devices[-1]) if devices else (None, None)
    tables = TableChoice(first, one).open(quiet), TableChoice(second, other).open(quiet)
    result = compare(*tables)
    shown = result.ops[:outliers]
    predicted = sum(any(table.is_predicted(op.key) for table in tables) for op in result.ops)
    if plot is not None:
        if not result.ops:
            raise FileError(f"There is nothing to draw: {first} and {second} have no operator in common.")
        from lut.table import plot_ratios  # matplotlib, which nothing else should wait for

        plot_ratios(result, [", ".join(table.devices) for table in tables], plot)
    if as_json:
        report: dict[str, Any] = {
            "median_ratio": result.median_ratio,
            "median_difference": result.difference(0.5),
            "p90_difference": result.difference(0.9),
            "rank_correlation": result.rank_correlation,
            "predicted": predicted,
            "only_first": [key.to_json() for key in result.only_first],
            "only_second": [key.to_json() for key in result.only_second],
            "families": list(map(asdict, result.families)),
            "outliers": [{**asdict(op), "key": op.key.to_json()} for op in shown],
        }
        echo(json.dumps(report, indent=1))
        return
    echo(
        f"{len(result.ops)} operators in both, {len(result.only_first)} only in {first}, "
        f"{len(result.only_second)} only in {second}"
    )
    if predicted:
        echo(f"{predicted:,} of those in both are predictions of `lut fill` in one of the tables or both")
    if result.median_ratio is not None:
        alike = result.rank_correlation
        order = "" if alike is None else f"; Spearman's rank correlation {alike:.3f}"
        echo(f"second / first {result.median_ratio:.3f} in the median{order}")
    usual, large = result.difference(0.5), result.difference(0.9)
    if usual is not None and large is not None:
        echo(
            f"with that factor taken out, times differ by {usual:.1%} in the median, {large:.1%} at the 90th "
            "percentile"
        )
    if result.families:
        echo(f"{'OPS':>8} {'P10':>7} {'MEDIAN':>7} {'P90':>7}  FAMILY (second / first)")
    for family in result.families:
        ratios = f"{family.p10:>7.3f} {family.median:>7.3f} {family.p90:>7.3f}"
        echo(f"{family.operators:>8} {ratios}  {family.family}")
    if shown:
        echo(f"{'FIRST US':>12} {'SECOND US':>12} {'RATIO':>7}  OUTLIERS")
    for op in shown:
        echo(f"{op.first_us:>12.3f} {op.second_us:>12.3f} {op.ratio:>7.3f}  {op.key.describe()}")


@click.command()
@table_options
@click.option(
    "--share",
    type=click.FloatRange(0.01, 0.5),
    default=0.1,
    show_default=True,
    help="How much of each family to hold out.",
)
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Decides what is held out."
)
@_json_option
@quiet_option
def crossval(chosen: TableChoice, share: float, seed: int, as_json: bool, quiet: bool) -> None:
    """Say how well missing operators could be estimated: hold some out, guess them from the others.

    Takes measured operators only. Prints, per family, the held-out operators' errors, in percent and in
    microseconds, and how many of them the stated 90 % interval holds. Operators of a few microseconds scatter
    by many percent, which no estimate can undercut; in a net's sum their microseconds count. This is what
    `lut estimate --missing interpolate` may be trusted for on this table.

    \b
    Example:
      lut crossval --lut TABLE
    """
    table = chosen.open(quiet)
    families = collect_samples(table.measured)
    with Bar(len(families), "family", quiet) as bar:
        errors = []
        for error in cross_validate(families, share, seed):
            errors.append(error)
            bar.set(len(errors), error.family)
    if as_json:
        echo(json.dumps(list(map(asdict, errors)), indent=1))
        return
    echo(f"{'RECORDS':>8} {'GUESSED':>8} {'MEDIAN':>7} {'P90':>7} {'P90 US':>8} {'IN 90 %':>8}  FAMILY")
    for error in errors:
        echo(
            f"{error.operators:>8} {error.held_out:>8} {_percent(error.median_error):>7} "
            f"{_percent(error.p90_error):>7} {_microseconds(error.p90_error_us):>8} "
            f"{_percent(error.covered):>8}  {error.family}"
        )


def _counted(table: LutTable, quiet: bool) -> Iterator[LutRecord]:
    """Walk through a table's records with a progress bar."""
    with Bar(len(table), "record", quiet) as bar:
        for number, record in enumerate(table, 1):
            if not number & 0xFF:
                bar.set(number)
            yield record


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _microseconds(time: float | None) -> str:
    return "-" if time is None else f"{time:.2f}"
