"""Extending a table by new records: what is added, what is replaced, what contradicts.

A table holds percentiles, not the samples they came from, so what is there already can't be pooled with new
samples. `pooled` therefore keeps both records of an operator, and look-ups average them: ours and the
original alike. Where the journals are at hand, merging them all again pools the samples themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean
from typing import TypeVar

import msgspec

from lut.drift import RunDrift, compare_runs
from lut.engines import is_filled, name_measured
from lut.entries import CAUSES
from lut.errors import ConflictError
from lut.journal import check_poolable
from lut.merge import Merged, describe
from lut.ops import KeyFields, OpKey
from lut.records import PERCENTILES, LutRecord
from lut.sidecar import Addition, Sidecar, read_canary, sidecar_path
from lut.table import format_of, update_table

__all__ = ["POLICIES", "Contradiction", "Extension", "extend", "extend_table"]

POLICIES = ("newest", "pooled", "keep")
"""What becomes of an operator that the table holds already: the new record, both, or the old one."""

_Entry = TypeVar("_Entry", bound=KeyFields)

_LOW, _HIGH = PERCENTILES.index(10), PERCENTILES.index(90)


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two records of one operator whose p10 to p90 don't overlap: more apart than either one's noise."""

    old: LutRecord
    new: LutRecord

    @property
    def factor(self) -> float:
        """How many times the larger median is the smaller one; infinite where that is 0."""
        low, high = sorted((self.old.p50, self.new.p50))
        return high / low if low else float("inf")


@dataclass(frozen=True)
class Extension:
    """A table's new records, sorted by key, and how they came about, in operators."""

    records: tuple[LutRecord, ...]
    added: int
    present: int
    """Operators that the table held before; the policy says what became of them."""
    equal: int
    """Those of them whose record there is the very same: no policy changes anything."""
    contradictions: tuple[Contradiction, ...]
    """The widest apart first."""
    calibration_dropped: bool = False
    """Whether the table had a calibration that no longer fits its sums."""
    drift: RunDrift | None = None
    """How the device was in the journals against when the table was made; None where that can't be told."""


def extend(existing: Iterable[LutRecord], new: Iterable[LutRecord], policy: str) -> Extension:
    """Put new records into a table's."""
    table: dict[OpKey, list[LutRecord]] = {}
    for record in existing:
        table.setdefault(record.key, []).append(record)
    added = present = equal = 0
    contradictions = []
    for record in new:
        old = table.get(record.key)
        if old is None:
            table[record.key] = [record]
            added += 1
            continue
        present += 1
        same = record in old and (policy != "newest" or len(old) == 1)
        equal += same
        contradictions += [Contradiction(other, record) for other in old[-1:] if _contradict(other, record)]
        if policy == "newest":
            table[record.key] = [record]
        elif policy == "pooled" and not same:  # a run that is merged twice must not double its weight
            old.append(record)
    return Extension(
        records=tuple(record for key in sorted(table) for record in table[key]),
        added=added,
        present=present,
        equal=equal,
        contradictions=tuple(sorted(contradictions, key=lambda found: (-found.factor, found.new.key))),
    )


def _contradict(one: LutRecord, other: LutRecord) -> bool:
    return one.runtime_us[_HIGH] < other.runtime_us[_LOW] or other.runtime_us[_HIGH] < one.runtime_us[_LOW]


def extend_table(
    path: Path,
    merged: Merged,
    policy: str,
    announce: Callable[[str], None] = lambda _: None,
    *,
    mixed: bool = False,
) -> Extension:
    """Extend a table's file in place, in its own format, and the `.meta.json` beside it.

    Whoever extends the same table meanwhile waits, and `announce` hears whom for. With `mixed`, programs and
    configurations may differ from the table's, or the table's may be unknown.

    Raises:
        ConflictError: the table is of another device than the journals, or of what is not comparable.
        FileError: table or sidecar can't be read or written.
    """
    with update_table(path, announce) as update:
        before = update.sidecar or Sidecar()
        predicted = {} if before.predicted is None else before.predicted.intervals
        # A prediction gives way to whatever was measured, by any policy, as if the table had lacked it.
        existing = [
            record
            for record in format_of(path).read(path)
            if record.key.id not in predicted or record.key not in merged.keys
        ]
        device = _check_comparable(path, existing, before, merged, mixed=mixed)
        records = [replace(record, device=device) for record in merged.records]
        extension = extend(existing, records, policy)
        extension = replace(extension, drift=_compare(before, existing, merged))
        present = {record.key for record in existing}
        sidecar = _continue(before, merged, extension, policy, present)
        update.write(extension.records, msgspec.structs.replace(sidecar, device=device))
    dropped = before.calibration is not None and sidecar.calibration is None
    return replace(extension, calibration_dropped=dropped)


