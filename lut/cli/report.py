"""The command `lut report`: a table as a page to look at."""

from __future__ import annotations

from pathlib import Path

import click

from lut.cli.console import Bar, quiet_option, say
from lut.cli.model_choice import input_dims_option, precision_option
from lut.cli.table_choice import TableChoice
from lut.files import write_atomically
from lut.report import (
    Material,
    NetReport,
    Run,
    TableReport,
    check_devices,
    collect_columns,
    read_plotly,
    read_run,
    render_report,
)
from lut.table import estimate_models
from lut.validation import Validation, read_validation

__all__ = ["report"]

PATH = click.Path(path_type=Path)


@click.command()
@click.option(
    "--lut", "table_files", type=PATH, multiple=True, required=True, help="The table; two are compared."
)
@click.option("--device", help="Whose records to use, where a table holds several devices'.")
@click.option("--run", "runs", type=PATH, multiple=True, help="A journal, for the drift over its run.")
@click.option("--model", "models", type=PATH, multiple=True, help="A net, for its waterfall.")
@click.option("--validate", "validation", type=PATH, help="A file that `bench validate -o` wrote.")
@input_dims_option()
@precision_option
@click.option("-o", "--output", type=PATH, required=True, help="The page to write, such as report.html.")
@quiet_option
def report(
    table_files: tuple[Path, ...],
    device: str | None,
    runs: tuple[Path, ...],
    models: tuple[Path, ...],
    validation: Path | None,
    input_dims: dict[str, tuple[int, ...]] | None,
    precision: str | None,
    output: Path,
    quiet: bool,
) -> None:
    """Write a table as one page of HTML that opens in a browser without a network.

    It tells each net's sum and its operators in run order, throughput, spread, every record in a table to
    sort and filter, and how it was measured. What a net has and the table lacks is shown as missing. With two
    tables the page begins with their ratios.

    \b
    Example:
      lut report --lut TABLE --run zoo.run.jsonl --model models/ChamNet-A/int8 -o report.html
      lut report --lut monday.json --lut tuesday.json -o compared.html
    """
    if output.suffix.lower() not in ("", ".html", ".htm"):
        raise click.UsageError(
            f"A report is a page of HTML, not {output.suffix}: give -o {output.with_suffix('.html')}, and "
            f"print the page in a browser."
        )
    if len(table_files) > 2:
        raise click.UsageError(f"--lut is given {len(table_files)} times. Give one table, or two to compare.")
    read_plotly()  # its absence should be heard of before minutes of reading, not after them
    tables = [_read_table(TableChoice(path, device), quiet) for path in table_files]
    material = Material(
        main=tables[0],
        other=tables[1] if len(tables) == 2 else None,
        nets=tuple(
            NetReport(net.name, net.estimate, net.memory)
            for net in estimate_models(tables[0].table, models, input_dims, precision=precision)
        ),
        runs=tuple(_read_run(path, tables, quiet) for path in runs),
        validation=None if validation is None else _read_validation(validation, tables),
    )
    page = render_report(material).encode()
    write_atomically(output, page)
    say(quiet)(f"{output}: {len(page) / 1e6:.1f} MB. Open it in a browser.")


def _read_table(choice: TableChoice, quiet: bool) -> TableReport:
    table = choice.open(quiet)
    provenance = table.sidecar
    with Bar(len(table), "record", quiet) as bar:
        columns = collect_columns(
            table,
            None if provenance is None else {entry.key for entry in provenance.marked or ()},
            () if provenance is None else (entry.key for entry in provenance.incomplete),
            bar.set,
            table.is_predicted,
        )
    return TableReport(choice.path, table, columns, provenance)


def _read_run(path: Path, tables: list[TableReport], quiet: bool) -> Run:
    with Bar(None, "visit", quiet) as bar:
        run = read_run(path, say(quiet), bar.set)
    check_devices(tables, path, [segment.device.name for segment in run.segments])
    return run


def _read_validation(path: Path, tables: list[TableReport]) -> Validation:
    validation = read_validation(path)
    check_devices(tables, path, [validation.device])
    return validation
