"""Journals pooled into a table. The samples here are made up: what is tested is arithmetic."""

import hashlib
import json
import re
import shutil
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from lut.entries import Conditions, Discarded, Failure, Measurement, Repeated, Segment
from lut.errors import ConflictError, FileError
from lut.merge import Merged, describe, merge_journals, write_table
from lut.records import LutRecord
from lut.sidecar import MarkedOp, sidecar_path
from lut.table import format_of, load_table
from tests.lut.samples import (
    CONFIG,
    CONV,
    CONV_RELU,
    DEVICE,
    FC,
    PROGRAM,
    RELU,
    SEGMENT,
    measured,
    record,
    written_journal,
)


def merge(*paths: Path, mixed: bool = False) -> Merged:
    warnings: list[str] = []
    merged = merge_journals(paths, warnings.append, mixed=mixed)
    assert not warnings
    return merged


def failed(stage: str = "crash", reason: str = "killed") -> Failure:
    return Failure.of(CONV, SEGMENT.id, stage, reason)


def test_percentiles_of_the_pooled_samples_by_hand(tmp_path: Path) -> None:
    # Pooled and sorted: 1000 … 11000 ns. p10 is the 2nd of 11, p50 the 6th, p90 the 10th.
    first = measured(CONV, 11_000, 1_000, 5_000, 3_000, 7_000, 9_000)
    second = measured(CONV, 2_000, 4_000, 10_000, 8_000, 6_000, pass_index=1)
    (record,) = merge(written_journal(tmp_path / "a", SEGMENT, first, second)).records
    assert record == LutRecord(CONV.key, (1.0, 2.0, 6.0, 10.0, 11.0), "Box-12-6.1")


def test_percentiles_between_two_samples_are_interpolated_to_the_nanosecond(tmp_path: Path) -> None:
    (record,) = merge(written_journal(tmp_path / "a", SEGMENT, measured(CONV, 1_000, 2_013))).records
    assert record.runtime_us == (1.0, 1.101, 1.506, 1.912, 2.013)


def test_records_are_sorted_by_key(tmp_path: Path) -> None:
    entries = [measured(op, 5) for op in (RELU, CONV_RELU, CONV)]
    merged = merge(written_journal(tmp_path / "a", SEGMENT, *entries))
    assert [record.key for record in merged.records] == [CONV.key, CONV_RELU.key, RELU.key]


def test_the_order_of_journals_does_not_matter(tmp_path: Path) -> None:
    later = replace(SEGMENT, started="2024-02-01T00:00:00+00:00")
    journals = [
        written_journal(tmp_path / "a", SEGMENT, measured(CONV, 1_000, 2_000), failed("run", "b")),
        written_journal(tmp_path / "b", later, measured(RELU, 3_000), failed("crash", "b")),
        written_journal(tmp_path / "c", SEGMENT, measured(RELU, 9_000), failed("crash", "c")),
    ]
    tables = {
        (path.read_bytes(), path.with_suffix(".meta.json").read_bytes())
        for number, order in enumerate(permutations(journals))
        for path in [write_table(merge(*order), tmp_path / str(number)).path]
    }
    assert len(tables) == 1


def test_another_device_is_refused_mixed_or_not(tmp_path: Path) -> None:
    first = written_journal(tmp_path / "a", SEGMENT, measured(CONV, 5))
    phone = Segment(replace(DEVICE, name="Phone"), PROGRAM, CONFIG)
    second = written_journal(tmp_path / "b", phone, measured(CONV, 5, segment=phone))
    for mixed in (False, True):
        with pytest.raises(ConflictError) as caught:
            merge(first, second, mixed=mixed)
        assert str(caught.value) == (
            f"{second} is of the device Phone, the journals before it of Box-12-6.1. "
            f"A table holds one device: merge them one by one."
        )


@pytest.mark.parametrize(
    ("other", "part", "values"),
    [
        (Segment(DEVICE, replace(PROGRAM, engine="x"), CONFIG), "program", "engine 'torch-1.8.1' and 'x'"),
        (
            Segment(DEVICE, PROGRAM, replace(CONFIG, iters=9, threads=2)),
            "config",
            "iters 3 and 9, threads 1 and 2",
        ),
    ],
)
def test_other_programs_and_configurations_are_pooled_only_when_asked(
    other: Segment, part: str, values: str, tmp_path: Path
) -> None:
    first = written_journal(tmp_path / "a", SEGMENT, measured(CONV, 1_000))
    second = written_journal(tmp_path / "b", other, measured(CONV, 3_000, segment=other))
    with pytest.raises(ConflictError) as caught:
        merge(first, second)
    assert str(caught.value) == (
        f"{second} was measured with another {part} than the journals before it: {values}. "
        f"Such times are not comparable; --mixed pools them anyway, and the table "
        f"then says so."
    )
    merged = merge(first, second, mixed=True)
    assert [record.p50 for record in merged.records] == [2.0]
    assert merged.segments == (other, SEGMENT)


