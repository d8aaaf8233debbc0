"""Holding a table against whole nets: estimate them, measure them on the device, put both side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path

from msgspec import structs

from bench.campaign.drift_sample import DriftSample, Remeasurement, choose_sample, measure_again
from bench.campaign.facts import compare_facts
from bench.campaign.fleet import Check, no_check
from bench.campaign.protocol import Processors
from bench.device_runner import UNWATCHED, Device, NetRuns, Watch, measure_nets
from lut.entries import ProgramInfo, RunConfig
from lut.journal import take_percentiles_us
from lut.ops import OpSpec, bytes_moved
from lut.sidecar import Setting, describe_setting, read_config, read_setting
from lut.table import Estimate, EstimatedModel, LutTable
from lut.validation import NetComparison, Validation

__all__ = [
    "DEFAULTS",
    "NetTiming",
    "Preparation",
    "list_missing",
    "prepare_validation",
    "validate_nets",
]

DEFAULTS = RunConfig(passes=6, iters=4, warmup=8, canary_share=0.1)
"""Short passes: a phase in which the machine is slow then takes a few runs of every net, not one net.
Small nets need about eight runs until their time is steady."""

_ENOUGH = 0.5
"""This share of a net's time has to be measured again to tell whether the table's times repeat."""


def list_missing(nets: Iterable[EstimatedModel]) -> tuple[tuple[str, ...], tuple[OpSpec, ...]]:
    """Give the names of the nets with operators that have no time, and these operators, each once."""
    lacking = [net for net in nets if net.estimate.missing]
    ops = dict.fromkeys(op for net in lacking for op in net.estimate.missing)
    return tuple(net.name for net in lacking), tuple(ops)


@dataclass(frozen=True)
class NetTiming:
    """How nets are asked to be timed."""

    passes: int = DEFAULTS.passes
    iters: int = DEFAULTS.iters
    warmup: int = DEFAULTS.warmup
    processors: Processors = field(default_factory=Processors)


@dataclass(frozen=True)
class Preparation:
    """What nets are measured with, and the operators of the table that tell of drift.

    `remarks` say what this measurement does not share with the table's.
    """

    program: ProgramInfo
    config: RunConfig
    sample: DriftSample | None
    remarks: tuple[str, ...] = ()


def prepare_validation(
    device: Device,
    table: LutTable,
    table_file: Path,
    nets: Sequence[EstimatedModel],
    timing: NetTiming,
    *,
    device_name: str,
    watch: Watch = UNWATCHED,
    check: Check = no_check,
) -> Preparation:
    """Prepare a device to measure nets as the operators of a table were measured.

    Args:
        device: where the nets will run.
        table: whose sums are held against them.
        table_file: its file; the sidecar next to it says how it was measured.
        nets: estimated from the table.
        timing: what is asked for; threads and processors are else those of the table.
        device_name: whose records of the table count.
        watch: who hears of it.
        check: refuses a prepared device that should not be measured on; see `bench.numbers`.

    Raises:
        ConflictError: the table's operators were measured with several settings, and none was asked for.
        DeviceError: the device can't be used.
        FileError: the table's sidecar can't be read.
    """
    asked = timing.processors
    setting = read_setting(table.sidecar, str(table_file), mixed=bool(asked.threads and asked.cpus))
    program = device.prepare(watch.announce)
    check(device, program, watch.announce)
    own = program.kind == "speed_benchmark"
    known = None if setting is None else Processors(setting.threads, setting.cpus)
    if known is not None and asked.threads is None:
        asked = replace(asked, threads=known.threads)
    threads, cpus = asked.choose(device, known, watch.announce)
    config = RunConfig(
        passes=timing.passes,
        iters=timing.iters,
        warmup=timing.warmup,
        threads=threads,
        cpus=cpus,
        canary_share=DEFAULTS.canary_share if own else 0,
    )
    table_config = read_config(table.sidecar) if own else None
    sample = None
    if table_config is not None:
        ops = ([row.op for row in net.estimate.rows] for net in nets)
        by_nets = device.engine.shares_activations
        sample = choose_sample(table, ops, table_config, device_name, by_nets=by_nets)
    remarks = [*_compare_settings(table_file, setting, config, program)]
    segments = () if table.sidecar is None else table.sidecar.segments
    if changed := compare_facts((each.device for each in segments), device.info):
        remarks.append(f"The device is not as it was when {table_file.name} was measured: {changed}.")
    return Preparation(program, config, sample, tuple(remarks))


def _compare_settings(
    table: Path, setting: Setting | None, config: RunConfig, program: ProgramInfo
) -> tuple[str, ...]:
    """Say what the nets' measurement does not share with the table's, as far as that is known."""
    here = describe_setting(config.threads, config.cpus)
    if setting is None:
        return (f"How {table.name} was measured is not known: the nets run with {here}.",)
    remarks = []
    if (config.threads, config.cpus) != (setting.threads, setting.cpus):
        there = describe_setting(setting.threads, setting.cpus)
        remarks.append(
            f"{table.name} was measured with {there}, the nets run with {here}: "
            f"the errors include that difference."
        )
    if program.sha256 not in setting.programs:
        theirs = ", ".join(sorted(sha256[:12] for sha256 in setting.programs))
        remarks.append(
            f"{table.name} was measured by a different program ({theirs}) from the one that runs the nets "
            f"({program.sha256[:12]}): the errors include that difference."
        )
    return tuple(remarks)


def validate_nets(
    device: Device,
    prepared: Preparation,
    nets: Sequence[EstimatedModel],
    *,
    table: str,
    device_name: str | None = None,
    watch: Watch = UNWATCHED,
    progress: Callable[[int], None] = lambda _: None,
) -> Validation:
    """Measure nets whole and compare each with its estimate, whose sum is taken as it is.

    A net that the engine refuses or crashes on is a row with the reason.

    Args:
        device: as `prepare_validation` left it.
        prepared: what that gave. Its sample is measured before and after the nets, for the drift since the
            table was made; see `bench.campaign.drift_sample`.
        nets: estimated without a missing operator.
        table: the table's file name, for the record.
        device_name: recorded where the device's own name would be.
        watch: who hears of it, and when the program counts as hung.
        progress: hears the number of visits done.

    Raises:
        DeviceError: the device can't be used, or was lost for good.
        ModelError: a model can't be read.
    """
    started = datetime.now(timezone.utc).isoformat(timespec="seconds")
    ids = [f"net{number}" for number in range(len(nets))]
    built = [device.engine.lower_model(net_id, net.model) for net_id, net in zip(ids, nets, strict=True)]
    program, config, sample = prepared.program, prepared.config, prepared.sample
    measure = partial(measure_again, device, program, watch=watch)
    again = [measure(sample, seed=0)] if sample else []
    runs = measure_nets(
        device,
        built,
        config,
        program=program,
        sizes={net_id: _estimate_bytes(net) for net_id, net in zip(ids, nets, strict=True)},
        watch=watch,
        progress=progress,
    )
    again += [measure(sample, seed=1)] if sample else []
    before, after = (each.drift for each in again) if again else (None, None)
    return Validation(
        device_name or device.info.name,
        table,
        started,
        config,
        program,
        tuple(_compare(net, runs[net_id], again) for net_id, net in zip(ids, nets, strict=True)),
        before,
        after,
    )


def _estimate_bytes(net: EstimatedModel) -> int:
    """Judge the memory of a loaded net, with some to spare: what lies between two operators counts twice."""
    return sum(bytes_moved(row.op) for row in net.estimate.rows)


def _compare(net: EstimatedModel, runs: NetRuns, again: Sequence[Remeasurement]) -> NetComparison:
    estimate = net.estimate
    compared = NetComparison(
        net.name,
        len(estimate.rows),
        None if runs.failure is not None else take_percentiles_us(sorted(runs.samples_ns)),
        estimate.known_us,
        estimate.predicted_us,
        failure=runs.failure,
        spoilt_by=runs.spoilt_by,
        scatter=estimate.scatter,
        repetition=_compare_again(estimate, again),
    )
    if compared.p50_us is None or not runs.gaps:
        return compared
    take = runs.gaps.take_typical
    in_operators = sum(take(1000 * (row.runtime_us or 0.0)) for row in estimate.rows)
    return structs.replace(compared, gaps_us=max(0.0, take(1000 * compared.p50_us) - in_operators) / 1000)


def _compare_again(estimate: Estimate, again: Sequence[Remeasurement]) -> float | None:
    """Give how many times as long a net's operators take today; None where too few of them are known."""
    sums_us = [each.sum_up(row.op for row in estimate.rows) for each in again]
    if not sums_us or any(then_us < _ENOUGH * estimate.known_us for then_us, _ in sums_us):
        return None
    return sum(now_us for _, now_us in sums_us) / sum(then_us for then_us, _ in sums_us)
