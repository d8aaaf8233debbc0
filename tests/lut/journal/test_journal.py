"""Journals: what is in them, what a cut leaves, who may write."""

import fcntl
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from lut.entries import (
    CAUSES,
    BlockState,
    Conditions,
    Discarded,
    Entry,
    Failure,
    Measurement,
    Repeated,
    Round,
    RunConfig,
    Segment,
)
from lut.errors import ConflictError, FileError
from lut.journal import open_journal, read_journal, read_progress
from tests.lut.samples import (
    CONFIG,
    CONV,
    CONV_RELU,
    DEVICE,
    PROGRAM,
    RELU,
    SEGMENT,
    measured,
    written_journal,
)

ENTRIES: tuple[Entry, ...] = (
    SEGMENT,
    Measurement.of(CONV, SEGMENT.id, 0, (10_000, 11_000), (20_000,), 4, Conditions(1_800_000, 1_700_000)),
    Failure.of(RELU, SEGMENT.id, "crash", "killed by SIGABRT: “aborted”"),
    replace(measured(CONV, 9_000, pass_index=1), turn=1_800_000_000_000),
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = written_journal(tmp_path / "new" / "a.run.jsonl", *ENTRIES)
    assert tuple(read_journal(path)) == ENTRIES
    read = next(read_journal(path))
    assert isinstance(read, Segment)
    assert (read.device.facts, read.started) == (DEVICE.facts, SEGMENT.started)


def test_lines_are_as_documented(tmp_path: Path) -> None:
    path = written_journal(tmp_path / "a.run.jsonl", *ENTRIES)
    segment, measurement, failure, _ = (json.loads(line) for line in path.read_text().splitlines())
    assert segment == {
        "kind": "segment",
        "version": 2,
        "id": SEGMENT.id,
        "started": "2024-01-02T03:04:05+00:00",
        "device": {"name": "Box-12-6.1", "kind": "host", "serial": "host", "facts": {"cores": "2"}},
        "program": {"kind": "speed_benchmark", "sha256": "ab" * 32, "engine": "torch-1.8.1"},
        "config": {
            "passes": 2,
            "iters": 3,
            "warmup": 1,
            "threads": 1,
            "cpus": "",
            "min_sample_us": 0.0,
            "turns": 1,
            "fill_bytes": 0,
            "thrash_bytes": 0,
            "warmup_share": 0.0,
            "most_iters": 0,
            "p50_share": 0.0,
            "canary_share": 0.0,
        },
    }
    assert measurement == {
        "kind": "measurement",
        "segment": SEGMENT.id,
        **CONV.key.to_json(),
        "pass": 0,
        "samples_ns": [10_000, 11_000],
        "warmup_ns": [20_000],
        "repeats": 4,
        "conditions": {
            "khz_before": 1_800_000,
            "khz_after": 1_700_000,
            "canary_before_ns": None,
            "canary_after_ns": None,
            "settled": None,
            "spoilt_by": None,
            "memory_before_ns": None,
            "memory_after_ns": None,
        },
        "discarded": {"canary": [], "preempted": []},
        "turn": None,
    }
    assert failure == {
        "kind": "failure",
        "segment": SEGMENT.id,
        **RELU.key.to_json(),
        "stage": "crash",
        "reason": "killed by SIGABRT: “aborted”",
    }


def test_cut_at_any_byte_it_is_read_up_to_the_cut_and_written_on(tmp_path: Path) -> None:
    whole = written_journal(tmp_path / "whole", *ENTRIES).read_bytes()
    path = tmp_path / "cut"
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        lines, torn = whole[:cut].count(b"\n"), not whole[:cut].endswith(b"\n") and cut > 0

        warnings: list[str] = []
        assert tuple(read_journal(path, warnings.append)) == ENTRIES[:lines]
        sentence = f"{path}:{lines + 1} is damaged and left out."
        assert warnings == ([sentence] if torn else [])

        written_journal(path, *ENTRIES[lines:])
        assert path.read_bytes() == whole


def test_a_long_torn_line_is_cut_whole(tmp_path: Path) -> None:
    path = written_journal(tmp_path / "a.run.jsonl", SEGMENT)
    kept = path.read_bytes()
    path.write_bytes(kept + b'{"kind": "measurement", "samples_ns": [' + b"1000, " * 5000)
    with open_journal(path):
        pass
    assert path.read_bytes() == kept


def test_a_journal_is_written_by_one_process_at_a_time(tmp_path: Path) -> None:
    path = written_journal(tmp_path / "a.run.jsonl", SEGMENT)
    hold = (
        "import sys, pathlib, lut.journal\n"
        "with lut.journal.open_journal(pathlib.Path(sys.argv[1])):\n"
        "    print(1, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", hold, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"1\n"
        with pytest.raises(ConflictError) as caught, open_journal(path):
            pass
        other.communicate()
    assert str(caught.value) == (
        f"{path} is being written by another run. Wait for it, or choose another file."
    )
    written_journal(path, SEGMENT)
    assert len(list(read_journal(path))) == 2


def test_a_journal_that_is_left_is_free(tmp_path: Path) -> None:
    path = tmp_path / "a.run.jsonl"
    with pytest.raises(KeyError), open_journal(path):
        raise KeyError
    with path.open() as stream:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_folder_is_no_journal(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"can't be written: Is a directory\.$"), open_journal(tmp_path):
        pass
    with pytest.raises(FileError, match=r"can't be read: Is a directory\.$"):
        list(read_journal(tmp_path))


def lines_of(path: Path) -> list[str]:
    return written_journal(path, *ENTRIES).read_text().splitlines()


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"samples_ns": [10000', '"samples_ns": [0', "Expected `int` >= 1 - at `$.samples_ns[0]`"),
        ('"samples_ns": [10000', '"samples_ns": [-5', "Expected `int` >= 1 - at `$.samples_ns[0]`"),
        ('"samples_ns": [10000', '"samples_ns": [1.5', "Expected `int`, got `float`"),
        ('"samples_ns": [10000', f'"samples_ns": [{2**63}', "Expected `int` <= 9223372036854775807"),
        ('"samples_ns": [10000', '"samples_ns": [NaN', "JSON is malformed"),
        ('"samples_ns": [10000', '"samples_ns": [Infinity', "JSON is malformed"),
        ('"samples_ns": [10000, 11000]', '"samples_ns": []', "Expected `array` of length >= 1"),
        ('"samples_ns"', '"samples"', "Object contains unknown field `samples`"),
        ('"warmup_ns": [20000]', '"warmup_ns": ["x"]', "Expected `int`, got `str`"),
        ('"pass": 0', '"pass": "first"', "Expected `int`, got `str` - at `$.pass`"),
        ('"pass": 0', '"pass": -1', "Expected `int` >= 0 - at `$.pass`"),
        ('"pass": 0', f'"pass": {"9" * 400}', ""),
        ('"repeats": 4', '"repeats": null', "Expected `int`, got `null` - at `$.repeats`"),
        ('"repeats": 4', '"repeats": 0', "Expected `int` >= 1 - at `$.repeats`"),
        ('"repeats": 4', '"repeats": 1e999', ""),
        ('"turn": null', '"turn": "late"', "Expected `int | null`, got `str` - at `$.turn`"),
        ('"khz_before": 1800000', '"khz_before": {}', "Expected `int | null`, got `object`"),
        ('"khz_before"', '"khz"', "Object contains unknown field `khz`"),
        ('"settled": null', '"settled": 1', "Expected `bool | null`, got `int`"),
        ('"spoilt_by": null', '"spoilt_by": "rain"', "spoilt_by is 'rain'; expected one of canary, "),
        ('"preempted"', '"interrupted"', "Object contains unknown field `interrupted`"),
        ('"op_type": "Int8Conv"', '"op_type": 7', "Expected `str`, got `int` - at `$.op_type`"),
        ('"op_type": "Int8Conv"', '"op_type": "\\ud800"', "JSON is malformed"),
        ("[1, 8, 8, 16]", f"[1, 8, 8, {2**64}]", ""),
        ("[1, 8, 8, 16]", "[[[[[1]]]]]", "Expected `int`, got `array`"),
        ("[6, 6, 2]", "[6, 6]", "it has another number of input shapes than of input dtypes"),
        ("name: ", "nom: ", "is not the text of an argument"),
        ('"kind": "measurement"', '"kind": "guess"', "Invalid value 'guess' - at `$.kind`"),
        ('"kind": "measurement"', '"kind": ["x"]', "Expected `str` - at `$.kind`"),
        ('"kind": "measurement", ', "", "Object missing required field `kind`"),
    ],
    ids=range(30),
)
def test_a_whole_line_that_is_no_entry_is_named(old: str, new: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "a.run.jsonl"
    lines = lines_of(path)
    assert old in lines[1]
    lines[1] = lines[1].replace(old, new)
    path.write_text("\n".join(lines) + "\n")
    entries = read_journal(path)
    assert next(entries) == SEGMENT
    with pytest.raises(
        FileError, match=rf"^{path}:2 is not a journal entry \(.*{re.escape(reason)}"
    ) as caught:
        next(entries)
    assert str(caught.value).endswith("). Is it a file written by `bench run`?")


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("state", "values", {"zone_celsius": 31.0}),
        ("state", "values", [1]),
        ("round", "chosen", [1]),
        ("round", "spent_s", "long"),
        ("round", "spent_s", -1.0),
        ("failure", "reason", 3),
        ("failure", "stage", None),
        ("segment", "started", 2024),
        ("segment", "device", {"name": "Box", "kind": "host"}),
        ("segment", "program", {"kind": 1, "sha256": "ab", "engine": "x"}),
        ("segment", "config", {"passes": 0}),
        ("segment", "config", {"rounds": 3}),
        ("segment", "config", [3]),
    ],
    ids=range(13),
)
def test_each_field_of_the_other_kinds_is_checked(
    kind: str, field: str, value: object, tmp_path: Path
) -> None:
    others = (BlockState(SEGMENT.id, {"zone_celsius": "31.0"}), Round(SEGMENT.id, ("ab",), (), 1.0))
    path = written_journal(tmp_path / "a.run.jsonl", *ENTRIES, *others)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    (line,) = (line for line in lines if line["kind"] == kind)
    line[field] = value
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(FileError, match=rf":{lines.index(line) + 1} is not a journal entry \("):
        list(read_journal(path))


@pytest.mark.parametrize(
    "entry",
    [
        replace(measured(CONV, 1), samples_ns=(0,)),
        replace(measured(CONV, 1), samples_ns=(1 << 63,)),
        replace(measured(CONV, 1), repeats=0),
        Failure.of(RELU, SEGMENT.id, "run", "half a pair: \ud800"),
        Failure.of(RELU, SEGMENT.id, "run", "x" * (1 << 21)),
        BlockState(SEGMENT.id, {"zone_celsius": 31.0}),  # type: ignore[dict-item]
        Round(SEGMENT.id, (), spent_s=float("nan")),
        SEGMENT.named("0123456789ab"),
    ],
    ids=range(8),
)
def test_what_can_not_be_read_back_is_not_written(entry: Entry, tmp_path: Path) -> None:
    path = written_journal(tmp_path / "a.run.jsonl", SEGMENT)
    before = path.read_bytes()
    with open_journal(path) as writer:
        with pytest.raises(FileError, match=rf"^{path} can't take a {type(entry).__name__}: "):
            writer.append(entry)
        writer.append(ENTRIES[1])
    assert path.read_bytes().startswith(before)
    assert list(read_journal(path)) == [SEGMENT, ENTRIES[1]]


def test_visits_share_the_parts_of_their_keys(tmp_path: Path) -> None:
    path = written_journal(tmp_path / "a.run.jsonl", *ENTRIES)
    first, second = (visit.key for visit in read_journal(path) if isinstance(visit, Measurement))
    assert first == second == CONV.key
    assert all(a is b for a, b in zip(first[:2], second[:2], strict=True))
    assert all(a is b for a, b in zip(first.input_shapes, second.input_shapes, strict=True))


def test_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = written_journal(tmp_path / "a.run.jsonl", SEGMENT)
    path.write_text(path.read_text().replace('"version": 2', '"version": 7, "further": true'))
    with pytest.raises(FileError) as caught:
        list(read_journal(path))
    assert str(caught.value) == (
        f"{path}:1 is of version 7; this program reads version 2. Update cnn-latency-lut."
    )


def test_a_segment_that_was_edited_is_refused(tmp_path: Path) -> None:
    path = written_journal(tmp_path / "a.run.jsonl", SEGMENT)
    path.write_text(path.read_text().replace('"threads": 1', '"threads": 4'))
    with pytest.raises(FileError, match=rf"its id is '{SEGMENT.id}', its contents give "):
        list(read_journal(path))


def test_entries_without_their_segment_are_refused(tmp_path: Path) -> None:
    path = written_journal(tmp_path / "a.run.jsonl", *ENTRIES[1:])
    with pytest.raises(FileError) as caught:
        list(read_journal(path))
    assert str(caught.value) == (
        f"{path}:1 belongs to the segment '{SEGMENT.id}', which no line above it describes. "
        f"Is the file's beginning missing?"
    )


def test_an_absent_journal_is_named_and_is_no_progress(tmp_path: Path) -> None:
    path = tmp_path / "a.run.jsonl"
    with pytest.raises(FileError, match=r"can't be read: No such file or directory\.$"):
        list(read_journal(path))
    progress = read_progress(path, SEGMENT)
    assert (progress.passes, progress.failed) == ({}, set())


def test_progress_counts_passes_and_failures(tmp_path: Path) -> None:
    later = replace(SEGMENT, started="2024-01-03T00:00:00+00:00")
    path = written_journal(tmp_path / "a.run.jsonl", *ENTRIES, later, measured(CONV_RELU, 5, pass_index=1))
    progress = read_progress(path, SEGMENT)
    assert progress.passes == {CONV.key: {0, 1}, CONV_RELU.key: {1}}
    assert progress.failed == {RELU.key}


def test_progress_of_a_torn_journal_warns_once(tmp_path: Path) -> None:
    path = written_journal(tmp_path / "a.run.jsonl", *ENTRIES)
    path.write_bytes(path.read_bytes()[:-1])
    warnings: list[str] = []
    assert read_progress(path, SEGMENT, warnings.append).passes == {CONV.key: {0}}
    assert len(warnings) == 1


@pytest.mark.parametrize(
    ("segment", "part", "values"),
    [
        (
            Segment(replace(DEVICE, name="Phone"), PROGRAM, CONFIG),
            "device",
            "name there is 'Box-12-6.1', in this run 'Phone'",
        ),
        (
            Segment(DEVICE, replace(PROGRAM, sha256="cd"), CONFIG),
            "program",
            f"sha256 there is '{'ab' * 32}', in this run 'cd'",
        ),
        (Segment(DEVICE, PROGRAM, replace(CONFIG, iters=9)), "config", "iters there is 3, in this run 9"),
        (
            Segment(DEVICE, PROGRAM, replace(CONFIG, cpus="0x2")),
            "config",
            "cpus there is '', in this run '0x2'",
        ),
    ],
)
def test_another_run_is_not_resumed(segment: Segment, part: str, values: str, tmp_path: Path) -> None:
    path = written_journal(tmp_path / "a.run.jsonl", *ENTRIES)
    with pytest.raises(ConflictError) as caught:
        read_progress(path, segment)
    assert str(caught.value) == (
        f"{path} was measured with another {part}: {values}. Choose another file for this run."
    )


def test_the_same_device_on_another_port_is_resumed(tmp_path: Path) -> None:
    path = written_journal(tmp_path / "a.run.jsonl", *ENTRIES)
    moved = Segment(replace(DEVICE, serial="usb:2", facts={}), PROGRAM, CONFIG, "later")
    assert read_progress(path, moved).failed == {RELU.key}


texts = st.text(max_size=20)
configs = st.builds(
    RunConfig,
    passes=st.integers(1, 9),
    cpus=texts,
    min_sample_us=st.floats(0, 1e6),
)
samples = st.lists(st.integers(1, 2**63 - 1), min_size=1, max_size=4).map(tuple)
khz = st.none() | st.integers(1, 10**7)


@st.composite
def journals(draw: st.DrawFn) -> list[Entry]:
    segment = Segment(replace(DEVICE, name=draw(texts)), PROGRAM, draw(configs), draw(texts))
    ops = st.sampled_from([CONV, CONV_RELU, RELU])
    conditions = st.builds(Conditions, khz, khz, spoilt_by=st.none() | st.sampled_from(sorted(CAUSES)))
    times = st.lists(st.integers(1, 2**63 - 1), max_size=3).map(tuple)
    entry: st.SearchStrategy[Entry]
    visit = st.builds(
        Measurement.of,
        ops,
        st.just(segment.id),
        st.integers(0, 9),
        samples,
        samples,
        st.integers(1, 9),
        conditions,
        st.builds(Discarded, times, times),
        st.none() | st.integers(0, 2**63 - 1),
    )
    entry = (
        visit
        | visit.map(Repeated.of)
        | st.builds(Failure.of, ops, st.just(segment.id), texts, texts)
        | st.builds(BlockState, st.just(segment.id), st.dictionaries(texts, texts, max_size=3))
        | st.builds(Round, st.just(segment.id), st.lists(texts).map(tuple), spent_s=st.floats(0, 1e9))
    )
    return [segment, *draw(st.lists(entry, max_size=4))]


@given(entries=journals(), cut=st.integers(0, 10_000), litter=st.binary(max_size=20))
def test_any_journal_survives_and_any_damage_is_a_file_error(
    entries: list[Entry], cut: int, litter: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.run.jsonl"
    path.unlink(missing_ok=True)
    written_journal(path, *entries)
    assert list(read_journal(path)) == entries

    data = path.read_bytes()
    path.write_bytes(data[:cut] + litter + data[cut + len(litter) :])
    try:
        read = list(read_journal(path))
    except FileError:
        return
    assert len(read) <= len(entries) + litter.count(b"\n")


def test_what_another_run_wrote_meanwhile_is_not_measured_again(tmp_path: Path) -> None:
    path = written_journal(tmp_path / "a.run.jsonl", *ENTRIES)
    read = read_progress(path, SEGMENT)
    with open_journal(path, read.file_bytes) as other:
        other.append(ENTRIES[-1])
    before = path.read_bytes()
    refusal = pytest.raises(ConflictError, match=r"was written to by another run just now\. Give the command")
    with refusal, open_journal(path, read.file_bytes):
        pass
    assert path.read_bytes() == before