def test_one_processor_is_pooled_with_another_that_is_like_it(tmp_path: Path) -> None:
    device = replace(DEVICE, facts={"like_cpus": "0xf 0xf0"})
    first, second, third = (
        Segment(device, PROGRAM, replace(CONFIG, cpus=cpus)) for cpus in ("0x1", "0x2", "0x10")
    )
    paths = [
        written_journal(tmp_path / each.config.cpus, each, measured(CONV, 1_000, segment=each))
        for each in (first, second, third)
    ]
    assert set(merge(*paths[:2]).segments) == {first, second}
    with pytest.raises(
        ConflictError, match="another config than the journals before it: cpus '0x1' and '0x10'"
    ):
        merge(paths[0], paths[2])


def test_a_processor_like_another_is_not_named_among_what_differs(tmp_path: Path) -> None:
    device = replace(DEVICE, facts={"like_cpus": "0xf"})
    first = Segment(device, PROGRAM, replace(CONFIG, cpus="0x1", iters=7))
    second = Segment(device, PROGRAM, replace(CONFIG, cpus="0x2", iters=9))
    paths = [
        written_journal(tmp_path / each.config.cpus, each, measured(CONV, 1_000, segment=each))
        for each in (first, second)
    ]
    with pytest.raises(ConflictError, match=r"than the journals before it: iters 7 and 9\. Such"):
        merge(*paths)


def test_several_processors_are_pooled_with_the_same_ones_alone(tmp_path: Path) -> None:
    device = replace(DEVICE, facts={"like_cpus": "0xf"})
    first, second = (
        Segment(device, PROGRAM, replace(CONFIG, threads=2, cpus=cpus)) for cpus in ("0x3", "0xc")
    )
    paths = [
        written_journal(tmp_path / each.config.cpus, each, measured(CONV, 1_000, segment=each))
        for each in (first, second)
    ]
    with pytest.raises(ConflictError, match="cpus '0x3' and '0xc'"):
        merge(*paths)


def test_a_failed_operator_is_left_out_unless_it_was_measured_in_full(tmp_path: Path) -> None:
    once = measured(CONV, 5)
    again = measured(CONV, 5, pass_index=1)
    half = merge(written_journal(tmp_path / "a", SEGMENT, once, failed(), measured(RELU, 5)))
    assert [record.key for record in half.records] == [RELU.key]
    assert half.failures == {CONV.key: failed()}

    full = merge(written_journal(tmp_path / "b", SEGMENT, failed(), once, again))
    assert [record.key for record in full.records] == [CONV.key]
    assert full.failures == {}


def test_operators_with_too_few_passes_are_kept_and_named(tmp_path: Path) -> None:
    entries = (measured(CONV, 5), measured(RELU, 5), measured(RELU, 5, pass_index=1))
    merged = merge(written_journal(tmp_path / "a", SEGMENT, *entries))
    assert len(merged.records) == 2
    assert merged.incomplete == (CONV.key,)


def test_a_pass_that_was_made_twice_in_a_journal_is_one(tmp_path: Path) -> None:
    twice = written_journal(tmp_path / "a", SEGMENT, measured(CONV, 5), measured(CONV, 6), measured(RELU, 5))
    assert merge(twice).incomplete == (CONV.key, RELU.key)
    many = replace(SEGMENT, config=replace(CONFIG, passes=100))
    later = [measured(CONV, 5, pass_index=99)] * 60 + [
        measured(RELU, 5, pass_index=each) for each in range(100)
    ]
    assert merge(written_journal(tmp_path / "b", many, *later)).incomplete == (CONV.key,)


def test_halves_of_two_journals_make_a_whole(tmp_path: Path) -> None:
    later = replace(SEGMENT, started="2024-02-01T00:00:00+00:00")
    first = written_journal(tmp_path / "a", SEGMENT, measured(CONV, 5), failed("crash", "once"))
    second = written_journal(tmp_path / "b", later, measured(CONV, 6), measured(RELU, 6))
    merged = merge(first, second)
    assert merged.incomplete == (RELU.key,)
    assert [key == CONV.key for key in merged.failures] == []


