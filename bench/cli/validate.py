"""The command `bench validate`: a table held against whole nets that are measured for it."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import click

from bench.campaign import (
    DEFAULTS,
    choose_config,
    choose_devices,
    choose_sample,
    estimate_models,
    list_missing,
    run_apart,
    validate_nets,
)
from bench.cli.device_options import device_name_option, phone_options, setting_options
from bench.device_runner import PhoneOptions, Watch
from lut.cli import (
    Bar,
    TableChoice,
    input_dims_option,
    missing_option,
    missing_out_option,
    quiet_option,
    refuse_missing,
    say,
)
from lut.entries import ProgramInfo, RunConfig
from lut.errors import ConflictError, FailedError
from lut.estimation import Calibration, write_calibration
from lut.ops import MATCHES
from lut.sidecar import Setting, describe_setting, read_config, read_setting
from lut.validation import (
    LEAST_NETS,
    Validation,
    calibrate,
    describe_validation,
    format_validation,
    write_validation,
)

__all__ = ["validate"]

PATH = click.Path(path_type=Path)


@click.command()
@click.argument("models", metavar="MODEL...", type=PATH, nargs=-1, required=True)
@click.option("--lut", "table_file", type=PATH, required=True, help="The table.")
@click.option(
    "--device",
    "serial",
    metavar="SERIAL",
    help="A serial, or tcp:HOST:PORT. Default: the one phone, else the host.",
)
@device_name_option("The table's name for the device, where it is not the device's own.")
@phone_options
@click.option(
    "--match",
    type=click.Choice(list(MATCHES)),
    default="exact",
    show_default=True,
    help="canonical: other spellings of the same arguments are the same operator.",
)
@input_dims_option()
@click.option(
    "--passes",
    type=click.IntRange(1),
    default=DEFAULTS.passes,
    show_default=True,
    help="Visits of each net, well apart in time.",
)
@click.option(
    "--iters", type=click.IntRange(1), default=DEFAULTS.iters, show_default=True, help="Timed runs a visit."
)
@click.option(
    "--warmup",
    type=click.IntRange(0),
    default=DEFAULTS.warmup,
    show_default=True,
    help="Runs a visit before the timed ones; small nets take several until they are steady.",
)
@setting_options("what the table was measured with, else the device's")
@missing_option
@missing_out_option
@click.option(
    "--fit",
    is_flag=True,
    help=f"Fit a correction to the nets, {LEAST_NETS} or more, and keep it beside the table.",
)
@click.option(
    "--max-error",
    type=click.FloatRange(0),
    metavar="PERCENT",
    help="End with exit code 6 if the sum of any net is further off, net of drift where that is known.",
)
@click.option("-o", "--output", type=PATH, help="Also write the comparison (JSON).")
@click.option("--plot", type=PATH, help="Also draw estimates against measurements (needs matplotlib).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, as --output writes it.")
@quiet_option
def validate(
    models: tuple[Path, ...],
    table_file: Path,
    serial: str | None,
    device_name: str | None,
    way: str,
    phones: PhoneOptions,
    match: str,
    input_dims: dict[str, tuple[int, ...]] | None,
    passes: int,
    iters: int,
    warmup: int,
    threads: int | None,
    cpus: str | None,
    missing: str,
    missing_out: Path | None,
    fit: bool,
    max_error: float | None,
    output: Path | None,
    plot: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Measure whole nets and say how far the table's sums are from them.

    The nets run on the device that the table is of, with the threads and processors that its operators
    were measured with. Errors are estimate / measured - 1, of medians; what is printed is the plain sum.

    Operators of the table are measured again before and after the nets, as they were for the table. They tell
    whether the device is slower or faster now: NO DRIFT is the error had it stayed as it was.

    --fit keeps a correction beside the table for `lut estimate --calibrated`. The column LEFT OUT says what
    it is worth: each net's error where the fit knew the other nets only.

    \b
    Example:
      bench validate models/*/int8 --device host --lut lut/data/<device>-op_lut_database.json
      bench validate models/*/int8 --lut TABLE --fit -o validation.json --plot validation.png
      bench validate my/net --lut TABLE --max-error 5
    """
    tell = say(quiet)
    _check_options(len({path.resolve() for path in models}), fit, missing, plot)
    with ExitStack() as stack:
        [device] = choose_devices([serial] if serial else [], False, way, phones)
        stack.callback(device.close)
        table = TableChoice(table_file, device_name, match).open(quiet)
        name = device_name or device.info.name
        if name not in table.devices:
            raise ConflictError(
                f"{table_file} is of {', '.join(table.devices)}, the device is {name}. Give a table of this "
                f"device, or by --device-name the table's name for it."
            )
        nets = estimate_models(table, models, input_dims, interpolate=missing == "interpolate")
        lacking, ops = list_missing(nets)
        if ops:
            reasons = table.refusals(ops) if missing == "interpolate" else {}
            refuse_missing(table_file, lacking, ops, reasons, missing_out)
        setting = read_setting(table_file, mixed=bool(threads and cpus))
        canary_share = 0 if phones.binary else DEFAULTS.canary_share
        counts = RunConfig(passes=passes, iters=iters, warmup=warmup, canary_share=canary_share)
        config = choose_config(device, setting, counts, threads, cpus, tell)
        table_config = None if phones.binary else read_config(table_file)
        sample = None
        if table_config is not None:
            sample = choose_sample(
                table, ([row.op for row in net.estimate.rows] for net in nets), table_config, name
            )
        program = device.prepare(tell)
        for remark in _compare_settings(table_file, setting, config, program):
            tell(remark)
        with Bar(passes * len(nets), "visit", quiet) as bar:
            measure = partial(
                validate_nets,
                device,
                program,
                nets,
                config,
                table=table_file.name,
                sample=sample,
                device_name=name,
                input_dims=input_dims,
                watch=Watch(say(quiet) if quiet else bar.say),
                progress=bar.set,
            )
            validation = run_apart(measure, device.interrupt)
    calibration: Calibration | None = None
    if fit and len(validation.judged) >= LEAST_NETS:
        calibration, validation = calibrate(validation)
    click.echo(format_validation(validation) if as_json else describe_validation(validation), nl=False)
    if output is not None:
        write_validation(validation, output)
    if plot is not None:
        from lut.validation import plot_validation  # matplotlib, which nothing else should wait for

        plot_validation(validation, plot)
    if calibration is not None:
        sidecar = write_calibration(calibration, table_file)
        tell(f"{sidecar}: calibration {calibration.describe()}.")
    _judge(validation, fit and calibration is None, max_error)


