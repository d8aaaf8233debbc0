"""Holding a table against whole nets: estimate them, measure them on the device, put both side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path

from bench.campaign.drift_sample import DriftSample, measure_drift
from bench.campaign.model_nets import build_model_nets
from bench.device_runner import UNWATCHED, Device, NetRuns, Watch, measure_nets
from lut.entries import ProgramInfo, RunConfig
from lut.frontends import load_model, name_models
from lut.journal import take_percentiles_us
from lut.ops import OpSpec, bytes_moved
from lut.sidecar import Setting
from lut.table import Estimate, LutTable
from lut.validation import NetComparison, Validation

__all__ = ["DEFAULTS", "EstimatedNet", "choose_config", "estimate_models", "list_missing", "validate_nets"]

DEFAULTS = RunConfig(passes=6, iters=4, warmup=8, canary_share=0.15)
"""Short passes: a phase in which the machine is slow then takes a few runs of every net, not one net.
Small nets need about eight runs until their time is steady."""


@dataclass(frozen=True)
class EstimatedNet:
    """A model to be measured: its name in reports, its folder, and what the table says of it."""

    name: str
    path: Path
    estimate: Estimate


def estimate_models(
    table: LutTable,
    models: Iterable[Path],
    input_dims: Mapping[str, tuple[int, ...]] | None = None,
    *,
    interpolate: bool = False,
) -> tuple[EstimatedNet, ...]:
    """Estimate models from a table, each once.

    Raises:
        ModelError: one is absent or can't be understood.
    """
    paths = list({path.resolve(): path for path in models}.values())
    return tuple(
        EstimatedNet(name, path, table.estimate(load_model(path, input_dims).ops, interpolate=interpolate))
        for name, path in zip(name_models(paths), paths, strict=True)
    )


def list_missing(nets: Iterable[EstimatedNet]) -> tuple[tuple[str, ...], tuple[OpSpec, ...]]:
    """Give the names of the nets with operators that have no time, and these operators, each once."""
    lacking = [net for net in nets if net.estimate.missing]
    ops = dict.fromkeys(op for net in lacking for op in net.estimate.missing)
    return tuple(net.name for net in lacking), tuple(ops)


def choose_config(
    device: Device,
    setting: Setting | None,
    counts: RunConfig,
    threads: int | None,
    cpus: str | None,
    announce: Callable[[str], None] = lambda _: None,
) -> RunConfig:
    """Choose threads and processors: those given, else those of the table, else the device's own.

    Args:
        device: where the nets will run.
        setting: what the table was measured with, if that is known.
        counts: gives everything else.
        threads: given by the user, or None.
        cpus: given by the user as a hexadecimal mask, or None.
        announce: hears which processors are taken where others keep the usual ones busy.
    """
    count = threads or (setting.threads if setting else device.default_threads)
    if cpus is None:
        # Another number of threads does not fit the table's processors.
        known = setting is not None and setting.threads == count
        cpus = setting.cpus if setting and known else device.choose_cpus(count, announce)
    return replace(counts, threads=count, cpus=cpus)


def validate_nets(
    device: Device,
    program: ProgramInfo,
    nets: Sequence[EstimatedNet],
    config: RunConfig,
    *,
    table: str,
    sample: DriftSample | None = None,
    device_name: str | None = None,
    input_dims: Mapping[str, tuple[int, ...]] | None = None,
    watch: Watch = UNWATCHED,
    progress: Callable[[int], None] = lambda _: None,
) -> Validation:
    """Measure nets whole and compare each with its estimate, whose sum is taken as it is.

    A net that the engine refuses or crashes on is a row with the reason.

    Args:
        device: prepared by `prepare`, which gave `program`.
        program: recorded with the figures.
        nets: estimated without a missing operator.
        config: how to time them.
        table: the table's file name, for the record.
        sample: operators of the table to measure again before and after the nets, for the drift since the
            table was made; see `bench.campaign.drift_sample`.
        device_name: recorded where the device's own name would be.
        input_dims: the inputs' shapes, where the models do not say.
        watch: who hears of it, and when the program counts as hung.
        progress: hears the number of visits done.

    Raises:
        DeviceError: the device can't be used, or was lost for good.
        ModelError: a model can't be read.
    """
    started = datetime.now(timezone.utc).isoformat(timespec="seconds")
    ids = [f"net{number}" for number in range(len(nets))]
    built = [build_model_nets(net_id, net.path, input_dims) for net_id, net in zip(ids, nets, strict=True)]
    measure = partial(measure_drift, device, program, watch=watch)
    before = measure(sample, seed=0) if sample else None
    runs = measure_nets(
        device,
        built,
        config,
        program=program,
        sizes={net_id: _estimate_bytes(net) for net_id, net in zip(ids, nets, strict=True)},
        watch=watch,
        progress=progress,
    )
    after = measure(sample, seed=1) if sample else None
    return Validation(
        device_name or device.info.name,
        table,
        started,
        config,
        program,
        tuple(_compare(net, runs[net_id]) for net_id, net in zip(ids, nets, strict=True)),
        before,
        after,
    )


def _estimate_bytes(net: EstimatedNet) -> int:
    """Judge the memory of a loaded net, with some to spare: what lies between two operators counts twice."""
    return sum(bytes_moved(row.op) for row in net.estimate.rows)


def _compare(net: EstimatedNet, runs: NetRuns) -> NetComparison:
    estimate = net.estimate
    return NetComparison(
        net.name,
        len(estimate.rows),
        None if runs.failure is not None else take_percentiles_us(sorted(runs.samples_ns)),
        estimate.known_us,
        estimate.predicted_us,
        failure=runs.failure,
        spoilt_by=runs.spoilt_by,
    )
