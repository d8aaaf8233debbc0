"""The command `lut estimate`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import click

from lut.cli.comparing import COMPARISONS
from lut.cli.console import GroupedCommand, echo, quiet_option, say
from lut.cli.model_choice import blame_unmapped, input_dims_option, precision_option
from lut.cli.rendering import RENDERERS, render_all
from lut.cli.table_choice import MissingChoice, TableChoice, missing_options, table_options
from lut.errors import MissingError
from lut.frontends import Model, find_models
from lut.table import EstimatedModel, LutTable, estimate_models

__all__ = ["estimate", "refuse_partial"]

PATH = click.Path(path_type=Path)


@click.command(cls=GroupedCommand)
@click.argument("models", metavar="MODEL...", type=PATH, nargs=-1, required=True)
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
@click.option("--compare", is_flag=True, help="Print a line a net, side by side, instead of its operators.")
@quiet_option
def estimate(
    models: tuple[Path, ...],
    chosen: TableChoice,
    input_dims: dict[str, tuple[int, ...]] | None,
    precision: str | None,
    missing: MissingChoice,
    form: str,
    calibrated: bool,
    compare: bool,
    quiet: bool,
) -> None:
    """Estimate a net's latency as the sum of its operators' median times.

    Several nets may be given, and folders of nets. --compare shows for each its operators, multiply-adds,
    estimate, and what the types of operators that take most have of it.

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
      lut estimate nets --compare --lut TABLE
    """
    table = chosen.open(quiet)
    calibration = table.calibration if calibrated else None
    nets = estimate_models(
        table,
        find_models(models, precision),
        input_dims,
        precision=precision,
        interpolate=missing.interpolate,
    )
    if calibration is not None:
        nets = tuple(replace(net, estimate=net.estimate.calibrated(calibration)) for net in nets)
    echo(COMPARISONS[form](nets) if compare else render_all(nets, form), nl=False)
    refuse_partial(nets, table, chosen.path, missing, precision, say(quiet))


def refuse_partial(
    nets: Sequence[EstimatedModel],
    table: LutTable,
    path: Path,
    missing: MissingChoice,
    precision: str | None,
    tell: Callable[[str], None],
) -> None:
    """End with the names of what the nets have and their estimates lack.

    Raises:
        MissingError: the table lacks operators of theirs, or nodes of a model have none.
    """
    lacking = {net.model.path: net for net in nets if net.estimate.missing}
    if lacking:
        ops = dict.fromkeys(op for net in lacking.values() for op in net.estimate.missing)
        if precision is None and any(_leaves_open(net.model) for net in lacking.values()):
            tell("A model of floats was taken as it is; `--precision int8` asks for it in 8 bits.")
        missing.refuse(table, path, [str(path) for path in lacking], tuple(ops))
    unmapped = [net.model for net in nets if net.model.unmapped]
    if unmapped:
        raise MissingError(
            "\n".join(blame_unmapped(each.path, each.unmapped, each.multiply_adds) for each in unmapped)
        )


def _leaves_open(model: Model) -> bool:
    """Tell whether a model could have been taken in 8 bits, and was not."""
    return model.known_fates is not None and not any(op.op_type.startswith("Int8") for op in model.ops)
