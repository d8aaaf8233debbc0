"""The command `lut merge`: from journals to a table, or into one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import click

from lut.cli.console import quiet_option, say
from lut.drift import LARGE_IN_WORDS, UnitDrift
from lut.extend import POLICIES, Extension, extend_table
from lut.merge import Merged, merge_journals, write_table
from lut.wording import list_first

__all__ = ["describe_units", "extend_by", "merge", "write_merged"]

PATH = click.Path(path_type=Path)

_CALIBRATION_DROPPED = "The calibration no longer fits and was dropped; `bench validate --fit` makes another."


@click.command()
@click.argument("runs", metavar="RUN...", type=PATH, nargs=-1, required=True)
@click.option("-o", "--output", type=PATH, help="The folder to write a new table into.")
@click.option("--into", type=PATH, help="The table to extend in place (.json or .json.zip).")
@click.option(
    "--policy",
    type=click.Choice(POLICIES),
    default=POLICIES[0],
    show_default=True,
    help="With --into: which record of an operator stays, the old or the new.",
)
@click.option(
    "--replace", is_flag=True, help="With -o: replace a table that holds operators these journals lack."
)
@click.option(
    "--mixed",
    is_flag=True,
    help="Let programs and configurations differ; the table then says so whenever it is asked.",
)
@click.option(
    "--even-units",
    is_flag=True,
    help="Divide the times of a slower or faster unit by its factor, as if one unit had measured all.",
)
@quiet_option
def merge(
    runs: tuple[Path, ...],
    output: Path | None,
    into: Path | None,
    policy: str,
    replace: bool,
    mixed: bool,
    even_units: bool,
    quiet: bool,
) -> None:
    """Make a device's table from the journals of its runs, or extend one.

    Writes <device>-op_lut_database.json and, beside it, a .meta.json that says where the figures come
    from. A table that is there and holds operators which the journals lack is kept: --into adds to it,
    --replace lets it go. A table holds no samples: extended by the policy `pooled`, it keeps the records
    of both, and look-ups average them.

    \b
    Example:
      lut merge zoo.run.jsonl -o lut/data
      lut merge missing.run.jsonl --into lut/data/<device>-op_lut_database.json
    """
    if (output is None) == (into is None):
        raise click.UsageError("Give either -o, for a new table, or --into, to extend one.")
    if replace and output is None:
        raise click.UsageError("--replace goes with -o.")
    tell = say(quiet)
    merged = merge_journals(runs, tell, mixed=mixed, even_units=even_units)
    if into is not None:
        extend_by(merged, into, tell, policy, mixed=mixed)
        return
    assert output is not None
    write_merged(merged, output, tell, replace=replace)


def write_merged(merged: Merged, folder: Path, tell: Callable[[str], None], *, replace: bool = False) -> Path:
    """Write a new table into a folder, and say what it holds; give its file.

    Raises:
        ConflictError: the device's table there holds operators that this one would lack.
        FileError: a file there can't be read or written.
    """
    written = write_table(merged, folder, replace=replace, announce=tell)
    tell(
        f"{written.path}: {len(merged.records)} operators of {merged.device}"
        + (f", {len(merged.failures)} failed and left out" if merged.failures else "")
        + (f", {len(merged.marked)} marked: disturbed when measured" if merged.marked else "")
        + (f", {len(merged.incomplete)} with fewer passes than asked for" if merged.incomplete else "")
    )
    if written.calibration_dropped:
        tell(_CALIBRATION_DROPPED)
    for line in (*merged.disturbances.describe_slow(), *_describe_drifts(merged)):
        tell(line)
    return written.path


def extend_by(
    merged: Merged,
    table: Path,
    tell: Callable[[str], None],
    policy: str = POLICIES[0],
    *,
    mixed: bool = False,
) -> None:
    """Add to a table, and say what was added and how the device changed; see `lut.extend.extend_table`."""
    extension = extend_table(table, merged, policy, tell, mixed=mixed)
    tell(f"{table}: {_describe_extension(extension, policy)}")
    for line in _describe_drifts(merged, extension, policy):
        tell(line)


def _describe_drifts(merged: Merged, extension: Extension | None = None, policy: str = "") -> Iterator[str]:
    """Say how the device changed between what the table is made of, and what to do where it is much.

    So it does of several units of one name.
    """
    yield from describe_units(merged.units)
    yield from (found.describe_journal() for found in merged.drifts)
    large = any(found.is_large for found in merged.drifts)
    if extension is not None and extension.drift is not None:
        yield f"The device was {extension.drift.describe('the table as it was')}."
        large |= extension.drift.is_large and _is_mixed(extension, policy)
    if large:
        yield (
            f"Warning: more than {LARGE_IN_WORDS} apart, so sums from this table mix two speeds of the "
            f"device. Measure the plans again in one run on a settled device, or keep the journals in tables "
            f"of their own; `bench validate` says how far sums are off."
        )


def describe_units(units: Collection[UnitDrift]) -> Iterator[str]:
    """Say how fast units are, and what to do where that differs much."""
    yield from (unit.describe() for unit in units)
    if any(unit.is_large for unit in units):
        yield (
            f"Warning: units more than {LARGE_IN_WORDS} apart, so sums from such a table mix units of "
            f"different speed. `lut merge --even-units` divides their times by these factors."
        )


def _is_mixed(extension: Extension, policy: str) -> bool:
    """Whether the table holds former times beside new ones."""
    if policy == "keep":
        return extension.added > 0
    operators = len({record.key for record in extension.records})
    return policy == "pooled" or operators > extension.added + extension.present


def _describe_extension(extension: Extension, policy: str) -> str:
    fate = {"newest": "replaced", "pooled": "with an old and a new record", "keep": "left as they were"}
    lines = [
        f"{extension.added:,} operators added, {extension.present - extension.equal:,} {fate[policy]}, "
        f"{extension.equal:,} the same as before"
    ]
    if extension.calibration_dropped:
        lines.append(_CALIBRATION_DROPPED)
    contradictions = extension.contradictions
    if contradictions:
        lines.append(
            f"{len(contradictions):,} of those contradict: old and new p10 to p90 don't overlap. "
            f"Medians in microseconds, old and new:"
        )
        largest_first = (
            f"{found.old.p50:,.1f}  {found.new.p50:,.1f}  {found.new.key.describe()}"
            for found in contradictions
        )
        lines.append(list_first(largest_first, len(contradictions)))
    return "\n".join(lines)
