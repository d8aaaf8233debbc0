"""From journals to a table: samples of one operator pooled, percentiles taken, origin kept beside it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lut.drift import Canary, JournalDrift, JournalTimes
from lut.entries import CAUSES, BlockState, Failure, Measurement, Repeated, Round, Segment
from lut.errors import ConflictError, FileError
from lut.journal import Disturbances, PooledRecords, Pools, VisitCounts, read_journal
from lut.ops import OpKey
from lut.records import LutRecord
from lut.sidecar import read_sidecar, sidecar_path, write_sidecar
from lut.table import format_of, table_file_name

__all__ = ["Merged", "WrittenTable", "describe", "merge_journals", "write_table"]


@dataclass(frozen=True)
class Merged:
    """A table's records, sorted by key, and where they come from."""

    segments: tuple[Segment, ...]
    records: Sequence[LutRecord]
    visits: Mapping[OpKey, int]
    failures: dict[OpKey, Failure]
    sources: tuple[Path, ...]
    marked: Mapping[OpKey, str] = field(default_factory=dict)
    """Operators with a visit that stayed spoilt after every retry, and the cause (see `CAUSES`)."""
    disturbances: Disturbances = field(default_factory=Disturbances)
    drifts: tuple[JournalDrift, ...] = ()
    """How the device was in each journal against those begun before it, where that can be told."""
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

    @property
    def passes(self) -> int:
        """How many visits of an operator the configuration asks for."""
        return max(segment.config.passes for segment in self.segments)

    @property
    def incomplete(self) -> tuple[OpKey, ...]:
        """Operators with fewer visits than the configuration's passes: their run was cut short."""
        return tuple(key for key, visits in self.visits.items() if visits < self.passes)


def merge_journals(paths: Iterable[Path], warn: Callable[[str], None], *, mixed: bool = False) -> Merged:
    """Pool the samples of each operator over all journals and passes.

    An operator with a failure and fewer visits than its configuration asks for is left out, whatever
    the order of the entries. With `mixed`, programs and configurations of one device may differ.

    Raises:
        ConflictError: the journals are of different devices, programs or configurations, or one is given
            twice.
        FileError: a journal can't be read, or none holds a measurement.
    """
    segments: list[Segment] = []
    pools = Pools()
    failures: dict[OpKey, Failure] = {}
    marked: dict[OpKey, str] = {}
    held_out: set[str] = set()
    rounds: list[tuple[str, ...]] = []
    disturbances = Disturbances()
    sources = tuple(paths)
    _check_distinct(sources)
    times = JournalTimes(compared=len(sources) > 1)
    for run, path in enumerate(sources):
        times.begin(path)
        for entry in read_journal(path, warn):
            if isinstance(entry, Measurement):
                times.add(pools.add(entry, run), entry.key, entry.samples_ns, entry.conditions)
                disturbances.add(entry)
                _mark(marked, entry.key, entry.conditions.spoilt_by)
            elif isinstance(entry, Repeated):
                disturbances.add(entry)
            elif isinstance(entry, Segment):
                segments.append(entry)
                times.add_segment(entry)
                _check_poolable(path, segments[0], entry, mixed=mixed)
            elif isinstance(entry, Round):
                if entry.ends_run:
                    continue  # it tells how long the run was
                held_out.update(entry.held_out)
                rounds.append(entry.ids)
            elif isinstance(entry, BlockState):
                continue  # states tell how measurements came about; figures they are not
            else:  # one of several is shown: the same one in any order
                failures[entry.op.key] = min(entry, failures.get(entry.op.key, entry), key=_stage_and_reason)
    if not pools:
        raise FileError(f"{', '.join(map(str, sources))}: no measurement to make a table from.")
    passes = max(segment.config.passes for segment in segments)
    failed = {key: failure for key, failure in failures.items() if pools.visits(key) < passes}
    kept = sorted(key for key in pools if key not in failed)
    if not kept:
        raise FileError(
            f"{', '.join(map(str, sources))}: every operator failed, so there is no table to make."
        )
    disturbances.slow_visits["unsteady"] = pools.count_slow(kept)
    return Merged(
        segments=tuple(sorted(segments, key=_started)),
        records=PooledRecords(pools, kept, segments[0].device.name),
        visits=VisitCounts(pools, kept),
        failures=dict(sorted(failed.items())),
        sources=sources,
        marked={key: marked[key] for key in sorted(marked.keys() - failed.keys())},
        disturbances=disturbances,
        drifts=times.compare(),
        canary=times.take_canary(),
        held_out=tuple(key for key in kept if held_out and key.id in held_out),
        rounds=tuple(rounds),
    )


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


