"""Many nets at once: their sums, and what the table lacks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import nan
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lut.frontends import Model, Net, list_net_ops, load_net
from lut.ops import OpSpec
from lut.table.estimate import Row

__all__ = ["Totals", "sum_nets"]

Find: TypeAlias = Callable[[OpSpec], Row]


@dataclass(frozen=True)
class Totals:
    """The latencies of many nets in microseconds, in their order.

    A net with an operator that the table lacks, or with a node that no operator stands for, has no latency:
    it is NaN there, so that no sum, minimum or comparison takes it for one. `missing` says, for each operator
    that was lacking, how many nets have it.
    """

    total_us: NDArray[np.float64]
    missing: dict[OpSpec, int]


def sum_nets(find: Find, nets: Iterable[Net], *, fused: bool = False) -> Totals:
    """Sum the operators' medians of each net, whose rows `find` gives; see `LutTable.estimate_many`.

    `fused` says that models and NetDefs are seen as an engine runs them that fuses activations.
    """
    times: dict[bytes, float] = {}
    totals: list[float] = []
    missing: dict[OpSpec, int] = {}
    for net in map(load_net, nets):
        ops = list_net_ops(net, fused=fused)
        if isinstance(net, Model) and net.unmapped:
            totals.append(nan)
            continue
        try:
            totals.append(sum([times[op.digest] for op in ops]))
        except KeyError:
            totals.append(_sum_new(find, ops, times, missing))
    return Totals(np.array(totals, dtype=np.float64), missing)


def _sum_new(
    find: Find,
    ops: Iterable[OpSpec],
    times: dict[bytes, float],
    missing: dict[OpSpec, int],
) -> float:
    """Sum a net with operators that were not met before."""
    found = {op.digest: (op, find(op).runtime_us) for op in ops}
    lacking = [op for op, runtime in found.values() if runtime is None]
    for op in lacking:
        missing[op] = missing.get(op, 0) + 1
    times.update({digest: runtime for digest, (_, runtime) in found.items() if runtime is not None})
    return nan if lacking else sum([times[op.digest] for op in ops])