def _check_comparable(
    path: Path, existing: Sequence[LutRecord], before: Sidecar, merged: Merged, *, mixed: bool
) -> str:
    """Refuse journals that the table may not hold; return the table's name of the device."""
    names = sorted({record.device for record in existing}) or [before.device or merged.device]
    others = [name for name in names if name_measured(name) != merged.device]
    if others or len(names) > 1:
        raise ConflictError(
            f"{path} is of the device {', '.join(names)}, the journals are of {merged.device}. A table "
            f"holds one device; `bench run --device-name` records a run under a table's name."
        )
    if is_filled(names[0]) and before.predicted is None:
        raise ConflictError(
            f"{path} is a filled table, and no {sidecar_path(path).name} beside it says which of its records "
            f"were measured. Add to the table that it was made of, and fill that."
        )
    if before.segments:
        for segment in merged.segments:
            check_poolable(merged.sources[0], before.segments[0], segment, f"{path}", mixed=mixed)
    elif not mixed:
        raise ConflictError(
            f"How {path} was measured is not known: no {sidecar_path(path).name} says. Its times may not be "
            f"comparable with the journals'; --mixed adds these anyway, and the table then says so."
        )
    return names[0]


def _compare(before: Sidecar, existing: Iterable[LutRecord], merged: Merged) -> RunDrift | None:
    """Compare the table's medians with the journals' of the same operators, else the canary's.

    None unless the table is known to be of the same program and configuration: other times differ by more
    than drift. Records that are the very same come from the same visits and say nothing, as do those of
    operators that were disturbed by others.
    """
    theirs = before.segments
    if not theirs or not all(each.may_pool_with(theirs[0]) for each in (*theirs, *merged.segments)):
        return None
    disturbed = {key for key, cause in merged.marked.items() if cause != "canary"}
    disturbed |= {entry.key for entry in before.marked or () if entry.reason != CAUSES["canary"]}
    then: dict[OpKey, list[LutRecord]] = {}
    for record in existing:
        if record.key in merged.keys:
            then.setdefault(record.key, []).append(record)
    pairs, is_known = [], False
    for new in merged.records:
        old = then.get(new.key, [])
        if any(record.runtime_us == new.runtime_us for record in old):
            is_known = True
        elif old and new.key not in disturbed:
            pairs.append((mean(record.p50 for record in old), new.p50))
    # Journals that are merged again would be held against their own canary.
    return compare_runs(pairs, None if is_known else read_canary(before), merged.canary)


def _continue(
    before: Sidecar, merged: Merged, extension: Extension, policy: str, present: Set[OpKey]
) -> Sidecar:
    """Add the journals' segments, failures and sources to what is known, and how they were added.

    What is said of an operator follows its record: it goes with a record that is replaced, and comes with one
    that is taken. A calibration stays where no record changed: it was fitted to sums that are the same still.
    """
    now = describe(merged)
    measured = {record.key for record in merged.records}
    kept = present if policy == "keep" else frozenset[OpKey]()
    replaced = measured - kept if policy != "pooled" else frozenset[OpKey]()
    predicted, was_predicted = before.predicted, False
    if predicted is not None:
        ids = {key.id for key in merged.keys}
        left = {op_id: interval for op_id, interval in predicted.intervals.items() if op_id not in ids}
        was_predicted = len(left) < len(predicted.intervals)
        predicted = msgspec.structs.replace(predicted, intervals=left)
    changed = was_predicted or (policy != "keep" and extension.present > extension.equal)
    step = Addition(
        now.sources,
        policy,
        extension.added,
        extension.present,
        extension.equal,
        len(extension.contradictions),
        extension.drift,
    )
    return Sidecar(
        records=len(extension.records),
        sources=tuple(sorted({*before.sources, *now.sources})),
        segments=(*before.segments, *now.segments),
        has_unknown_origin=before.has_unknown_origin or not before.segments,
        marked=_follow(before.marked or (), now.marked or (), replaced, kept),
        incomplete=_follow(before.incomplete, now.incomplete, replaced, kept),
        failures=_follow(before.failures, now.failures, measured, kept),
        disturbances=now.disturbances,
        canary=(*before.canary, *now.canary),
        drift=(*before.drift, *now.drift),
        units=(*before.units, *now.units),
        extended=(*before.extended, step),
        held_out=tuple(sorted({*before.held_out, *now.held_out})),
        rounds=(*before.rounds, *now.rounds),
        predicted=predicted,
        calibration=None if changed else before.calibration,
    )


def _follow(
    before: Sequence[_Entry], now: Sequence[_Entry], gone: Set[OpKey], kept: Set[OpKey]
) -> tuple[_Entry, ...]:
    """Return what is said of operators: of old records those not gone, of new ones those not kept."""
    entries = {entry.key: entry for entry in before if entry.key not in gone}
    entries |= {entry.key: entry for entry in now if entry.key not in kept}
    return tuple(entries.values())
