"""The command `bench validate`: a table held against whole nets that are measured for it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial, wraps
from pathlib import Path
from typing import Any

import click

from bench.campaign import (
    DEFAULTS,
    NetTiming,
    Processors,
    list_missing,
    need_profile,
    prepare_validation,
    profile_operators,
    run_apart,
    validate_nets,
)
from bench.cli.device_options import DeviceChoice, device_options
from bench.cli.protocol_options import processor_options
from bench.device_runner import Watch
from bench.numbers import check_numbers
from lut.cli import (
    Bar,
    GroupedCommand,
    MissingChoice,
    TableChoice,
    describe_unmapped,
    echo,
    grouped,
    input_dims_option,
    missing_options,
    need_matplotlib,
    precision_option,
    quiet_option,
    say,
    table_options,
)
from lut.engines import name_measured
from lut.errors import ConflictError, FailedError
from lut.sidecar import Calibration
from lut.table import estimate_models, keep_calibration
from lut.validation import (
    LEAST_NETS,
    Validation,
    calibrate,
    describe_profiles,
    describe_validation,
    format_validation,
    write_validation,
)

__all__ = ["validate"]

PATH = click.Path(path_type=Path)

_timing = grouped("Timing")
_result = grouped("Result")


@dataclass(frozen=True)
class ResultChoice:
    """What is made of a validation: a correction, a verdict, files, and how it is printed."""

    fit: bool
    max_error: float | None
    operators: bool
    output: Path | None
    plot: Path | None
    as_json: bool


def result_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of the result; the command gets them as one `result: ResultChoice`."""

    @_result(
        "--fit",
        is_flag=True,
        help=f"Fit a correction to the nets, {LEAST_NETS} or more, and keep it beside the table.",
    )
    @_result(
        "--max-error",
        type=click.FloatRange(0),
        metavar="PERCENT",
        help="End with exit code 6 if the sum of any net is further off, net of drift where that is known.",
    )
    @_result(
        "--operators",
        is_flag=True,
        help="Also time every operator inside the running nets, and show where the table differs most.",
    )
    @_result("-o", "--output", type=PATH, help="Also write the comparison (JSON).")
    @_result("--plot", type=PATH, help="Also draw times, estimates and errors (needs matplotlib).")
    @_result("--json", "as_json", is_flag=True, help="Print JSON, as --output writes it.")
    @wraps(command)
    def with_result(
        *args: Any,
        fit: bool,
        max_error: float | None,
        operators: bool,
        output: Path | None,
        plot: Path | None,
        as_json: bool,
        **options: Any,
    ) -> Any:
        return command(
            *args, result=ResultChoice(fit, max_error, operators, output, plot, as_json), **options
        )

    return with_result


