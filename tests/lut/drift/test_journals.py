"""Journals that are merged: how the device was in each against those begun before it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

import lut.drift.journals
from lut.drift.runs import CANARY
from lut.entries import Conditions, Failure, Measurement, Segment
from lut.extend import extend_table
from lut.merge import Merged, describe, merge_journals, write_table
from lut.ops import OpSpec, TensorSpec
from lut.sidecar import sidecar_path
from tests.lut.samples import CONFIG, DEVICE, PROGRAM, SEGMENT, written_journal

OPS = [OpSpec.of("Relu", [TensorSpec((1, channels))]) for channels in range(1, 31)]


def begun(day: int, segment: Segment = SEGMENT) -> Segment:
    return replace(segment, started=f"2024-01-{day:02}T00:00:00+00:00")


def visits(
    ops: Iterable[OpSpec], factor: float = 1.0, *, segment: Segment = SEGMENT, **conditions: int | str
) -> list[Measurement]:
    """Two visits to each operator, on a device that takes so many times as long."""
    return [
        Measurement.of(
            op,
            segment.id,
            pass_index,
            tuple(round(factor * 1000 * (100 + op.inputs[0].shape[1]) + step) for step in (-9, 0, 9)),
            conditions=Conditions(**conditions),  # type: ignore[arg-type]
        )
        for pass_index in range(2)
        for op in ops
    ]


def canaries(ops: Iterable[OpSpec], time_ns: int) -> list[Measurement]:
    return [
        replace(visit, conditions=Conditions(canary_before_ns=time_ns + number % 2))
        for number, visit in enumerate(visits(ops))
    ]


def merge(*paths: Path, mixed: bool = False) -> Merged:
    return merge_journals(paths, print, mixed=mixed)


def journal(path: Path, day: int, entries: Iterable[Measurement | Failure]) -> Path:
    return written_journal(path, begun(day), *entries)


def test_common_operators_tell_how_the_device_was(tmp_path: Path) -> None:
    a = journal(tmp_path / "a.run.jsonl", 1, visits(OPS[:20]))
    b = journal(tmp_path / "b.run.jsonl", 2, visits(OPS[10:], 1.05))
    (found,) = merge(a, b).drifts
    assert (found.journal, found.earlier) == ("b.run.jsonl", ("a.run.jsonl",))
    assert found.factor == pytest.approx(1.05, abs=1e-4)
    assert found.count == 10
    assert found.describe_journal() == (
        "b.run.jsonl: the device was 5.0 % slower than in a.run.jsonl (by 10 operators measured in both)."
    )


def test_where_none_are_common_the_canary_tells(tmp_path: Path) -> None:
    a = journal(tmp_path / "a.run.jsonl", 1, canaries(OPS[:15], 20_000))
    b = journal(tmp_path / "b.run.jsonl", 2, canaries(OPS[15:], 19_000))
    (found,) = merge(a, b).drifts
    assert found.factor == pytest.approx(0.95, abs=1e-4)
    assert found.by == CANARY
    assert found.describe_journal() == (
        "b.run.jsonl: the device was 5.0 % faster than in a.run.jsonl (by the canary, since fewer than 5 "
        "operators were measured in both)."
    )


def test_each_journal_is_held_against_all_that_were_begun_before_it(tmp_path: Path) -> None:
    days = {"a": (1, 1.0), "b": (2, 1.0), "c": (3, 1.1), "d": (4, 1.0)}
    paths = [journal(tmp_path / name, day, visits(OPS, factor)) for name, (day, factor) in days.items()]
    second, third, fourth = merge(*paths).drifts
    assert [len(each.earlier) for each in (second, third, fourth)] == [1, 2, 3]
    assert [round(each.factor, 3) for each in (second, third, fourth)] == [1.0, 1.1, 1.0]
    assert third.describe_journal().startswith(
        "c: the device was 10.0 % slower than in the journals begun before it ("
    )


@pytest.mark.parametrize("most", [20, 29, 20_000])
def test_the_order_of_journals_does_not_matter(
    most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lut.drift.journals, "_MOST_OPERATORS", most)
    paths = [
        journal(tmp_path / "a", 1, visits(OPS[:28])),
        journal(tmp_path / "b", 1, visits(OPS[2:], 1.02)),
        journal(tmp_path / "c", 2, canaries(OPS, 500)),
    ]
    told = {merge(*order).drifts for order in permutations(paths)}
    assert len(told) == 1
    assert len(told.pop()) == 2


@given(
    factor=st.floats(0.5, 2),
    disturbed=st.sets(st.sampled_from(OPS), max_size=5),
    most=st.sampled_from([len(OPS) - 1, 20_000]),
)
def test_a_factor_is_found_whatever_the_disturbed_visits_say(
    factor: float, disturbed: set[OpSpec], most: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("journals")
    spoilt = visits(disturbed, 9.0, spoilt_by="preempted")
    a = journal(folder / "a", 1, visits(OPS))
    b = journal(folder / "b", 2, [*visits(set(OPS) - disturbed, factor), *spoilt])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lut.drift.journals, "_MOST_OPERATORS", most)
        (found,) = merge(a, b).drifts
    assert found.factor == pytest.approx(factor, rel=1e-4)
    undisturbed = len(OPS) - len(disturbed)
    assert found.count == undisturbed if most > len(OPS) else found.count < undisturbed


def test_a_device_that_is_slow_throughout_is_drift_and_no_disturbance(tmp_path: Path) -> None:
    a = journal(tmp_path / "a", 1, visits(OPS))
    b = journal(tmp_path / "b", 2, visits(OPS, 1.3, spoilt_by="canary"))
    (found,) = merge(a, b).drifts
    assert found.factor == pytest.approx(1.3, abs=1e-3)


def test_another_configuration_is_no_drift(tmp_path: Path) -> None:
    other = Segment(DEVICE, PROGRAM, replace(CONFIG, threads=4))
    a = journal(tmp_path / "a", 1, visits(OPS))
    b = written_journal(tmp_path / "b", begun(2, other), *visits(OPS, 0.4, segment=other))
    c = journal(tmp_path / "c", 3, visits(OPS, 1.02))
    (found,) = merge(a, b, c, mixed=True).drifts
    assert (found.journal, found.earlier) == ("c", ("a",))
    assert found.factor == pytest.approx(1.02, abs=1e-4)


def test_too_little_in_common_and_no_canary_tell_nothing(tmp_path: Path) -> None:
    a = journal(tmp_path / "a", 1, visits(OPS[:14]))
    b = journal(tmp_path / "b", 2, visits(OPS[10:], 2.0))
    failed = journal(tmp_path / "c", 3, [Failure.of(OPS[0], SEGMENT.id, "crash", "killed")])
    merged = merge(a, b, failed)
    assert merged.drifts == ()
    assert describe(merged).drift == ()


def test_one_journal_is_held_against_none(tmp_path: Path) -> None:
    assert merge(journal(tmp_path / "a", 1, visits(OPS))).drifts == ()


def test_the_sidecar_says_it_and_goes_on_saying_it(tmp_path: Path) -> None:
    a = journal(tmp_path / "a", 1, visits(OPS[:20]))
    b = journal(tmp_path / "b", 2, visits(OPS[:20], 1.5))
    c = journal(tmp_path / "c", 3, visits(OPS[20:25]))
    d = journal(tmp_path / "d", 4, visits(OPS[20:25], 2.0))
    table = write_table(merge(a, b), tmp_path / "t").path
    extend_table(table, merge(c, d), "newest")
    said = json.loads(sidecar_path(table).read_text())["drift"]
    assert [(each["journal"], each["earlier"], each["by"]) for each in said] == [
        ("b", ["a"], "operators"),
        ("d", ["c"], "operators"),
    ]
    assert [round(each["factor"], 3) for each in said] == [1.5, 2.0]
