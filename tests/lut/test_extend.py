"""Extending tables: policies, contradictions, the sidecar, and the command `lut merge --into`."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lut.cli import entry as cli
from lut.drift import RunDrift
from lut.drift.runs import CANARY
from lut.entries import CAUSES, Conditions, DeviceInfo, Measurement, ProgramInfo, RunConfig, Segment
from lut.errors import ConflictError, FileError
from lut.extend import extend, extend_table
from lut.journal import open_journal
from lut.merge import merge_journals, write_table
from lut.ops import KeyFields, OpSpec, TensorSpec
from lut.records import LutRecord
from lut.sidecar import Calibration, FailedOp, FittedNet, MarkedOp, Sidecar, sidecar_path
from lut.table import format_of, load_table, update_table
from tests.lut.samples import known, measured, written_journal

SEGMENT = Segment(
    DeviceInfo("phone-9-28", "adb", "0"), ProgramInfo("speed_benchmark", "0" * 64, "x"), RunConfig(passes=1)
)


def relu(channels: int) -> OpSpec:
    return OpSpec.of("Relu", [TensorSpec((1, channels, 7, 7))])


def record(channels: int, median: float, noise: float = 1.0, device: str = "phone-9-28") -> LutRecord:
    spread = (median - 2 * noise, median - noise, median, median + noise, median + 2 * noise)
    return LutRecord(relu(channels).key, spread, device)


def written(path: Path, *records: LutRecord, **said: Any) -> Path:
    """A table measured as `SEGMENT` says, and what else its sidecar says."""
    with update_table(path) as update:
        update.write(records, Sidecar(device="phone-9-28", segments=(SEGMENT,), **said))
    return path


def write_run(path: Path, times_us: dict[int, float]) -> Path:
    with open_journal(path) as journal:
        journal.append(SEGMENT)
        for channels, time_us in times_us.items():
            samples = tuple(int(1000 * (time_us + step)) for step in (-1, 0, 1))
            journal.append(Measurement.of(relu(channels), SEGMENT.id, 0, samples))
    return path


def test_new_operators_are_added_in_order() -> None:
    extension = extend([record(4, 10.0)], [record(2, 20.0), record(8, 30.0)], "newest")
    assert extension.records == tuple(sorted(extension.records, key=lambda each: each.key))
    assert (len(extension.records), extension.added, extension.present) == (3, 2, 0)


@pytest.mark.parametrize(
    ("policy", "medians"), [("newest", [20.0]), ("keep", [10.0]), ("pooled", [10.0, 20.0])]
)
def test_the_policy_decides_what_stays(policy: str, medians: list[float]) -> None:
    extension = extend([record(4, 10.0)], [record(4, 20.0)], policy)
    assert [each.p50 for each in extension.records] == medians
    assert (extension.added, extension.present, extension.equal) == (0, 1, 0)


def test_pooling_a_run_twice_does_not_double_its_weight() -> None:
    once = extend([record(4, 10.0)], [record(4, 20.0)], "pooled")
    twice = extend(once.records, [record(4, 20.0)], "pooled")
    assert twice.records == once.records
    assert twice.equal == 1


def test_records_contradict_when_their_noise_does_not_explain_it() -> None:
    old = [record(2, 10.0), record(4, 10.0), record(8, 10.0, noise=5.0), record(16, 0.0, noise=0.0)]
    new = [record(2, 11.9), record(4, 12.1), record(8, 14.0), record(16, 9.0)]
    contradictions = extend(old, new, "keep").contradictions
    assert [found.new.key for found in contradictions] == [relu(16).key, relu(4).key]
    assert [found.factor for found in contradictions] == [float("inf"), pytest.approx(1.21)]


def test_a_table_is_extended_in_its_own_format(tmp_path: Path) -> None:
    path = tmp_path / "phone-9-28-op_lut_database.json.zip"
    written(path, record(4, 10.0))
    merged = merge_journals([write_run(tmp_path / "a.jsonl", {4: 50.0, 8: 60.0})], print)
    extension = extend_table(path, merged, "newest")
    assert [each.p50 for each in format_of(path).read(path)] == [50.0, 60.0]
    assert (extension.added, extension.present, len(extension.contradictions)) == (1, 1, 1)

    merged = merge_journals([write_run(tmp_path / "b.jsonl", {16: 70.0})], print)
    extend_table(path, merged, "keep")
    story = json.loads((tmp_path / "phone-9-28-op_lut_database.meta.json").read_text())
    assert (story["sources"], story["records"]) == (["a.jsonl", "b.jsonl"], 3)
    assert [step["policy"] for step in story["extended"]] == ["newest", "keep"]
    assert len(story["segments"]) == 3


def test_a_failure_is_forgotten_when_its_operator_is_measured(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    failures = tuple(FailedOp(*relu(channels).key, stage="crash", reason="x") for channels in (8, 16))
    written(path, record(4, 10.0), failures=failures)
    extend_table(path, merge_journals([write_run(tmp_path / "a.jsonl", {8: 60.0})], print), "newest")
    assert known(path).failures == failures[1:]


@pytest.mark.parametrize(
    ("policy", "times_us", "stays"),
    [
        ("newest", {8: 60.0}, True),
        ("newest", {4: 60.0}, False),
        ("pooled", {4: 60.0}, False),
        ("keep", {4: 60.0}, True),
    ],
    ids=["added", "replaced", "averaged", "kept"],
)
def test_a_calibration_stays_as_long_as_no_sum_changes(
    policy: str, times_us: dict[int, float], stays: bool, tmp_path: Path
) -> None:
    path = tmp_path / "table.json"
    nets = (FittedNet("net", 1, 10.0, 10.2, 0.0),)
    calibration = Calibration("factor", 1.02, 0.0, "phone-9-28", "2026-01-01T00:00:00Z", nets)
    written(path, record(4, 10.0), calibration=calibration)
    extension = extend_table(path, merge_journals([write_run(tmp_path / "a.jsonl", times_us)], print), policy)
    assert extension.calibration_dropped is not stays
    assert known(path).calibration == (calibration if stays else None)


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_damaged_sidecar_changes_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "table.json"
    written(path, record(4, 10.0))
    (tmp_path / "table.meta.json").write_text(text)
    merged = merge_journals([write_run(tmp_path / "a.jsonl", {8: 60.0})], print)
    with pytest.raises(FileError, match="Move it away to go on without what it says"):
        extend_table(path, merged, "newest")
    assert list(format_of(path).read(path)) == [record(4, 10.0)]


def test_devices_are_not_mixed(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    written(path, record(4, 10.0, device="other-8-26"))
    merged = merge_journals([write_run(tmp_path / "a.jsonl", {8: 60.0})], print)
    with pytest.raises(ConflictError, match="is of the device other-8-26, the journals are of phone-9-28"):
        extend_table(path, merged, "newest")


def test_the_command_tells_what_it_did(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, run = tmp_path / "table.json", write_run(tmp_path / "a.jsonl", dict.fromkeys(range(1, 15), 60.0))
    written(path, *(record(channels, 10.0) for channels in range(1, 13)))

    def merge(*arguments: object) -> tuple[object, list[str]]:
        monkeypatch.setattr(sys, "argv", ["lut", "merge", str(run), *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return end.value.code, capsys.readouterr().err.splitlines()

    code, lines = merge("--into", path, "--policy", "pooled")
    assert code == 0
    assert lines[:3] == [
        f"{path}: 2 operators added, 12 with an old and a new record, 0 the same as before",
        "12 of those contradict: old and new p10 to p90 don't overlap. Medians in microseconds, old and new:",
        "  10.0  60.0  Relu [1,1,7,7]",
    ]
    assert lines[12] == "  and 2 more"
    assert merge("--into", path)[1][0].startswith(f"{path}: 0 operators added, 12 replaced, 2 the same")
    assert merge()[0] == merge("--into", path, "-o", tmp_path)[0] == 2


def said_of(kind: str, *channels: int) -> tuple[KeyFields, ...]:
    keys = [relu(each).key for each in channels]
    if kind == "marked":
        return tuple(MarkedOp(*key, reason="measured while it rained") for key in keys)
    return tuple(KeyFields(*key) for key in keys)


@pytest.mark.parametrize(("policy", "left"), [("newest", [2]), ("pooled", [2, 4]), ("keep", [2, 4])])
@pytest.mark.parametrize("kind", ["marked", "incomplete"])
def test_what_is_said_of_an_operator_follows_its_record(
    kind: str, policy: str, left: list[int], tmp_path: Path
) -> None:
    path = tmp_path / "table.json"
    written(path, record(2, 10.0), record(4, 10.0), **{kind: said_of(kind, 2, 4)})
    extend_table(path, merge_journals([write_run(tmp_path / "a.jsonl", {4: 60.0})], print), policy)
    assert getattr(known(path), kind) == said_of(kind, *left)


@pytest.mark.parametrize(("policy", "comes"), [("newest", True), ("pooled", True), ("keep", False)])
def test_a_mark_comes_with_the_record_it_is_of(policy: str, comes: bool, tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    written(path, record(4, 10.0))
    merged = merge_journals([write_run(tmp_path / "a.jsonl", {4: 60.0})], print)
    extend_table(path, replace(merged, marked={relu(4).key: "preempted"}), policy)
    assert [mark.reason for mark in known(path).marked or ()] == [CAUSES["preempted"]] * comes


def table_of_run(folder: Path, times_us: dict[int, float]) -> Path:
    """A table made of a journal, so that its sidecar says by which program it was measured, and how."""
    return write_table(merge_journals([write_run(folder / "before.jsonl", times_us)], print), folder).path


SLOWER = dict.fromkeys(range(1, 9), 63.0)


def test_the_journals_are_held_against_the_table(tmp_path: Path) -> None:
    path = table_of_run(tmp_path, dict.fromkeys(range(1, 7), 60.0))
    extension = extend_table(path, merge_journals([write_run(tmp_path / "a.jsonl", SLOWER)], print), "newest")
    assert extension.drift == RunDrift(1.05, 6)
    (step,) = json.loads(sidecar_path(path).read_text())["extended"]
    assert step["drift"] == {"factor": 1.05, "count": 6, "by": "operators"}


def test_what_was_disturbed_then_or_now_says_nothing_of_the_device(tmp_path: Path) -> None:
    path = table_of_run(tmp_path, dict.fromkeys(range(1, 9), 60.0) | {1: 600.0, 2: 30.0})
    sidecar = sidecar_path(path)
    then = [{**relu(1).key.to_json(), "reason": CAUSES["preempted"]}]
    sidecar.write_text(json.dumps(json.loads(sidecar.read_text()) | {"marked": then}))
    merged = merge_journals([write_run(tmp_path / "a.jsonl", SLOWER)], print)
    now = replace(merged, marked={relu(2).key: "alone", relu(3).key: "canary"})
    assert extend_table(path, now, "newest").drift == RunDrift(1.05, 6)


def with_canary(path: Path, channels: range, canary_ns: int) -> Path:
    """A journal of operators by which the canary was timed before each."""
    visits = [
        Measurement.of(
            relu(each), SEGMENT.id, 0, (1000,), conditions=Conditions(canary_before_ns=canary_ns + each)
        )
        for each in channels
    ]
    return written_journal(path, SEGMENT, *visits)


def test_what_a_table_lacked_is_judged_by_the_canary(tmp_path: Path) -> None:
    """The usual way to extend a table: the journal holds none of its operators."""
    first = with_canary(tmp_path / "first.jsonl", range(1, 10), 20_000)
    path = write_table(merge_journals([first], print), tmp_path).path
    missing = merge_journals([with_canary(tmp_path / "missing.jsonl", range(11, 18), 21_000)], print)
    drift = extend_table(path, missing, "newest").drift
    assert drift == RunDrift(21_014 / 20_005, 7, CANARY)
    assert json.loads(sidecar_path(path).read_text())["canary"] == [
        {"median_ns": 20_005, "count": 9},
        {"median_ns": 21_014, "count": 7},
    ]
    assert extend_table(path, missing, "newest").drift is None  # the same journal once more


def test_a_canary_that_is_none_changes_nothing(tmp_path: Path) -> None:
    path = table_of_run(tmp_path, {1: 60.0})
    before = path.read_bytes()
    story = json.loads(sidecar_path(path).read_text()) | {"canary": [{"median_ns": 0, "count": 9}]}
    sidecar_path(path).write_text(json.dumps(story))
    with pytest.raises(FileError, match=r"Expected `float` > 0.0 - at `\$.canary"):
        extend_table(path, merge_journals([write_run(tmp_path / "a.jsonl", SLOWER)], print), "newest")
    assert path.read_bytes() == before


def test_a_journal_that_is_merged_again_is_no_second_run(tmp_path: Path) -> None:
    path = table_of_run(tmp_path, SLOWER)
    again = merge_journals([write_run(tmp_path / "again.jsonl", SLOWER)], print)
    assert extend_table(path, again, "newest").drift is None


@pytest.mark.parametrize("config", [None, {"threads": 4}])
def test_of_a_table_measured_otherwise_or_nobody_knows_how_drift_is_not_known(
    config: dict[str, int] | None, tmp_path: Path
) -> None:
    path = table_of_run(tmp_path, dict.fromkeys(range(1, 7), 60.0))
    story = json.loads(sidecar_path(path).read_text())
    segments = [segment | {"config": segment["config"] | config} for segment in story["segments"] if config]
    sidecar_path(path).write_text(json.dumps(story | {"segments": segments}))
    merged = merge_journals([write_run(tmp_path / "a.jsonl", SLOWER)], print)
    with pytest.raises(ConflictError, match="--mixed"):
        extend_table(path, merged, "newest")
    assert extend_table(path, merged, "newest", mixed=True).drift is None
    assert known(path).extended[0].drift is None
    assert known(path).is_mixed


@pytest.mark.parametrize(
    ("policy", "held", "measured", "warned"),
    [
        ("newest", range(1, 9), range(1, 9), False),  # every record is of the present device
        ("newest", range(1, 10), range(1, 9), True),
        ("keep", range(1, 9), range(1, 9), False),  # every record is of the device as it was
        ("keep", range(1, 9), range(1, 10), True),
        ("pooled", range(1, 9), range(1, 9), True),
    ],
)
def test_the_command_warns_where_the_table_mixes_two_speeds(
    policy: str,
    held: range,
    measured: range,
    warned: bool,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = table_of_run(tmp_path, dict.fromkeys(held, 60.0))
    run = write_run(tmp_path / "a.jsonl", dict.fromkeys(measured, 66.0))
    monkeypatch.setattr(sys, "argv", ["lut", "merge", str(run), "--into", str(path), "--policy", policy])
    with pytest.raises(SystemExit):
        cli.main()
    out, err = capsys.readouterr()
    assert out == ""
    said = "The device was 10.0 % slower than in the table as it was (by 8 operators measured in both).\n"
    assert said in err
    assert ("Warning: more than 3 % apart" in err) is warned


def test_two_that_extend_one_table_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    written(path, record(1, 10.0))
    runs = [
        merge_journals([write_run(tmp_path / f"{channels}.jsonl", {channels: 60.0})], print)
        for channels in range(2, 34)
    ]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda merged: extend_table(path, merged, "newest"), runs))
    assert len(list(format_of(path).read(path))) == 33
    assert len(known(path).extended) == 32


@pytest.mark.parametrize("named", [("program", "engine"), ("config", "threads")])
def test_what_is_not_comparable_is_added_only_when_asked_and_the_table_says_so(
    named: tuple[str, str], tmp_path: Path
) -> None:
    part, name = named
    path = written(tmp_path / "table.json", record(4, 10.0))
    change = msgspec.structs.replace
    other = (
        change(SEGMENT, program=change(SEGMENT.program, engine="y"))
        if part == "program"
        else change(SEGMENT, config=change(SEGMENT.config, threads=2))
    )
    journal = written_journal(tmp_path / "a.jsonl", other, measured(relu(8), 60_000, segment=other))
    merged = merge_journals([journal], print)
    before = path.read_bytes()
    with pytest.raises(ConflictError, match=rf"another {part} than .*: {name} .*--mixed"):
        extend_table(path, merged, "newest")
    assert path.read_bytes() == before
    extend_table(path, merged, "newest", mixed=True)
    estimate = load_table(path).estimate([relu(4), relu(8)])
    (part_of_sum,) = estimate.doubts
    assert (part_of_sum.quality.kind, part_of_sum.operators, part_of_sum.share) == ("mixed", 2, 1.0)
    assert name in part_of_sum.quality.cause


def test_to_a_published_table_nothing_is_added_unasked(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    format_of(path).write([record(4, 10.0)], path)
    merged = merge_journals([write_run(tmp_path / "a.jsonl", {8: 60.0})], print)
    with pytest.raises(ConflictError, match=r"is not known.*--mixed"):
        extend_table(path, merged, "newest")
    extend_table(path, merged, "newest", mixed=True)
    assert known(path).is_mixed
    extend_table(path, merged, "newest")
    assert known(path).is_mixed
