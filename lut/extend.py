"""Extending a table by new records: what is added, what is replaced, what contradicts.

A table holds percentiles, not the samples they came from, so what is there already can't be pooled with new
samples. `pooled` therefore keeps both records of an operator, and look-ups average them: ours and the
original alike. Where the journals are at hand, merging them all again pools the samples themselves.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean
from typing import Any

from lut.drift import RunDrift, compare_runs
from lut.entries import CAUSES
from lut.errors import ConflictError
from lut.files import lock_folder
from lut.merge import Merged, describe
from lut.ops import OpKey
from lut.records import PERCENTILES, LutRecord
from lut.sidecar import read_canary, read_predicted, read_segments, read_sidecar, sidecar_path, write_sidecar
from lut.table import format_of

__all__ = ["POLICIES", "Contradiction", "Extension", "extend", "extend_table"]

POLICIES = ("newest", "pooled", "keep")
"""What becomes of an operator that the table holds already: the new record, both, or the old one."""

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
    path: Path, merged: Merged, policy: str, announce: Callable[[str], None] = lambda _: None
) -> Extension:
    """Extend a table's file in place, in its own format, and the `.meta.json` beside it.

    Whoever extends the same table meanwhile waits, and `announce` hears whom for.

    Raises:
        ConflictError: the table is of another device than the journals.
        FileError: table or sidecar can't be read or written.
    """
    with lock_folder(path.parent, announce):
        return _extend_locked(path, merged, policy)


def _extend_locked(path: Path, merged: Merged, policy: str) -> Extension:
    predicted = read_predicted(path)
    intervals = {} if predicted is None else predicted.intervals
    # A prediction gives way to whatever was measured, by any policy, as if the table had lacked it.
    existing = [
        record
        for record in format_of(path).read(path)
        if record.key.id not in intervals or record.key not in merged.visits
    ]
    others = sorted({record.device for record in existing} - {merged.device})
    if others:
        raise ConflictError(
            f"{path} is of the device {', '.join(others)}, the journals are of {merged.device}. A table "
            f"holds one device; `bench run --device-name` records a run under a table's name."
        )
    sidecar = sidecar_path(path)
    before = read_sidecar(sidecar)
    extension = extend(existing, merged.records, policy)
    extension = replace(extension, drift=_compare(path, before, existing, merged))
    present = {record.key for record in existing}
    story = _continue_story(before, merged, extension, policy, present)
    if predicted is not None:
        measured = {key.id for key in merged.visits}
        left = {op_id: interval for op_id, interval in intervals.items() if op_id not in measured}
        story["predicted"] = replace(predicted, intervals=left).to_json()
        if len(left) < len(intervals):
            story.pop("calibration", None)
    format_of(path).write(extension.records, path)
    write_sidecar(sidecar, story)
    return replace(extension, calibration_dropped="calibration" in before and "calibration" not in story)


def _compare(
    path: Path, before: Mapping[str, Any], existing: Iterable[LutRecord], merged: Merged
) -> RunDrift | None:
    """Compare the table's medians with the journals' of the same operators, else the canary's.

    None unless the table is known to be of the same program and configuration: other times differ by more
    than drift. Records that are the very same come from the same visits and say nothing, as do those of
    operators that were disturbed by others.
    """
    theirs = read_segments(path)
    if not theirs or not all(each.may_pool_with(theirs[0]) for each in (*theirs, *merged.segments)):
        return None
    marked = before.get("marked", [])
    disturbed_then = {_name(entry) for entry in marked if entry.get("reason") != CAUSES["canary"]}
    disturbed = {key for key, cause in merged.marked.items() if cause != "canary"}
    if disturbed_then:
        disturbed |= {key for key in merged.visits if _name(key.to_json()) in disturbed_then}
    then: dict[OpKey, list[LutRecord]] = {}
    for record in existing:
        if record.key in merged.visits:
            then.setdefault(record.key, []).append(record)
    pairs, is_known = [], False
    for new in merged.records:
        old = then.get(new.key, [])
        if new in old:
            is_known = True
        elif old and new.key not in disturbed:
            pairs.append((mean(record.p50 for record in old), new.p50))
    # Journals that are merged again would be held against their own canary.
    return compare_runs(pairs, None if is_known else read_canary(path), merged.canary)


def _continue_story(
    before: dict[str, Any], merged: Merged, extension: Extension, policy: str, present: Set[OpKey]
) -> dict[str, Any]:
    """Add the journals' segments, failures and sources to what is known, and how they were added.

    What is said of an operator follows its record: it goes with a record that is replaced, and comes with one
    that is taken. A calibration stays where no record changed: it was fitted to sums that are the same still.
    """
    now = describe(merged)
    changed = policy != "keep" and extension.present > extension.equal
    kept = {} if changed or "calibration" not in before else {"calibration": before["calibration"]}
    measured = {_name(record.key.to_json()) for record in merged.records}
    kept_keys = {_name(key.to_json()) for key in present} if policy == "keep" else set[str]()
    replaced = measured - kept_keys if policy != "pooled" else set[str]()

    def follow(kind: str, gone: Set[str]) -> list[dict[str, Any]]:
        old = {_name(entry): entry for entry in before.get(kind, []) if _name(entry) not in gone}
        new = {_name(entry): entry for entry in now[kind] if _name(entry) not in kept_keys}
        return list((old | new).values())

    step = {
        "sources": now["sources"],
        "policy": policy,
        "added": extension.added,
        "present": extension.present,
        "equal": extension.equal,
        "contradictions": len(extension.contradictions),
        **({"drift": extension.drift.to_json()} if extension.drift else {}),
    }
    held_out = sorted({*before.get("held_out", []), *now.get("held_out", [])})
    appended = {kind: [*before.get(kind, []), *now.get(kind, [])] for kind in ("canary", "drift", "rounds")}
    return {
        **now,
        **kept,
        **{kind: entries for kind, entries in appended.items() if entries},
        **({"held_out": held_out} if held_out else {}),
        "records": len(extension.records),
        "sources": sorted({*before.get("sources", []), *now["sources"]}),
        "segments": [*before.get("segments", []), *now["segments"]],
        "marked": follow("marked", replaced),
        "incomplete": follow("incomplete", replaced),
        "failures": follow("failures", measured),
        "extended": [*before.get("extended", []), step],
    }


def _name(entry: Mapping[str, Any]) -> str:
    """Give what tells an entry's operator from all others."""
    return json.dumps([entry.get(part) for part in ("op_type", "op_args", "input_shapes", "input_dtypes")])
