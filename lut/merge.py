"""From journals to a table: samples of one operator pooled, percentiles taken, origin kept beside it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from lut.drift import Canary, JournalDrift, JournalTimes, UnitDrift
from lut.entries import CAUSES, Anchor, BlockState, Failure, Measurement, Repeated, Round, Segment
from lut.errors import ConflictError, FileError
from lut.journal import Disturbances, PooledKeys, PooledRecords, Pools, Sources, check_poolable, read_journal
from lut.ops import KeyFields, OpKey
from lut.records import LutRecord
from lut.sidecar import FailedOp, MarkedOp, Sidecar
from lut.table import choose_output, update_table

__all__ = ["Merged", "WrittenTable", "describe", "merge_journals", "write_table"]


@dataclass(frozen=True)
class Merged:
    """A table's records, sorted by key, and where they come from."""

    segments: tuple[Segment, ...]
    records: Sequence[LutRecord]
    keys: Collection[OpKey]
    """The records'."""
    failures: dict[OpKey, Failure]
    sources: tuple[Path, ...]
    incomplete: tuple[OpKey, ...] = ()
    """Operators that lack passes which their journals ask for: their run was cut short."""
    marked: Mapping[OpKey, str] = field(default_factory=dict)
    """Operators with a visit that stayed spoilt after every retry, and the cause (see `CAUSES`)."""
    disturbances: Disturbances = field(default_factory=Disturbances)
    drifts: tuple[JournalDrift, ...] = ()
    """How the device was in each journal against those begun before it, where that can be told."""
    units: tuple[UnitDrift, ...] = ()
    """How fast the units are beside the one that measured most, where there are several."""
    canary: Canary | None = None
    """The canary's time over all journals; None where it was not timed, or hardly."""
    held_out: tuple[OpKey, ...] = ()
    """Operators that were measured to judge estimates by, and that none is fitted to."""
    rounds: tuple[tuple[str, ...], ...] = ()
    """The ids of operators that runs with a goal chose and measured together."""

    @property
    def device(self) -> str:
        """The device's name."""
        return self.segments[0].device.name


def merge_journals(
    paths: Iterable[Path], warn: Callable[[str], None], *, mixed: bool = False, even_units: bool = False
) -> Merged:
    """Pool the samples of each operator over all journals and passes.

    An operator with a failure and fewer passes than its configuration asks for is left out, whatever
    the order of the entries. With `mixed`, programs and configurations of one device may differ. With
    `even_units`, a unit's samples are divided by the factor that it takes as long as the one that measured
    most, where that is known; the journals are read twice for that.

    Raises:
        ConflictError: the journals are of different devices, programs or configurations, or one is given
            twice, be it as a copy.
        FileError: a journal can't be read, or none holds a measurement.
    """
    sources = tuple(paths)
    _check_distinct(sources)
    if not even_units:
        return _merge(sources, warn, {}, mixed=mixed)
    units = _merge(sources, lambda _: None, {}, mixed=mixed).units
    factors = {unit.serial: unit.factor for unit in units if unit.factor is not None}
    evened = tuple(msgspec.structs.replace(unit, evened=unit.serial in factors) for unit in units)
    return replace(_merge(sources, warn, factors, mixed=mixed), units=evened)


def _merge(
    paths: tuple[Path, ...], warn: Callable[[str], None], factors: Mapping[str, float], *, mixed: bool
) -> Merged:
    """Merge, with the samples of units divided by their factors."""
    segments: list[Segment] = []
    pools = Pools()
    failures: dict[OpKey, Failure] = {}
    marked: dict[OpKey, str] = {}
    held_out: set[str] = set()
    rounds: list[tuple[str, ...]] = []
    disturbances = Disturbances()
    times, sources = JournalTimes(), Sources()
    for run, path in enumerate(paths):
        times.begin(path)
        sources.begin(path)
        for entry in read_journal(path, warn):
            if isinstance(entry, Measurement):
                segment, unit = sources.find(entry), sources.unit_of(entry)
                if unit is not None and unit in factors:
                    entry = _divide(entry, factors[unit])
                times.add(pools.add(entry, segment.config.passes, run), entry, unit)
                disturbances.add(entry)
                _mark(marked, entry.key, entry.conditions.spoilt_by)
            elif isinstance(entry, Repeated):
                disturbances.add(entry)
            elif isinstance(entry, Segment):
                segments.append(entry)
                sources.add(entry)
                times.add_segment(entry)
                check_poolable(path, segments[0], entry, "the journals before it", mixed=mixed)
            elif isinstance(entry, Round):
                if entry.ends_run:
                    continue  # it tells how long the run was
                held_out.update(entry.held_out)
                rounds.append(entry.ids)
            elif isinstance(entry, Anchor):
                times.add_anchor(entry, sources.unit_of(entry))
            elif isinstance(entry, BlockState):
                continue  # states tell how measurements came about; figures they are not
            else:  # one of several is shown: the same one in any order
                failures[entry.op.key] = min(entry, failures.get(entry.op.key, entry), key=_stage_and_reason)
    if not pools:
        raise FileError(f"{', '.join(map(str, paths))}: no measurement to make a table from.")
    failed = {key: failure for key, failure in failures.items() if not pools.is_complete(key)}
    kept = sorted(key for key in pools if key not in failed)
    if not kept:
        raise FileError(f"{', '.join(map(str, paths))}: every operator failed, so there is no table to make.")
    disturbances.slow_visits["unsteady"] = pools.count_slow(kept)
    return Merged(
        segments=tuple(sorted(segments, key=_started)),
        records=PooledRecords(pools, kept, segments[0].device.name),
        keys=PooledKeys(pools, kept, failed),
        incomplete=tuple(key for key in kept if not pools.is_complete(key)),
        failures=dict(sorted(failed.items())),
        sources=paths,
        marked={key: marked[key] for key in sorted(marked.keys() - failed.keys())},
        disturbances=disturbances,
        drifts=times.compare(),
        units=times.compare_units(),
        canary=times.take_canary(),
        held_out=tuple(key for key in kept if held_out and key.id in held_out),
        rounds=tuple(rounds),
    )


