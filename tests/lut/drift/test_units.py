"""Several units of one name: how fast each is, and a table made as if one unit had measured all."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import permutations
from pathlib import Path

import pytest
from msgspec.structs import replace

from lut.cli.merge import describe_units
from lut.drift import UnitDrift
from lut.entries import Anchor, Conditions, DeviceInfo, Entry, Measurement, Segment
from lut.journal import open_journal
from lut.merge import Merged, describe, merge_journals
from lut.ops import OpSpec, TensorSpec
from tests.lut.samples import CONFIG, DEVICE, PROGRAM, written_journal

OPS = [OpSpec.of("Relu", [TensorSpec((1, channels))]) for channels in range(1, 31)]
ANCHORS = OPS[:12]


def unit(serial: str, day: int = 1, **settings: int) -> Segment:
    device = DeviceInfo(DEVICE.name, "adb", serial)
    return Segment(device, PROGRAM, replace(CONFIG, **settings), f"2024-01-{day:02}T00:00:00+00:00")


QUICK, SLOW = unit("quick"), unit("slow")


def visits(segment: Segment, ops: Iterable[OpSpec], factor: float = 1.0) -> list[Measurement]:
    """Two visits to each operator, on a unit that takes so many times as long."""
    return [
        Measurement.of(
            op,
            segment.id,
            pass_index,
            tuple(round(factor * 1000 * (100 + op.inputs[0].shape[1]) + step) for step in (-9, 0, 9)),
        )
        for pass_index in range(2)
        for op in ops
    ]


def anchors(segment: Segment, factor: float = 1.0) -> list[Anchor]:
    return [Anchor.of(visit) for visit in visits(segment, ANCHORS, factor)[: len(ANCHORS)]]


def shared_run() -> list[Entry]:
    """Two units, of which one is 1.3 times as slow and measures a third of the plan."""
    return [
        QUICK,
        *anchors(QUICK),
        SLOW,
        *anchors(SLOW, 1.3),
        *visits(QUICK, OPS[:20]),
        *visits(SLOW, OPS[20:], 1.3),
    ]


def merge(*paths: Path, even_units: bool = False, mixed: bool = False) -> Merged:
    return merge_journals(paths, pytest.fail, mixed=mixed, even_units=even_units)


def test_the_factor_of_a_slower_unit_is_found_warned_of_and_recorded(tmp_path: Path) -> None:
    merged = merge(written_journal(tmp_path / "a", *shared_run()))
    [found] = merged.units
    assert found == UnitDrift("slow", "quick", found.factor, len(ANCHORS), 0)
    assert found.factor == pytest.approx(1.3, rel=1e-3)
    stated, warning = describe_units(merged.units)
    assert stated == "slow is 30.0 % slower than quick (by 12 anchors)."
    assert warning.startswith("Warning: units more than 3 % apart")
    assert describe(merged).units == merged.units


def test_anchors_are_no_part_of_any_figure(tmp_path: Path) -> None:
    entries = shared_run()
    bare = [entry for entry in entries if not isinstance(entry, Anchor)]
    with_anchors = merge(written_journal(tmp_path / "a", *entries))
    without = merge(written_journal(tmp_path / "b", *bare))
    assert list(with_anchors.records) == list(without.records)
    assert [each.factor for each in without.units] == [None]


def test_with_the_factors_taken_out_all_times_are_of_one_unit(tmp_path: Path) -> None:
    alone = merge(written_journal(tmp_path / "a", QUICK, *visits(QUICK, OPS)))
    shared = written_journal(tmp_path / "b", *shared_run())
    evened = merge(shared, even_units=True)
    one = [record.p50 for record in alone.records]
    assert [record.p50 for record in evened.records] == pytest.approx(one, rel=0.002)
    assert [record.p50 for record in merge(shared).records] != pytest.approx(one, rel=0.2)
    [found] = describe(evened).units
    assert found.evened
    [stated] = describe_units(evened.units)
    assert stated.endswith("; its times were divided by that.")


def test_journals_of_evened_units_show_no_drift(tmp_path: Path) -> None:
    first = written_journal(tmp_path / "a", QUICK, *visits(QUICK, OPS))
    later = unit("slow", day=2)
    second = written_journal(tmp_path / "b", later, *visits(later, OPS[:10], 1.3))
    assert [drift.is_large for drift in merge(first, second).drifts] == [True]
    assert [drift.is_large for drift in merge(first, second, even_units=True).drifts] == [False]


def test_operators_that_both_measured_tell_too_whatever_the_order(tmp_path: Path) -> None:
    first = written_journal(tmp_path / "a", QUICK, *visits(QUICK, OPS))
    second = written_journal(tmp_path / "b", SLOW, *visits(SLOW, OPS[5:15], 0.9))
    for order in permutations((first, second)):
        [found] = merge(*order).units
        assert (found.serial, found.against, found.anchors, found.operators) == ("slow", "quick", 0, 10)
        assert found.factor == pytest.approx(0.9, rel=1e-3)


def test_times_of_other_configurations_are_not_compared(tmp_path: Path) -> None:
    other = unit("slow", threads=4)
    first = written_journal(tmp_path / "a", QUICK, *visits(QUICK, OPS))
    second = written_journal(tmp_path / "b", other, *visits(other, OPS, 0.5))
    [found] = merge(first, second, mixed=True).units
    assert found.factor is None


def test_what_others_disturbed_tells_nothing_of_a_unit(tmp_path: Path) -> None:
    disturbed = [
        replace(anchor, conditions=Conditions(spoilt_by="preempted")) for anchor in anchors(SLOW, 1.3)
    ]
    entries: list[Entry] = [
        QUICK,
        *anchors(QUICK),
        *visits(QUICK, OPS),
        SLOW,
        *disturbed,
        *visits(SLOW, [], 1.3),
    ]
    assert merge(written_journal(tmp_path / "a", *entries)).units == ()


def test_a_unit_without_enough_in_common_is_said_to_have_no_factor(tmp_path: Path) -> None:
    entries: list[Entry] = [QUICK, *visits(QUICK, OPS[:20]), SLOW, *visits(SLOW, OPS[17:], 1.3)]
    path = written_journal(tmp_path / "a", *entries)
    merged = merge(path, even_units=True)
    assert merged.units == (UnitDrift("slow", "quick", None, 0, 3),)
    [stated] = describe_units(merged.units)
    assert "not known" in stated
    assert list(merged.records) == list(merge(path).records)


def test_units_alone_are_compared_with_nothing(tmp_path: Path) -> None:
    again = unit("quick", day=2)
    first = written_journal(tmp_path / "a", QUICK, *anchors(QUICK), *visits(QUICK, OPS))
    second = written_journal(tmp_path / "b", again, *visits(again, OPS, 1.01))
    assert merge(first, second).units == ()


def test_lines_that_name_two_units_alike_are_of_neither(tmp_path: Path) -> None:
    """Journals of version 1 did; what was measured before the second unit came is the first one's."""
    first, second = (segment.named(segment.former_ids({})[0]) for segment in (QUICK, SLOW))
    assert first.id == second.id
    with open_journal(tmp_path / "a") as journal:
        entries: list[Entry] = [first, *visits(first, OPS[:10]), second, *visits(second, OPS, 1.3)]
        for entry in entries:
            journal.append(entry)
    merged = merge(tmp_path / "a")
    assert merged.units == ()
    assert len(merged.records) == len(OPS)