def _check_options(models: int, fit: bool, missing: str, plot: Path | None) -> None:
    """Refuse, before anything is measured, what could not be done with the measurements."""
    if fit and models < LEAST_NETS:
        raise click.UsageError(f"--fit needs {LEAST_NETS} or more nets; there are {models}.")
    if fit and missing == "interpolate":
        raise click.UsageError("--fit needs measured operators: it does not go with --missing interpolate.")
    if plot is not None and find_spec("matplotlib") is None:
        raise click.UsageError(
            "--plot needs matplotlib, which is not installed: pip install 'cnn-latency-lut[plot]'."
        )


def _compare_settings(
    table: Path, setting: Setting | None, config: RunConfig, program: ProgramInfo
) -> list[str]:
    """Say what the nets' measurement does not share with the table's, as far as that is known."""
    here = describe_setting(config.threads, config.cpus)
    if setting is None:
        return [f"No one setting is known that {table.name} was measured with: the nets run with {here}."]
    remarks = []
    if (config.threads, config.cpus) != (setting.threads, setting.cpus):
        there = describe_setting(setting.threads, setting.cpus)
        remarks.append(
            f"{table.name} was measured with {there}, the nets run with {here}: errors hold that too."
        )
    if program.sha256 not in setting.programs:
        theirs = ", ".join(sorted(sha256[:12] for sha256 in setting.programs))
        remarks.append(
            f"{table.name} was measured by another program ({theirs}) than runs the nets "
            f"({program.sha256[:12]}): errors hold that too."
        )
    return remarks


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