def _divide(visit: Measurement, factor: float) -> Measurement:
    samples_ns = tuple(max(1, round(sample / factor)) for sample in visit.samples_ns)
    return msgspec.structs.replace(visit, samples_ns=samples_ns)


def _mark(marked: dict[OpKey, str], key: OpKey, spoilt_by: str | None) -> None:
    if spoilt_by:  # one cause of several is shown: the same one in any order of the journals
        marked[key] = max(spoilt_by, marked.get(key, spoilt_by))


def _started(segment: Segment) -> tuple[str, str, str]:
    return segment.started, segment.id, json.dumps(segment.to_json(), sort_keys=True)


def _stage_and_reason(failure: Failure) -> tuple[str, str]:
    return failure.stage, failure.reason


def _check_distinct(paths: Sequence[Path]) -> None:
    """Refuse a journal that is given twice: its visits would count double, and a cut run seem whole."""
    for path, count in Counter(path.resolve() for path in paths).items():
        if count > 1:
            raise ConflictError(f"{path} is given {count} times. Name each journal once.")


@dataclass(frozen=True)
class WrittenTable:
    """A table's file, and whether the one before it had a calibration that no longer fits its sums."""

    path: Path
    calibration_dropped: bool = False


def write_table(
    merged: Merged,
    folder: Path,
    *,
    replace: bool = False,
    announce: Callable[[str], None] = lambda _: None,
) -> WrittenTable:
    """Write `<device>-op_lut_database.json` and beside it `….meta.json`.

    The table holds the ten keys and nothing else; the sidecar says who measured, by what program and
    configuration, and which operators failed or are incomplete. A calibration stays where no median changed.

    Args:
        merged: what the journals hold.
        folder: where tables lie; one that is there is replaced in its own format.
        replace: whether a table there may lose operators.
        announce: hears whom it waits for; see `lut.table.update_table`.

    Raises:
        ConflictError: the device's table there holds operators that the new one would lack, or there are two.
        FileError: a file there can't be read or written.
    """
    path = choose_output(folder, merged.device)
    with update_table(path, announce) as update:
        medians = {} if replace else {record.key: record.p50 for record in update.read()}
        _check_none_lost(path, medians, merged)
        calibration = None if update.sidecar is None else update.sidecar.calibration
        fits = bool(medians) and medians == {record.key: record.p50 for record in merged.records}
        sidecar = msgspec.structs.replace(describe(merged), calibration=calibration if fits else None)
        update.write(merged.records, sidecar)
    return WrittenTable(path, calibration_dropped=calibration is not None and not fits)


def _check_none_lost(path: Path, present: Iterable[OpKey], merged: Merged) -> None:
    if lost := len(set(present) - {record.key for record in merged.records}):
        raise ConflictError(
            f"{path} holds {lost:,} operator{'s' * (lost > 1)} that these journals do not. Add to it by "
            f"--into {path}, or replace it with --replace."
        )


def describe(merged: Merged) -> Sidecar:
    """Return what a table made of these journals says of itself."""
    return Sidecar(
        device=merged.device,
        records=len(merged.records),
        sources=tuple(sorted(path.name for path in merged.sources)),
        segments=merged.segments,
        marked=tuple(MarkedOp(*key, reason=CAUSES[spoilt_by]) for key, spoilt_by in merged.marked.items()),
        incomplete=tuple(KeyFields(*key) for key in merged.incomplete),
        failures=tuple(
            FailedOp(*key, stage=failure.stage, reason=failure.reason)
            for key, failure in merged.failures.items()
        ),
        disturbances=merged.disturbances.to_json(),
        canary=(merged.canary,) if merged.canary else (),
        drift=merged.drifts,
        units=merged.units,
        held_out=tuple(sorted(key.id for key in merged.held_out)),
        rounds=merged.rounds,
    )
