"""The command line `lut`: nets, tables, answers."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from lut.cli import get_runtime as original
from lut.cli.console import LazyGroup, echo, end_program
from lut.cli.model_choice import blame_unmapped, input_dims_option, precision_option
from lut.errors import MissingError
from lut.frontends import Fate, Model, load_model
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
    "estimate": "lut.cli.estimate:estimate",
    "fill": "bench.cli.fill:fill",
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
@click.option(
    "--signature", metavar="NAME", help="Which graph of a TFLite file that holds several. Default: its first."
)
@click.option("--fused", is_flag=True, help="As an engine runs them that fuses activations, such as XNNPACK.")
@click.option(
    "--explain", is_flag=True, help="Print what becomes of each node of the model, instead of the operators."
)
@click.option(
    "--summary",
    is_flag=True,
    help="Print the number of operators, the multiply-adds and the memory, instead of the operators.",
)
@click.option("--json", "as_json", is_flag=True, help="Print lines of JSON: each operator's table key.")
def ops(
    model: Path,
    input_dims: dict[str, tuple[int, ...]] | None,
    precision: str | None,
    signature: str | None,
    fused: bool,
    explain: bool,
    summary: bool,
    as_json: bool,
) -> None:
    """List a net's operators in the order they run, each with its multiply-adds.

    --explain lists the nodes of the model instead: the operators that each becomes, or why it takes no time,
    or why no operator stands for it. Where there are such, the command ends with exit code 5.

    --summary tells what the net's activations take at their peak, each from the operator that writes it to
    the last that reads it, and what its weights take. What an engine needs besides is not counted.

    \b
    Example:
      lut ops models/ChamNet-A/int8 --json
      lut ops net.onnx --precision int8 --explain
      lut ops net.onnx --precision int8 --summary
    """
    if explain and summary:
        raise click.UsageError("--explain and --summary exclude each other.")
    loaded = load_model(model, input_dims, precision=precision, signature=signature)
    for remark in loaded.remarks:
        echo(remark, err=True)
    if explain:
        for fate in loaded.fates:
            echo(json.dumps(asdict(fate)) if as_json else _describe_fate(fate))
    elif summary:
        echo(_sum_up(loaded, fused=fused, as_json=as_json))
    else:
        for op in loaded.choose_ops(fused=fused):
            echo(format_op(op) if as_json else f"{multiply_adds(op):>12,}  {op.describe()}")
    if loaded.unmapped:
        raise MissingError(blame_unmapped(model, loaded.unmapped, loaded.multiply_adds))


def _sum_up(model: Model, *, fused: bool, as_json: bool) -> str:
    operators, memory = len(model.choose_ops(fused=fused)), model.count_memory(fused=fused)
    if as_json:
        counts = {"operators": operators, "multiply_adds": model.multiply_adds}
        return json.dumps({**counts, "memory": None if memory is None else asdict(memory)})
    told = "Memory: unknown." if memory is None else memory.describe()
    return f"{operators:,} operators, {model.multiply_adds:,} multiply-adds. {told}"


def _describe_fate(fate: Fate) -> str:
    words = {"operators": fate.detail, "free": f"free: {fate.detail}", "unmapped": f"UNMAPPED: {fate.detail}"}
    count = "unknown" if fate.multiply_adds is None else f"{fate.multiply_adds:,}"
    return f"{count:>12}  {fate.op_type:<20} {fate.node}: {words[fate.outcome]}"


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
@precision_option
def get_runtime(
    model_path: str,
    db_dir: Path,
    input_dims: dict[str, tuple[int, ...]],
    input_dtype: int,
    device: str,
    precision: str | None,
) -> None:
    """Look nets up with the original's options, output and sums.

    What of a sum was not measured, or not well, is told on stderr. So is what it lacks, and then the exit
    code is 5, as with `lut estimate`.

    --precision is not one of the original's: it chooses between the forms that a folder holds side by side as
    `int8` and `fp32`, and says how a model of floats runs.

    \b
    Example:
      lut get-runtime --model_path models/ChamNet-A/int8 --input_dims '{"data": [1, 3, 224, 224]}'
    """
    nets = []
    for net in original.look_up_models(model_path, db_dir, input_dims, input_dtype, device, precision):
        nets.append(net)
        for line in net.lines:
            echo(line)
        for line in net.doubts:
            echo(line, err=True)
    original.refuse_partial(nets)
