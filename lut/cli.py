"""The command line `lut`: nets, tables, answers."""

from __future__ import annotations

from pathlib import Path

import click

from lut import get_runtime as original
from lut.console import LazyGroup, end_program, input_dims_option, quiet_option
from lut.console_tables import TableChoice, missing_option, table_options
from lut.errors import MissingError
from lut.frontends import load_model
from lut.ops import multiply_adds
from lut.plan import format_op, write_plan
from lut.records import FLOAT
from lut.rendering import RENDERERS

__all__ = ["main"]

PATH = click.Path(path_type=Path)


def main() -> None:
    """Enter here from the shell."""
    end_program(cli)


_LAZY = {
    "blocks": "lut.cli_blocks:blocks",
    "completion": "lut.cli_completion:completion",
    "coverage": "lut.cli_coverage:coverage",
    "crossval": "lut.cli_tables:crossval",
    "diff": "lut.cli_tables:diff",
    "merge": "lut.cli_merge:merge",
    "models": "lut.cli_models:models",
    "query": "lut.cli_tables:query",
    "stats": "lut.cli_tables:stats",
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
@click.option("--json", "as_json", is_flag=True, help="Print each operator's table key as a line of JSON.")
def ops(model: Path, input_dims: dict[str, tuple[int, ...]] | None, as_json: bool) -> None:
    """List a net's operators in the order they run.

    \b
    Example:
      lut ops models/ChamNet-A/int8 --json
    """
    for op in load_model(model, input_dims).ops:
        click.echo(format_op(op) if as_json else f"{multiply_adds(op):>12,}  {op.describe()}")


@cli.command()
@click.argument("model", metavar="MODEL_DIR", type=PATH)
@table_options
@input_dims_option()
@missing_option
@click.option(
    "--format",
    "form",
    type=click.Choice(list(RENDERERS)),
    default="table",
    show_default=True,
    help="How to print it.",
)
@click.option("--missing-out", type=PATH, help="Write what the table lacks as a plan for `bench run`.")
@quiet_option
def estimate(
    model: Path,
    chosen: TableChoice,
    input_dims: dict[str, tuple[int, ...]] | None,
    missing: str,
    form: str,
    missing_out: Path | None,
    quiet: bool,
) -> None:
    """Estimate a net's latency as the sum of its operators' median times.

    Ends with exit code 5 and names every operator that the table does not hold; what is printed then is
    labelled as a partial sum. With --missing interpolate such operators are estimated where the table has
    enough of their kind around them; they are marked, each with an interval, and so is their share.

    \b
    Example:
      lut estimate models/ChamNet-A/int8 --lut lut/data/<device>-op_lut_database.json
    """
    table = chosen.open(quiet)
    result = table.estimate(load_model(model, input_dims).ops, interpolate=missing == "interpolate")
    click.echo(RENDERERS[form](result), nl=False)
    if not result.missing:
        return
    if missing_out is not None:
        write_plan(result.missing, missing_out)
    reasons = table.refusals(result.missing) if missing == "interpolate" else {}
    names = "\n".join(
        f"  {op.describe()}" + (f" (not estimated: {reasons[op]})" if op in reasons else "")
        for op in result.missing
    )
    raise MissingError(
        f"{chosen.path} does not hold {len(result.missing)} operators of {model}:\n{names}\n"
        f"Measure them by `bench run {missing_out or 'PLAN'}`"
        + ("." if missing_out else "; --missing-out PLAN writes the plan.")
    )


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