def test_mixed_journals_are_each_asked_for_their_own_passes(tmp_path: Path) -> None:
    """One pass of one is whole, one pass of two is not, whatever the other journal asks for."""
    single = replace(SEGMENT, config=replace(CONFIG, passes=1))
    first = written_journal(tmp_path / "a", SEGMENT, measured(CONV, 5))
    second = written_journal(tmp_path / "b", single, measured(RELU, 6))
    assert merge(first, second, mixed=True).incomplete == (CONV.key,)


@pytest.mark.parametrize("gone_on", [False, True])
def test_a_copy_makes_no_failure_vanish_and_no_half_operator_whole(tmp_path: Path, gone_on: bool) -> None:
    entries = (SEGMENT, measured(CONV, 5), failed("crash", "once"))
    first = written_journal(tmp_path / "a", *entries)
    more = [measured(RELU, 5), measured(RELU, 5, pass_index=1)] if gone_on else []
    copy = written_journal(tmp_path / "b", *entries, *more)
    for one, other in ((first, copy), (copy, first)):
        with pytest.raises(ConflictError) as caught:
            merge(one, other)
        assert str(caught.value).startswith(f"{other} holds what {one} holds: ")


def test_journals_that_were_run_together_are_copies_too(tmp_path: Path) -> None:
    later = replace(SEGMENT, started="2024-02-01T00:00:00+00:00")
    first = written_journal(tmp_path / "a", SEGMENT, measured(CONV, 5))
    second = written_journal(tmp_path / "b", later, measured(CONV, 5))
    both = tmp_path / "both"
    both.write_bytes(first.read_bytes() + second.read_bytes())
    assert len(merge(first, second).records) == 1
    with pytest.raises(ConflictError, match="holds what"):
        merge(both, second)


