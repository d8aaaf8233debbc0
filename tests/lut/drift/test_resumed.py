"""What a resumed run tells of drift, by the operators that earlier runs left incomplete."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from lut.drift import RunDrift
from lut.drift.runs import CANARY
from lut.entries import Conditions, Entry, Failure, Measurement, Repeated
from lut.journal import read_progress
from lut.ops import OpSpec, TensorSpec
from tests.lut.samples import SEGMENT, measured, written_journal

OPS = [OpSpec.of("Relu", [TensorSpec((1, channels))]) for channels in range(1, 21)]


def first_passes(ops: Iterable[OpSpec], time_ns: int = 1_000) -> list[Measurement]:
    return [measured(op, time_ns) for op in ops]


def second_passes(ops: Iterable[OpSpec], time_ns: int) -> list[Measurement]:
    return [measured(op, time_ns, pass_index=1) for op in ops]


def compare(folder: Path, earlier: Iterable[Entry], present: Iterable[Measurement]) -> RunDrift | None:
    """Compare a run that resumes a journal with what the journal holds."""
    path = folder / "run.jsonl"
    path.unlink(missing_ok=True)
    times = read_progress(written_journal(path, SEGMENT, *earlier), SEGMENT).times
    for visit in present:
        times.add_present(visit)
    return times.compare()


@given(incomplete=st.integers(5, 20), now_ns=st.integers(500, 2_000))
def test_operators_that_lacked_passes_tell(
    incomplete: int, now_ns: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    ops = OPS[:incomplete]
    drift = compare(tmp_path_factory.getbasetemp(), first_passes(ops), second_passes(ops, now_ns))
    assert drift == RunDrift(now_ns / 1_000, incomplete)


def test_nothing_is_kept_of_operators_that_are_done_or_failed(tmp_path: Path) -> None:
    done, failed, left = OPS[:6], OPS[6:8], OPS[8:14]
    earlier: list[Entry] = [
        *first_passes(OPS),
        *second_passes(done, 1_000),
        *(Failure.of(op, SEGMENT.id, "crash", "killed") for op in failed),
    ]
    path = written_journal(tmp_path / "a.run.jsonl", SEGMENT, *earlier)
    times = read_progress(path, SEGMENT).times
    assert times._then_ns.keys() == {op.key for op in OPS} - {op.key for op in [*done, *failed]}
    assert compare(tmp_path / "b", earlier, second_passes(left, 1_100)) == RunDrift(1.1, len(left))


def test_disturbed_and_repeated_visits_say_nothing_of_the_device(tmp_path: Path) -> None:
    disturbed = [
        replace(visit, conditions=Conditions(spoilt_by="preempted"))
        for visit in second_passes(OPS[10:], 9_000)
    ]
    repeated = [Repeated.of(visit) for visit in second_passes(OPS[:10], 7_000)]
    present = [*second_passes(OPS[:10], 1_020), *disturbed]
    assert compare(tmp_path, [*first_passes(OPS), *repeated], present) == RunDrift(1.02, 10)


def test_a_longer_plan_is_judged_by_the_canary(tmp_path: Path) -> None:
    def passes(ops: list[OpSpec], canary_ns: int) -> list[Measurement]:
        return [
            replace(visit, conditions=Conditions(canary_before_ns=canary_ns + number % 2))
            for number, visit in enumerate([*first_passes(ops), *second_passes(ops, 1_000)])
        ]

    drift = compare(tmp_path, passes(OPS[:5], 20_000), passes(OPS[5:], 22_000))
    assert drift is not None
    assert drift.factor == pytest.approx(1.1, abs=1e-4)
    assert (drift.count, drift.by) == (10, CANARY)


@pytest.mark.parametrize("present", [[], second_passes(OPS[:4], 5_000)])
def test_little_that_was_measured_again_tells_nothing(present: list[Measurement], tmp_path: Path) -> None:
    assert compare(tmp_path, first_passes(OPS), present) is None


def test_a_new_journal_is_held_against_none(tmp_path: Path) -> None:
    times = read_progress(tmp_path / "new.run.jsonl", SEGMENT).times
    for visit in first_passes(OPS):
        times.add_present(visit)
    assert times.compare() is None
