"""Holding the rows of a table against the operators inside the running nets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, chain, pairwise
from statistics import median, median_grouped

from msgspec import structs

from bench.device_runner import UNWATCHED, Device, NetProfiled, Watch, profile_nets
from bench.engines import NetSource
from lut.entries import ProgramInfo
from lut.errors import ConflictError
from lut.table import EstimatedModel
from lut.validation import NetComparison, NetProfile, ProfiledOperator, Validation

__all__ = ["need_profile", "profile_operators"]

_MOST_VISITS = 3
"""So many visits of a net at most: each loads it twice."""


def need_profile(program: ProgramInfo, serial: str) -> None:
    """Raise unless a program can time operators inside a net; to be asked before anything is measured.

    Raises:
        ConflictError: it is another than ours.
    """
    if program.kind != "speed_benchmark":
        raise ConflictError(
            f"The program on {serial} ({program.kind}) tells no times of operators inside a net. Leave "
            f"--operators out, or use the benchmark program that `bench build` makes."
        )


def profile_operators(
    device: Device, nets: Sequence[EstimatedModel], validation: Validation, *, watch: Watch = UNWATCHED
) -> Validation:
    """Give the validation with the operators of every net that could be measured, timed inside its runs.

    The times of the nets stay those of plain runs.

    Args:
        device: which the nets were measured on, still prepared, with a program that `need_profile` lets pass.
        nets: those of the validation, in its order.
        validation: as `validate_nets` gave it; its configuration is the profile's.
        watch: who hears of it, and when the program counts as hung.

    Raises:
        DeviceError: the device can't be used, or was lost for good.
        StoppedError: the device was interrupted.
    """
    config = structs.replace(
        validation.config, passes=min(validation.config.passes, _MOST_VISITS), canary_share=0
    )
    sources = [
        device.engine.lower_model(f"net{number}", net.model)
        for number, (net, compared) in enumerate(zip(nets, validation.nets, strict=True))
        if compared.measured_us is not None
    ]
    found = profile_nets(device, sources, config, watch=watch)
    lowered = {source.id: source for source in sources}
    return structs.replace(
        validation,
        nets=tuple(
            _add(compared, net, lowered[f"net{number}"], found[f"net{number}"])
            if f"net{number}" in found
            else compared
            for number, (net, compared) in enumerate(zip(nets, validation.nets, strict=True))
        ),
    )


def _add(
    compared: NetComparison, net: EstimatedModel, source: NetSource, found: tuple[NetProfiled, ...] | str
) -> NetComparison:
    if isinstance(found, str):
        return structs.replace(compared, profile_failure=found)
    return structs.replace(compared, profile=_sum_up(net, source, found))


def _sum_up(net: EstimatedModel, source: NetSource, visits: Sequence[NetProfiled]) -> NetProfile:
    rows = net.estimate.rows
    places = list(pairwise(accumulate(source.nodes, initial=0)))
    return NetProfile(
        runs=sum(len(visit.profiled_ns) for visit in visits),
        resolution_us=max(visit.resolution_ns for visit in visits) / 1000,
        plain_us=_take_median_us(visit.plain_ns for visit in visits),
        profiled_us=_take_median_us(visit.profiled_ns for visit in visits),
        unmatched_us=_take_median_us(visit.unmatched_ns for visit in visits),
        operators=tuple(
            ProfiledOperator(row.op.describe(), _time_operator(visits, first, end), row.runtime_us or 0.0)
            for row, (first, end) in zip(rows, places, strict=True)
        ),
    )


def _take_median_us(times_ns: Iterable[Sequence[int]]) -> float:
    return median(chain.from_iterable(times_ns)) / 1000


def _time_operator(visits: Sequence[NetProfiled], first: int, end: int) -> float | None:
    """Give the median of the sum of an operator's nodes; None where one of them is unknown."""
    sums_ns: list[int] = []
    for visit in visits:
        nodes = [times for times in visit.nodes_ns[first:end] if times is not None]
        if len(nodes) < end - first:
            return None
        sums_ns += map(sum, zip(*nodes, strict=True)) if nodes else [0] * len(visit.profiled_ns)
    resolution_ns = max(visit.resolution_ns for visit in visits)
    # Of times that an engine tells in steps, the median lies somewhere within a step.
    middle = median_grouped(sums_ns, resolution_ns) if resolution_ns > 1 and any(sums_ns) else median(sums_ns)
    return max(0.0, middle) / 1000