def test_samples_of_slow_turns_are_left_out_and_counted(tmp_path: Path) -> None:
    entries = [
        replace(measured(op, took_ns * slow // 100, pass_index=index), turn=index + 1)
        for index, slow in enumerate([100, 130, 101])
        for op, took_ns in ((CONV, 90_000), (RELU, 10_000))
    ]
    by_itself = measured(FC, 5_000, 7_000, 6_000)
    merged = merge(written_journal(tmp_path / "a", SEGMENT, *entries, by_itself))
    assert {record.key: record.p50 for record in merged.records} == {
        CONV.key: 90.45,
        RELU.key: 10.05,
        FC.key: 6.0,
    }
    assert merged.disturbances.to_json() == {"slow_visits": {"unsteady": 2}}
    assert merged.disturbances.describe() == [
        "Left out 2 slow visits: other visits of the same operators were faster."
    ]


def test_another_program_on_the_processor_makes_no_turn_slow(tmp_path: Path) -> None:
    preempted = Conditions(settled=False, spoilt_by="preempted")
    entries = [replace(measured(CONV, 90_000, pass_index=index), turn=index + 1) for index in range(3)]
    entries += [
        replace(measured(RELU, 10_000, pass_index=0), turn=1),
        replace(measured(RELU, 40_000, pass_index=1), turn=2, conditions=preempted),
        replace(measured(RELU, 10_000, pass_index=2), turn=3),
    ]
    merged = merge(written_journal(tmp_path / "a", SEGMENT, *entries))
    assert merged.disturbances.to_json() == {"spoilt_visits": {"preempted": 1}}
    assert merged.marked == {RELU.key: "preempted"}


def test_nothing_measured_makes_no_table(tmp_path: Path) -> None:
    empty = written_journal(tmp_path / "a", SEGMENT, failed())
    with pytest.raises(FileError, match=rf"^{empty}: no measurement to make a table from\.$"):
        merge(empty)
    all_failed = written_journal(tmp_path / "b", SEGMENT, measured(CONV, 5), failed())
    with pytest.raises(
        FileError, match=rf"^{all_failed}: every operator failed, so there is no table to make\.$"
    ):
        merge(all_failed)


def test_a_torn_journal_is_merged_up_to_the_cut_with_a_warning(tmp_path: Path) -> None:
    path = written_journal(tmp_path / "a", SEGMENT, measured(CONV, 5), measured(RELU, 5))
    path.write_bytes(path.read_bytes()[:-9])
    warnings: list[str] = []
    assert len(merge_journals([path], warnings.append).records) == 1
    assert warnings == [f"{path}:3 is damaged and left out."]


def test_table_and_sidecar(tmp_path: Path) -> None:
    entries = (
        measured(RELU, 1_000, 2_000),
        measured(RELU, 3_000, pass_index=1),
        measured(CONV_RELU, 7_000),
        failed(),
    )
    merged = merge(written_journal(tmp_path / "a.run.jsonl", SEGMENT, *entries))
    path = write_table(merged, tmp_path / "data").path
    assert path == tmp_path / "data" / "Box-12-6.1-op_lut_database.json"
    relu = (
        '{"op_type": "Relu", "op_args": [], "input_shapes": [[1, 4]], "input_dtypes": [1], '
        '"runtime_us_p0": 1.0, "runtime_us_p10": 1.2, "runtime_us_p50": 2.0, "runtime_us_p90": 2.8, '
        '"runtime_us_p100": 3.0, "device": "Box-12-6.1"}'
    )
    assert path.read_text().splitlines()[1:] == [relu]
    assert sorted(file.name for file in path.parent.iterdir()) == [
        "Box-12-6.1-op_lut_database.json",
        "Box-12-6.1-op_lut_database.meta.json",
    ]
    assert json.loads((path.parent / "Box-12-6.1-op_lut_database.meta.json").read_text()) == {
        "version": 2,
        "device": "Box-12-6.1",
        "records": 2,
        "content": hashlib.sha256(path.read_bytes()).hexdigest(),
        "sources": ["a.run.jsonl"],
        "segments": [
            {
                "device": {"name": "Box-12-6.1", "kind": "host", "serial": "host", "facts": {"cores": "2"}},
                "program": asdict(PROGRAM),
                "config": asdict(CONFIG),
                "started": SEGMENT.started,
            }
        ],
        "has_unknown_origin": False,
        "marked": [],
        "disturbances": {},
        "canary": [],
        "drift": [],
        "units": [],
        "extended": [],
        "held_out": [],
        "rounds": [],
        "predicted": None,
        "calibration": None,
        "incomplete": [CONV_RELU.key.to_json()],
        "failures": [{**CONV.key.to_json(), "stage": "crash", "reason": "killed"}],
    }


@given(visits=st.lists(st.lists(st.integers(1, 10**12), min_size=1, max_size=9), min_size=1, max_size=5))
def test_percentiles_are_ordered_and_within_the_samples(
    visits: list[list[int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "percentiles"
    path.unlink(missing_ok=True)
    entries = (Measurement.of(CONV, SEGMENT.id, n, tuple(samples)) for n, samples in enumerate(visits))
    (record,) = merge(written_journal(path, SEGMENT, *entries)).records
    pooled = sorted(sample for samples in visits for sample in samples)
    assert list(record.runtime_us) == sorted(record.runtime_us)
    assert record.runtime_us[0] == round(pooled[0] / 1000, 3)
    assert record.runtime_us[-1] == round(pooled[-1] / 1000, 3)
    if len(pooled) % 2:
        assert record.p50 == round(pooled[len(pooled) // 2] / 1000, 3)


def test_a_journal_given_twice_is_refused(tmp_path: Path) -> None:
    path = written_journal(tmp_path / "a.run.jsonl", SEGMENT, measured(RELU, 100))
    with pytest.raises(ConflictError, match=r"a\.run\.jsonl is given 2 times\. Name each journal once\.$"):
        merge(path, tmp_path / "b" / ".." / "a.run.jsonl")


def test_what_was_measured_in_slow_phases_only_is_marked(tmp_path: Path) -> None:
    slow = replace(measured(CONV_RELU, 30_000), conditions=Conditions(settled=False))
    path = written_journal(tmp_path / "a.run.jsonl", SEGMENT, slow, measured(RELU, 5_000))
    merged = merge(path)
    assert merged.marked == {CONV_RELU.key: "canary"}
    assert describe(merged).marked == (MarkedOp(*CONV_RELU.key, reason="measured while the canary was slow"),)


def test_what_was_thrown_away_and_made_again_is_counted(tmp_path: Path) -> None:
    disturbed = replace(measured(CONV_RELU, 30_000), conditions=Conditions(spoilt_by="preempted"))
    cleaned = replace(measured(CONV_RELU, 20_000), discarded=Discarded((90_000,), (80_000, 70_000)))
    path = written_journal(
        tmp_path / "a.run.jsonl", SEGMENT, Repeated.of(disturbed), cleaned, measured(RELU, 5_000)
    )
    merged = merge(path)
    assert not merged.marked
    assert [record.p50 for record in merged.records if record.key == CONV_RELU.key] == [20.0]
    assert describe(merged).disturbances == {
        "discarded_runs": {"canary": 1, "preempted": 2},
        "repeated_visits": {"preempted": 1},
    }
    assert merged.disturbances.describe() == [
        "Repeated 1 visit and 3 single runs because the device ran slowly for a while and other programs "
        "were running; results are fine."
    ]


def test_a_table_with_other_operators_is_not_replaced_unasked(tmp_path: Path) -> None:
    both = merge(
        written_journal(tmp_path / "a.run.jsonl", SEGMENT, measured(RELU, 1_000), measured(FC, 2_000))
    )
    one = merge(written_journal(tmp_path / "b.run.jsonl", SEGMENT, measured(RELU, 3_000)))
    path = write_table(both, tmp_path).path
    before = path.read_bytes()
    with pytest.raises(
        ConflictError, match=r"holds 1 operator that .* by --into .*, or replace it with --replace"
    ):
        write_table(one, tmp_path)
    assert path.read_bytes() == before
    assert write_table(both, tmp_path).path == path
    write_table(one, tmp_path, replace=True)
    assert len(load_table(path, index=False)) == 1


def test_nor_is_a_zipped_one_put_into_the_shade(tmp_path: Path) -> None:
    merged = merge(written_journal(tmp_path / "a.run.jsonl", SEGMENT, measured(RELU, 1_000)))
    zipped = tmp_path / "Box-12-6.1-op_lut_database.json.zip"
    other = merge(written_journal(tmp_path / "b.run.jsonl", SEGMENT, measured(FC, 2_000)))
    format_of(zipped).write(other.records, zipped)
    with pytest.raises(ConflictError, match=r"json\.zip holds 1 operator"):
        write_table(merged, tmp_path)


def test_a_zipped_one_is_replaced_in_its_own_format(tmp_path: Path) -> None:
    merged = merge(written_journal(tmp_path / "a.run.jsonl", SEGMENT, measured(RELU, 1_000)))
    folder = tmp_path / "tables"
    zipped = folder / "Box-12-6.1-op_lut_database.json.zip"
    folder.mkdir()
    format_of(zipped).write([record(RELU, 77.0)], zipped)
    assert write_table(merged, folder).path == zipped
    assert [each.p50 for each in load_table(zipped)] == [1.0]
    assert sorted(path.suffix for path in folder.iterdir()) == [".json", ".zip"]  # the sidecar's, and the zip
    shutil.copy(zipped, zipped.with_suffix(""))
    with pytest.raises(ConflictError, match="Leave one of them there"):
        write_table(merged, folder)


@pytest.mark.parametrize(("samples", "stays"), [((1_000, 2_000, 3_000), True), ((4_000,), False)])
def test_a_calibration_is_kept_while_it_fits(samples: tuple[int, ...], stays: bool, tmp_path: Path) -> None:
    first = merge(written_journal(tmp_path / "a.run.jsonl", SEGMENT, measured(RELU, 2_000)))
    sidecar = sidecar_path(write_table(first, tmp_path).path)
    nets = [{"net": "net", "operators": 1, "sum_us": 2.0, "measured_us": 2.1, "left_out_error": 0.0}]
    calibration = {
        "form": "factor",
        "factor": 1.05,
        "per_operator_us": 0.0,
        "device": "Box-12-6.1",
        "fitted": "2026-01-01T00:00:00Z",
        "nets": nets,
        "config": {},
    }
    sidecar.write_text(json.dumps(json.loads(sidecar.read_text()) | {"calibration": calibration}))
    again = merge(written_journal(tmp_path / "b.run.jsonl", SEGMENT, measured(RELU, *samples)))
    assert write_table(again, tmp_path).calibration_dropped is not stays
    assert json.loads(sidecar.read_text()).get("calibration") == (calibration if stays else None)


@pytest.mark.parametrize("device", ["../../x", "/tmp/x", "x\x1b]52;c;aGk=\x07"])
def test_a_device_whose_name_leads_elsewhere_makes_no_table(device: str, tmp_path: Path) -> None:
    segment = Segment(replace(DEVICE, name=device), PROGRAM, CONFIG)
    merged = merge(written_journal(tmp_path / "a", segment, measured(RELU, 5, segment=segment)))
    with pytest.raises(
        FileError, match=rf"^No file can be called after the device {re.escape(repr(device))}: "
    ):
        write_table(merged, tmp_path / "tables")
    assert {path.name for path in tmp_path.iterdir()} == {"a"}