def _check_poolable(path: Path, first: Segment, other: Segment, *, mixed: bool) -> None:
    if other.device.name != first.device.name:
        raise ConflictError(
            f"{path} is of the device {other.device.name}, the journals before it of {first.device.name}. "
            f"A table holds one device: merge them one by one."
        )
    if mixed:
        return
    differences = list(first.differences(other))
    for part in ("program", "config"):
        differing = [
            f"{name} {ours!r} and {theirs!r}" for where, name, ours, theirs in differences if where == part
        ]
        if differing:
            raise ConflictError(
                f"{path} was measured with another {part} than the journals before it: "
                f"{', '.join(differing)}. Such times are not comparable; --mixed pools them anyway."
            )


@dataclass(frozen=True)
class WrittenTable:
    """A table's file, and whether the one before it had a calibration that no longer fits its sums."""

    path: Path
    calibration_dropped: bool = False


def write_table(merged: Merged, folder: Path, *, replace: bool = False) -> WrittenTable:
    """Write `<device>-op_lut_database.json` and beside it `….meta.json`.

    The table holds the ten keys and nothing else; the sidecar says who measured, by what program and
    configuration, and which operators failed or are incomplete. A calibration stays where no median changed.

    Args:
        merged: what the journals hold.
        folder: where tables lie.
        replace: whether a table there may lose operators.

    Raises:
        ConflictError: the device's table there holds operators that the new one would lack.
        FileError: a file there can't be read or written.
    """
    path = folder / table_file_name(merged.device)
    medians: dict[OpKey, float] = {}
    for present in (path, path.with_name(path.name + ".zip")):
        if present.is_file() and not replace:
            medians = {record.key: record.p50 for record in format_of(present).read(present)}
            _check_none_lost(present, medians, merged)
            break
    sidecar, story = sidecar_path(path), describe(merged)
    calibration = read_sidecar(sidecar).get("calibration")
    fits = bool(medians) and medians == {record.key: record.p50 for record in merged.records}
    format_of(path).write(merged.records, path)
    write_sidecar(sidecar, story | ({"calibration": calibration} if calibration and fits else {}))
    return WrittenTable(path, calibration_dropped=bool(calibration) and not fits)


def _check_none_lost(path: Path, present: Iterable[OpKey], merged: Merged) -> None:
    if lost := len(set(present) - {record.key for record in merged.records}):
        raise ConflictError(
            f"{path} holds {lost:,} operator{'s' * (lost > 1)} that these journals do not. Add to it by "
            f"--into {path}, or replace it with --replace."
        )


def describe(merged: Merged) -> dict[str, Any]:
    return {
        "version": 1,
        "device": merged.device,
        "records": len(merged.records),
        "sources": sorted(path.name for path in merged.sources),
        "segments": [segment.to_json() for segment in merged.segments],
        "marked": [
            {**key.to_json(), "reason": CAUSES[spoilt_by]} for key, spoilt_by in merged.marked.items()
        ],
        "disturbances": merged.disturbances.to_json(),
        **({"canary": [merged.canary.to_json()]} if merged.canary else {}),
        **({"drift": [each.to_json() for each in merged.drifts]} if merged.drifts else {}),
        **({"held_out": sorted(key.id for key in merged.held_out)} if merged.held_out else {}),
        **({"rounds": merged.rounds} if merged.rounds else {}),
        "incomplete": [key.to_json() for key in merged.incomplete],
        "failures": [
            {**key.to_json(), "stage": failure.stage, "reason": failure.reason}
            for key, failure in merged.failures.items()
        ],
    }