def net_timing_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how nets are timed; the command gets them as one `timing: NetTiming`."""

    @_timing(
        "--passes",
        type=click.IntRange(1),
        default=DEFAULTS.passes,
        show_default=True,
        help="Visits of each net, well apart in time.",
    )
    @_timing(
        "--iters",
        type=click.IntRange(1),
        default=DEFAULTS.iters,
        show_default=True,
        help="Timed runs a visit.",
    )
    @_timing(
        "--warmup",
        type=click.IntRange(0),
        default=DEFAULTS.warmup,
        show_default=True,
        help="Runs a visit before the timed ones; small nets take several until they are steady.",
    )
    @processor_options("what the table was measured with, else the device's")
    @wraps(command)
    def with_timing(
        *args: Any, passes: int, iters: int, warmup: int, processors: Processors, **options: Any
    ) -> Any:
        return command(*args, timing=NetTiming(passes, iters, warmup, processors), **options)

    return with_timing


@click.command(cls=GroupedCommand)
@click.argument("models", metavar="MODEL...", type=PATH, nargs=-1, required=True)
@table_options(of_device=False)
@missing_options
@device_options(
    "Device", several=False, name_help="The table's name for the device, where it is not the device's own."
)
@result_options
@net_timing_options
@input_dims_option()
@precision_option
@quiet_option
def validate(
    models: tuple[Path, ...],
    chosen: TableChoice,
    missing: MissingChoice,
    devices: DeviceChoice,
    result: ResultChoice,
    timing: NetTiming,
    input_dims: dict[str, tuple[int, ...]] | None,
    precision: str | None,
    quiet: bool,
) -> None:
    """Measure whole nets and say how far the table's sums are from them.

    The nets run on the device that the table is of, with the threads and processors that its operators
    were measured with. Errors are estimate / measured - 1, of medians; what is printed is the plain sum.

    Operators of the table are measured again before and after the nets, as they were for the table. They tell
    whether the device is slower or faster now. Gaps, in which the system has the processor, are watched for,
    since a long net meets some in every run and an operator hardly ever. NO DRIFT is the error without both.
    SCATTERED marks sums that may be too long, since something disturbed the device when the table was made.
    NOT REPEATED marks nets whose operators take more than 5 % more or less when they are measured again.

    --fit keeps a correction beside the table for `lut estimate --calibrated`. The column LEFT OUT says what
    it is worth: each net's error where the fit knew the other nets only.

    --operators runs the nets again with a profile, and puts what each operator takes in them beside its row
    of the table. Profiled runs are slower; by how much is said, and no net's time comes from them.

    \b
    Example:
      bench validate models/*/int8 --device host --lut lut/data/<device>-op_lut_database.json
      bench validate models/*/int8 --lut TABLE --fit -o validation.json --plot validation.png
      bench validate my/net --lut TABLE --max-error 5
      bench validate my/net --lut TABLE --operators -o validation.json
      bench validate net.onnx --precision int8 --engine xnnpack --lut TABLE
    """
    tell = say(quiet)
    _check_options(len({path.resolve() for path in models}), result, missing)
    with ExitStack() as stack:
        [device] = devices.open()
        stack.callback(device.close)
        name = devices.name or device.info.name
        table = replace(chosen, device=devices.name).open(quiet)
        if name not in map(name_measured, table.devices):
            raise ConflictError(
                f"{chosen.path} is of {', '.join(table.devices)}, the device is {name}. Give a table of this "
                f"device, or its name in the table by --device-name."
            )
        content = table.content
        nets = estimate_models(
            table, models, input_dims, precision=precision, interpolate=missing.interpolate
        )
        for net in nets:
            if net.model.unmapped:
                tell(
                    f"{net.name}: neither the sum nor the whole net holds "
                    f"{describe_unmapped(net.model.unmapped)}."
                )
        lacking, ops = list_missing(nets)
        if ops:
            missing.refuse(table, chosen.path, lacking, ops)
        prepared = prepare_validation(
            device,
            table,
            chosen.path,
            nets,
            timing,
            device_name=name,
            watch=Watch(tell),
            check=check_numbers,
        )
        if result.operators:
            need_profile(prepared.program, device.info.serial)
        for remark in prepared.remarks:
            tell(remark)
        with Bar(timing.passes * len(nets), "visit", quiet) as bar:
            measure = partial(
                validate_nets,
                device,
                prepared,
                nets,
                table=chosen.path.name,
                device_name=name,
                watch=Watch(tell if quiet else bar.say),
                progress=bar.set,
            )
            validation = run_apart(measure, device.interrupt)
        if result.operators:
            tell("The operators are timed inside the nets.")
            profile = partial(profile_operators, device, nets, validation, watch=Watch(tell))
            validation = run_apart(profile, device.interrupt)
    calibration: Calibration | None = None
    if result.fit and len(validation.judged) >= LEAST_NETS:
        calibration, validation = calibrate(validation)
    _show(validation, result)
    if calibration is not None:
        sidecar = keep_calibration(calibration, chosen.path, content, tell)
        tell(f"{sidecar}: calibration {calibration.describe()}.")
    _judge(validation, result.fit and calibration is None, result.max_error)


def _check_options(models: int, result: ResultChoice, missing: MissingChoice) -> None:
    """Refuse, before anything is measured, what could not be done with the measurements."""
    if result.fit and models < LEAST_NETS:
        raise click.UsageError(f"--fit needs {LEAST_NETS} or more nets; there are {models}.")
    if result.fit and missing.interpolate:
        raise click.UsageError("--fit needs measured operators: it does not go with --missing interpolate.")
    if result.plot is not None:
        need_matplotlib()


def _show(validation: Validation, result: ResultChoice) -> None:
    """Print a validation, and write the files that are asked for."""
    if result.as_json:
        text = format_validation(validation)
    else:
        text = describe_validation(validation) + describe_profiles(validation)
    echo(text, nl=False)
    if result.output is not None:
        write_validation(validation, result.output)
    if result.plot is not None:
        from lut.validation import plot_validation  # matplotlib, which nothing else should wait for

        plot_validation(validation, result.plot)


def _judge(validation: Validation, unfitted: bool, max_error: float | None) -> None:
    """End with what went wrong, if anything did."""
    sentences = []
    if validation.failed:
        names = ", ".join(net.net for net in validation.failed)
        sentences.append(
            f"{len(validation.failed)} of {len(validation.nets)} nets could not be measured: {names}."
        )
    if unfitted:
        sentences.append(f"No calibration was made: it needs {LEAST_NETS} measured nets.")
    if validation.disturbed:
        names = ", ".join(net.net for net in validation.disturbed)
        sentences.append(
            f"{len(validation.disturbed)} of {len(validation.nets)} nets were measured while something "
            f"disturbed the device, and say nothing of the table: {names}."
        )
    if max_error is not None:
        beyond = [
            f"{net.net} ({error:+.1%})"
            for net in validation.judged
            if (error := validation.judge(net)) is not None and abs(error) * 100 > max_error
        ]
        if beyond:
            sentences.append(f"Further off than {max_error:g} %: {', '.join(beyond)}.")
    if sentences:
        raise FailedError(" ".join(sentences))
