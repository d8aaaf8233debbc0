"""The command line `lut`: nets, tables, answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from lut.cli import get_runtime as original
from lut.cli.console import GroupedCommand, LazyGroup, end_program, quiet_option
from lut.cli.model_choice import describe_unmapped, input_dims_option, precision_option
from lut.cli.rendering import RENDERERS
from lut.cli.table_choice import MissingChoice, TableChoice, missing_options, table_options
from lut.errors import MissingError
from lut.frontends import Fate, load_model
from lut.ops import FLOAT, multiply_adds
from lut.plan import format_op

__all__ = ["main"]

PATH = click.Path(path_type=Path)


def main() -> None:
    """Enter here from the shell."""
    end_program(cli)


_LAZY = {
    "blocks": "lut.cli.blocks:blocks",
    "completion": "lut.cli.completion:completion",
    "coverage": "bench.cli.coverage:coverage",
    "crossval": "lut.cli.tables:crossval",
    "diff": "lut.cli.tables:diff",
    "merge": "lut.cli.merge:merge",
    "models": "lut.cli.models:models",
    "query": "lut.cli.tables:query",
    "report": "lut.cli.report:report",
    "stats": "lut.cli.tables:stats",
}
"""Commands in modules of their own: a look-up should not wait for what they need."""


@click.group(
    cls=LazyGroup,
    lazy=_LAZY,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="cnn-latency-lut", prog_name="lut")
def cli() -> None:
    """Latency look-up tables of operators: build them, and look nets up in them.

    \b
    The usual way:
      lut merge zoo.run.jsonl -o lut/data
      lut estimate models/ChamNet-A/int8 --lut lut/data/<device>-op_lut_database.json
    """


@cli.command()
@click.argument("model", metavar="MODEL", type=PATH)
@input_dims_option()
@precision_option
@click.option("--fused", is_flag=True, help="As an engine runs them that fuses activations, such as XNNPACK.")
@click.option(
    "--explain", is_flag=True, help="Print what becomes of each node of the model, instead of the operators."
)
@click.option("--json", "as_json", is_flag=True, help="Print lines of JSON: each operator's table key.")
def ops(
    model: Path,
    input_dims: dict[str, tuple[int, ...]] | None,
    precision: str | None,
    fused: bool,
    explain: bool,
    as_json: bool,
) -> None:
    """List a net's operators in the order they run, each with its multiply-adds.

    --explain lists the nodes of the model instead: the operators that each becomes, or why it takes no time,
    or why no operator stands for it. Where there are such, the command ends with exit code 5.

    \b
    Example:
      lut ops models/ChamNet-A/int8 --json
      lut ops net.onnx --precision int8 --explain
    """
    loaded = load_model(model, input_dims, precision=precision)
    if explain:
        for fate in loaded.fates:
            click.echo(json.dumps(asdict(fate)) if as_json else _describe_fate(fate))
    else:
        for op in loaded.choose_ops(fused=fused):
            click.echo(format_op(op) if as_json else f"{multiply_adds(op):>12,}  {op.describe()}")
    if loaded.unmapped:
        raise MissingError(_blame(model, loaded.unmapped, loaded.multiply_adds))


def _describe_fate(fate: Fate) -> str:
    words = {"operators": fate.detail, "free": f"free: {fate.detail}", "unmapped": f"UNMAPPED: {fate.detail}"}
    return f"{fate.multiply_adds:>12,}  {fate.op_type:<20} {fate.node}: {words[fate.outcome]}"


def _blame(model: Path, unmapped: Sequence[Fate], known: int) -> str:
    """Name the nodes of a model without operators, and their share of the multiply-adds that can be told."""
    lost = sum(fate.multiply_adds for fate in unmapped)
    share = f"{lost / (lost + known):.1%}" if lost + known else "none"
    return (
        f"No operator stands for {describe_unmapped(unmapped)}. They make {share} of the multiply-adds of "
        f"{model}, and what is said of it is without them."
    )


@cli.command(cls=GroupedCommand)
@click.argument("model", metavar="MODEL", type=PATH)
@table_options
@input_dims_option()
@precision_option
@missing_options
@click.option(
    "--format",
    "form",
    type=click.Choice(list(RENDERERS)),
    default="table",
    show_default=True,
    help="How to print it.",
)
@click.option(
    "--calibrated",
    is_flag=True,
    help="Also correct the sum for whole nets, as `bench validate --fit` found it for this table.",
)
@quiet_option
def estimate(
    model: Path,
    chosen: TableChoice,
    input_dims: dict[str, tuple[int, ...]] | None,
    precision: str | None,
    missing: MissingChoice,
    form: str,
    calibrated: bool,
    quiet: bool,
) -> None:
    """Estimate a net's latency as the sum of its operators' median times.

    Next to the sum are the sums of the operators' p10s and p90s, which show how far single runs spread.
    Whole nets take a few per cent longer than their sum; how much, on a given device and table, `bench
    validate` measures, and --calibrated corrects it.

    Ends with exit code 5 and names every operator that the table does not hold; what is printed then is
    labelled as a partial sum. So it is where a node of the model has no operator. With --missing interpolate
    operators that the table lacks are estimated where it has enough of their kind around them; they are
    marked, each with an interval, and so is their share.

    \b
    Example:
      lut estimate models/ChamNet-A/int8 --lut lut/data/<device>-op_lut_database.json
      lut estimate net.onnx --precision int8 --lut TABLE --missing-out missing.plan.jsonl
    """
    table = chosen.open(quiet)
    loaded = load_model(model, input_dims, precision=precision)
    calibration = table.calibration if calibrated else None
    result = table.estimate(loaded, interpolate=missing.interpolate)
    if calibration is not None:
        result = result.calibrated(calibration)
    click.echo(RENDERERS[form](result), nl=False)
    if result.missing:
        missing.refuse(table, chosen.path, [str(model)], result.missing)
    if result.unmapped:
        raise MissingError(_blame(model, result.unmapped, loaded.multiply_adds))


@cli.command("get-runtime")
@click.option(
    "--model_path",
    default=original.DEFAULT_MODEL_PATHS,
    show_default=True,
    help="Folders that hold model.pb and model_init.pb, comma-separated.",
)
@click.option("--db_dir", type=PATH, default=Path("lut/data"), show_default=True, help="The tables' folder.")
@input_dims_option(original.DEFAULT_INPUT_DIMS)
@click.option(
    "--input_dtype",
    type=int,
    default=FLOAT,
    show_default=True,
    help="Number of the inputs' data type: 1 is float.",
)
@click.option("--device", default=original.DEFAULT_DEVICE, show_default=True, help="Whose table to use.")
def get_runtime(
    model_path: str,
    db_dir: Path,
    input_dims: dict[str, tuple[int, ...]],
    input_dtype: int,
    device: str,
) -> None:
    """Look nets up with the original's options, output and sums.

    \b
    Example:
      lut get-runtime --model_path models/ChamNet-A/int8 --input_dims '{"data": [1, 3, 224, 224]}'
    """
    for line in original.look_up_models(model_path, db_dir, input_dims, input_dtype, device):
        click.echo(line)
