"""The command `bench table`: from nets to their table on a device, all steps in one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from bench.cli.asked import Asked, asked_options
from bench.cli.ending import refuse_failures
from bench.cli.generate import generate, write_space
from bench.cli.run import measure, run, take_work
from bench.cli.steps import READING, SteppedCommand, Steps, name_program
from lut.cli import (
    COMPARISONS,
    ChosenSpace,
    MissingChoice,
    TableChoice,
    echo,
    extend_by,
    grouped,
    input_dims_option,
    precision_option,
    quiet_option,
    refuse_partial,
    render_all,
    say,
    write_merged,
)
from lut.cli import cli as lut
from lut.errors import ConflictError, FailedError, LutError
from lut.frontends import find_models
from lut.merge import merge_journals
from lut.table import EstimatedModel, estimate_models, find_table_file
from lut.zoo import NETS, PRECISIONS, match_net, write_common_net, write_net

__all__ = ["table"]

PATH = click.Path(path_type=Path)

_TITLE = "Devices"


@click.command(cls=SteppedCommand)
@click.argument("nets", metavar="NET...", nargs=-1, required=True)
@grouped("Output")(
    "-o",
    "--output",
    type=PATH,
    default=Path("tables"),
    show_default=True,
    help="The folder for the table, and for the plan and the journal that it is made from.",
)
@input_dims_option()
@precision_option
@asked_options(_TITLE)
@quiet_option
@click.pass_context
def table(
    context: click.Context,
    nets: tuple[str, ...],
    output: Path,
    input_dims: dict[str, tuple[int, ...]] | None,
    precision: str | None,
    asked: Asked,
    quiet: bool,
) -> None:
    """Measure nets' operators on a device, make its table, and estimate the nets from it.

    A net is a file of ONNX or TFLite, a folder with model.pb and model_init.pb, a folder of nets, or the
    name of a net that `lut models list` lists.

    Each step is printed as the command that does it alone. Interrupted or killed, the same command goes on
    where it stopped. A table of the device that is in the folder already is added to.

    \b
    Example:
      bench table net.onnx -o tables
      bench table ChamNet-A --device host -o tables
      bench table net.tflite other.onnx --precision int8 --engine xnnpack -o tables
    """
    tell = say(quiet)
    steps = Steps(context, say(quiet, bold=True))
    given = [_provide(net, output / "nets", precision, steps) for net in nets]
    models = find_models(given, precision)
    plan = output / f"{_name_plan(models)}.plan.jsonl"
    named = [word for path in given for word in ("--model", path)]
    options: dict[str, Any] = {"models": tuple(models), "precisions": (precision,) if precision else ()}
    if input_dims is not None:
        options["input_dims"] = input_dims
    engine = asked.devices.phones.engine
    reading = (*READING, "--engine")
    steps.show("bench", "generate", "--space=models", *named, "-o", plan, passing=generate, flags=reading)
    write_space(ChosenSpace("models", options), engine, plan, quiet)
    steps.show("bench", "run", plan, "-o", output, passing=run)
    summaries = measure(take_work(plan, None, engine, None, tell), asked, output, None, quiet)
    try:
        refuse_failures(summaries)
        failed = None
    except FailedError as error:  # the others are worth a table all the same
        failed = error
    try:
        for journal in summaries:
            path = _merge(journal, output, steps, tell)
            compared = ["--compare"] if len(models) > 1 else []
            estimate = lut.get_command(context, "estimate")
            steps.show("lut", "estimate", *given, "--lut", path, *compared, passing=estimate, flags=READING)
            _estimate(models, path, input_dims, precision, quiet)
    except LutError as error:
        if failed is None:
            raise
        raise FailedError(f"{failed}\n{error}") from error
    if failed is not None:
        raise failed


def _provide(net: str, folder: Path, precision: str | None, steps: Steps) -> Path:
    """Give a net's path; one that is known by its name is written first."""
    path = Path(net)
    if path.exists() or path.suffix in (".onnx", ".tflite") or path.name != net:
        return path
    name = match_net(net)
    if name not in NETS:
        steps.show("lut", "models", "build", name, "-o", folder)
        return write_common_net(name, folder)
    form = precision or PRECISIONS[0]
    steps.show("lut", "models", "build", name, "--precision", form, "-o", folder)
    return write_net(name, form, folder)


def _name_plan(models: Sequence[Path]) -> str:
    """Name the plan of nets: a net's own name, or one for several."""
    if len(models) > 1:
        return "nets"
    [path] = models
    return f"{path.parent.name}-{path.name}" if path.name in PRECISIONS else path.resolve().stem


def _merge(journal: Path, folder: Path, steps: Steps, tell: Callable[[str], None]) -> Path:
    """Make the table of a journal, or add to the one that is there; give its file."""
    steps.show("lut", "merge", journal, "-o", folder)
    merged = merge_journals([journal], tell)
    try:
        return write_merged(merged, folder, tell)
    except ConflictError:  # it holds operators of other journals, which are to stay
        path = find_table_file(folder, merged.device)
        tell(f"{path} holds other operators too, and is added to:")
        steps.show("lut", "merge", journal, "--into", path)
        extend_by(merged, path, tell)
        return path


def _estimate(
    models: Sequence[Path],
    path: Path,
    input_dims: dict[str, tuple[int, ...]] | None,
    precision: str | None,
    quiet: bool,
) -> None:
    opened = TableChoice(path).open(quiet)
    nets = estimate_models(opened, models, input_dims, precision=precision)
    echo(COMPARISONS["table"](nets) if len(nets) > 1 else render_all(nets, "table"), nl=False)
    for line in _describe_end(nets, path):
        say(quiet)(line)
    refuse_partial(nets, opened, path, MissingChoice(False, None), precision, say(quiet))


def _describe_end(nets: Sequence[EstimatedModel], path: Path) -> list[str]:
    """Say where the table is, how long the nets take, and what to do next."""
    whole = [net for net in nets if net.estimate.total_us is not None]
    times = sorted((net.estimate.known_us / 1e3, net.name) for net in whole)
    lines = [f"Table: {path}"]
    if times:
        (least, quickest), (most, slowest) = times[0], times[-1]
        one = f"{quickest}: {least:.2f} ms"
        several = f"{len(times)} nets: {least:.2f} ms ({quickest}) to {most:.2f} ms ({slowest})"
        lines.append(one if len(times) == 1 else several)
    report = path.with_name("report.html")
    model = nets[0].model.path
    return [*lines, f"Next: {name_program('lut')} report --lut {path} --model {model} -o {report}"]
