"""How long a plan will take on a device, judged from a run that was made there.

The time of an operator is taken as proportional to its multiply-adds and bytes, at the speed that the
run's operators of the same kind had. That is rough for a single operator and good enough for a sum.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lut.entries import Measurement, RunConfig, Segment
from lut.errors import FileError
from lut.journal import read_journal
from lut.ops import OpSpec, bytes_moved, multiply_adds

__all__ = ["Forecaster", "learn"]

_OVERHEAD = 1.15
"""A run's time over the time inside the engine: loading nets, writing the journal."""

OpKind = tuple[str, bool]


@dataclass(frozen=True)
class Forecaster:
    """The speed of a device in a configuration: nanoseconds for a multiply-add or byte, by kind."""

    device: str
    config: RunConfig
    learnt_from: int
    ns_per_unit: dict[OpKind, float]
    ns_per_unit_overall: float
    least_ns: float

    def run_ns(self, op: OpSpec) -> float:
        """Forecast one run of the operator, in nanoseconds."""
        return max(self.least_ns, _units(op) * self.ns_per_unit.get(_kind(op), self.ns_per_unit_overall))

    def campaign_s(self, run_ns: float) -> float:
        """Forecast `bench run`, in seconds, for operators whose single runs sum up to `run_ns`."""
        runs = self.config.passes * (self.config.warmup + self.config.iters)
        return _OVERHEAD * runs * run_ns / 1e9


def learn(run: Path, warn: Callable[[str], None] = lambda _: None) -> Forecaster:
    """Learn from a run's journal, which must be of one device and configuration.

    `warn` hears of lines that are damaged and left out.

    Raises:
        FileError: it can't be read, or holds no measurement.
    """
    segment: Segment | None = None
    times: defaultdict[OpSpec, list[float]] = defaultdict(list)
    for entry in read_journal(run, warn):
        if isinstance(entry, Segment):
            segment = entry
        elif isinstance(entry, Measurement):
            times[entry.op].append(sum(entry.samples_ns) / len(entry.samples_ns))
    if segment is None or not times:
        raise FileError(f"{run} holds no measurement to judge a device by. `bench run` makes one.")
    spent: defaultdict[OpKind, float] = defaultdict(float)
    units: defaultdict[OpKind, int] = defaultdict(int)
    least = float("inf")
    for op, means in times.items():
        mean = sum(means) / len(means)
        spent[_kind(op)] += mean
        units[_kind(op)] += _units(op)
        least = min(least, mean)
    return Forecaster(
        device=segment.device.name,
        config=segment.config,
        learnt_from=len(times),
        ns_per_unit={kind: spent[kind] / units[kind] for kind in spent},
        ns_per_unit_overall=sum(spent.values()) / sum(units.values()),
        least_ns=least,
    )


def _kind(op: OpSpec) -> OpKind:
    """Depthwise convolutions make a multiply-add several times as slowly as others of their type."""
    depthwise = len(op.inputs) > 1 and op.arg("group", 1) == op.inputs[1].shape[0]
    return op.op_type, depthwise


def _units(op: OpSpec) -> int:
    return multiply_adds(op) + bytes_moved(op)
