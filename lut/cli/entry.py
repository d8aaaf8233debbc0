"""The command line `lut`: nets, tables, answers."""

from __future__ import annotations

from pathlib import Path

import click

from lut.cli import get_runtime as original
from lut.cli.console import GroupedCommand, LazyGroup, end_program, input_dims_option, quiet_option
from lut.cli.rendering import RENDERERS
from lut.cli.table_choice import MissingChoice, TableChoice, missing_options, table_options
from lut.frontends import load_model
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
@click.argument("model", metavar="MODEL_DIR", type=PATH)
@input_dims_option()
@click.option("--fused", is_flag=True, help="As an engine runs them that fuses activations, such as XNNPACK.")
@click.option("--json", "as_json", is_flag=True, help="Print each operator's table key as a line of JSON.")
def ops(model: Path, input_dims: dict[str, tuple[int, ...]] | None, fused: bool, as_json: bool) -> None:
    """List a net's operators in the order they run.

    \b
    Example:
      lut ops models/ChamNet-A/int8 --json
    """
    for op in load_model(model, input_dims).choose_ops(fused=fused):
        click.echo(format_op(op) if as_json else f"{multiply_adds(op):>12,}  {op.describe()}")


@cli.command(cls=GroupedCommand)
@click.argument("model", metavar="MODEL_DIR", type=PATH)
@table_options
@input_dims_option()
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
    labelled as a partial sum. With --missing interpolate such operators are estimated where the table has
    enough of their kind around them; they are marked, each with an interval, and so is their share.

    \b
    Example:
      lut estimate models/ChamNet-A/int8 --lut lut/data/<device>-op_lut_database.json
    """
    table = chosen.open(quiet)
    calibration = table.calibration if calibrated else None
    result = table.estimate(model, input_dims=input_dims, interpolate=missing.interpolate)
    if calibration is not None:
        result = result.calibrated(calibration)
    click.echo(RENDERERS[form](result), nl=False)
    if result.missing:
        missing.refuse(table, chosen.path, [str(model)], result.missing)


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
