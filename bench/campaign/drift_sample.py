"""A sample of a table's own operators, measured again: what has become of the device since."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from msgspec.structs import replace

from bench.device_runner import UNWATCHED, Block, Device, Watch, run_block, split_into_companies
from lut.drift import Drift, compare_times, is_telling
from lut.engines import name_measured
from lut.entries import Measurement, ProgramInfo, RunConfig, Segment
from lut.errors import ModelError
from lut.journal import Pools
from lut.ops import OpSpec, bytes_moved
from lut.plan import Origin
from lut.table import LutTable

__all__ = ["DriftSample", "Remeasurement", "choose_sample", "measure_again"]

_WINDOWS = 4
"""Groups of neighbours in size, spread over the nets' time; or so many nets."""

_SHORT_US = 3_000_000
"""All nets are measured again where the runs of their operators take no longer than this."""

_ALONE = 60
"""Operators in the sample where each is measured by itself."""

_MOST_PASSES = 3
"""A table is made of visits in turns that were quick: where there is but one, slow phases look like drift."""

_MOST_RECORDS = 50_000
"""Of a larger table only the nets' own operators are looked at: reading it all would take longer."""


@dataclass(frozen=True)
class DriftSample:
    """Operators to be measured again as the table's were, and their medians then, in microseconds.

    `origins` are the nets of those that take turns with the operators of their net, by their ids.
    """

    config: RunConfig
    then_us: Mapping[OpSpec, float]
    origins: Mapping[str, Origin] = field(default_factory=dict)


@dataclass(frozen=True)
class Remeasurement:
    """A sample's medians in the table, and those of today of what could be measured undisturbed."""

    then_us: Mapping[OpSpec, float]
    now_us: Mapping[OpSpec, float]

    @property
    def drift(self) -> Drift | None:
        """How the device has changed; None where too little could be measured."""
        return compare_times((self.then_us[op], now_us) for op, now_us in self.now_us.items())

    def sum_up(self, ops: Iterable[OpSpec]) -> tuple[float, float]:
        """Give what those of a net's operators that were measured again took then and take now, in sum."""
        again = [op for op in ops if op in self.now_us]
        return sum(self.then_us[op] for op in again), sum(self.now_us[op] for op in again)


def choose_sample(
    table: LutTable,
    nets: Iterable[Sequence[OpSpec]],
    config: RunConfig,
    device_name: str,
    *,
    by_nets: bool = False,
) -> DriftSample:
    """Choose operators that tell how a device's speed has changed for these nets.

    Operators that took turns did so with their neighbours in size, or on an engine that shares activations
    with those of their net, and have to do so again: the sample is of whole groups, around the operators in
    which the nets spend their time, or of whole nets.

    Args:
        table: whose times are compared with.
        nets: each net's operators, repetitions included.
        config: how the table was measured.
        device_name: whose records of the table count.
        by_nets: whether operators take turns with those of their net.
    """
    nets = list(nets)
    config = replace(config, passes=min(config.passes, _MOST_PASSES))
    uses = Counter(op for net in nets for op in net)
    whole = len(table) <= _MOST_RECORDS
    records = (
        OpSpec.from_key(record.key)
        for record in table.measured
        if name_measured(record.device) == device_name
    )
    then_us = {}
    for op in set(records) if whole else uses:
        row = table.find(op)
        if row.key == op.key and row.runtime_us:
            then_us[op] = row.runtime_us
    if by_nets and config.turns > 1:
        return _take_nets(nets, then_us, config)
    chosen: dict[OpSpec, float] = {}
    for company in split_into_companies(_leave_out_strangers(then_us), config.turns):
        time_us = [uses[op] * then_us[op] for op in company.ops]
        for op in _take_windows(company.ops, time_us, company.turns):
            chosen[op] = then_us[op]
    return DriftSample(config, chosen)


def _take_nets(
    nets: Sequence[Sequence[OpSpec]], then_us: Mapping[OpSpec, float], config: RunConfig
) -> DriftSample:
    """Take the operators of all nets, or of a few, the shortest and the longest too, if all took long."""
    known = [[op for op in dict.fromkeys(net) if op in then_us] for net in nets]
    ordered = sorted(range(len(nets)), key=lambda number: sum(then_us[op] for op in known[number]))
    runs = config.passes * (config.warmup + config.iters)
    is_short = runs * sum(then_us[op] for op in {op for net in known for op in net}) <= _SHORT_US
    count = len(ordered) if is_short else min(_WINDOWS, len(ordered))
    taken = [ordered[round(place * (len(ordered) - 1) / max(1, count - 1))] for place in range(count)]
    origins: dict[str, Origin] = {}
    for number in taken:
        origin = Origin.of(f"net{number}", nets[number])
        origins |= {op.id: origin for op in known[number] if op.id not in origins}
    chosen = {op: then_us[op] for net in known for op in net if op.id in origins}
    return DriftSample(config, chosen, origins)


def _leave_out_strangers(ops: Iterable[OpSpec]) -> list[OpSpec]:
    """Leave out what no rule of ours fits, which a table may hold: it can't be measured again."""
    known = []
    for op in ops:
        try:
            bytes_moved(op)
        except ModelError:
            continue
        known.append(op)
    return known


def _take_windows(ops: Sequence[OpSpec], time_us: Sequence[float], width: int) -> list[OpSpec]:
    """Take windows of so many neighbours in the order of turns around the quantiles of the time."""
    passed = list(accumulate(time_us))
    if not passed or not passed[-1]:
        return []
    count = _WINDOWS if width > 1 else _ALONE
    taken: set[int] = set()
    for number in range(count):
        aim = (number + 0.5) / count * passed[-1]
        center = next(index for index, sum_us in enumerate(passed) if sum_us >= aim)
        first = max(0, min(center - width // 2, len(ops) - width))
        taken |= set(range(first, min(first + width, len(ops))))
    return [ops[index] for index in sorted(taken)]


def measure_again(
    device: Device,
    program: ProgramInfo,
    sample: DriftSample,
    *,
    seed: int = 0,
    watch: Watch = UNWATCHED,
) -> Remeasurement:
    """Measure a sample again as the table's operators were measured.

    Args:
        device: prepared by `prepare`, which gave `program`.
        program: what measures.
        sample: chosen by `choose_sample`.
        seed: decides the order of operators.
        watch: who hears of it, and when an operator counts as hung.

    Raises:
        DeviceError: the device can't be used, or was lost for good.
        StoppedError: it was interrupted.
    """
    segment = Segment(device.info, program, sample.config)
    passes = range(sample.config.passes)
    block = Block({op: set(passes) for op in sample.then_us}, sample.origins)
    pools = Pools()
    for visit in run_block(device, segment, block, seed, watch=watch):
        outcome = visit.outcome
        if isinstance(outcome, Measurement) and is_telling(outcome.conditions):
            pools.add(outcome)
    now_us = {op: pools.median_us(op.key) for op in sample.then_us if op.key in pools}
    return Remeasurement(sample.then_us, now_us)
