"""Files of every version that was published stay readable: see `golden/`, which those versions wrote."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from lut.entries import DeviceInfo, Measurement, RunConfig, Segment
from lut.journal import open_journal, read_journal, read_progress, take_percentiles_us
from lut.merge import merge_journals, write_table
from lut.sidecar import read_setting
from lut.table import load_table, read_sidecar
from lut.validation import read_validation

GOLDEN = Path(__file__).parent / "golden"
TABLE = "golden-host-op_lut_database.json"

CONFIGS = {
    "before_turns": RunConfig(passes=1, iters=3, warmup=2, cpus="0x1"),
    "turns_called_group": RunConfig(
        passes=1,
        iters=3,
        warmup=2,
        cpus="0x1",
        turns=60,
        fill_bytes=33554432,
        warmup_share=0.02,
        canary_share=0.15,
    ),
}
"""How the journal of each version was measured."""

every_version = pytest.mark.parametrize("version", CONFIGS)


def test_every_folder_is_looked_at() -> None:
    assert {folder.name for folder in GOLDEN.iterdir()} == CONFIGS.keys()


@every_version
def test_a_journal_is_read_and_merged(version: str) -> None:
    folder = GOLDEN / version
    merged = merge_journals([folder / "run.jsonl"], pytest.fail)
    assert [segment.config for segment in merged.segments] == [CONFIGS[version]]
    records = {record.key: record for record in load_table(folder / TABLE, index=False)}
    assert {record.key: record for record in merged.records} == records
    assert len(records) == 37


@every_version
def test_a_run_goes_on_in_a_journal(version: str, tmp_path: Path) -> None:
    journal = tmp_path / "run.jsonl"
    lines = (GOLDEN / version / "run.jsonl").read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-1]))  # as if its last operator were still to be measured
    first, _, visit, *_ = read_journal(GOLDEN / version / "run.jsonl")
    assert isinstance(first, Segment)
    assert isinstance(visit, Measurement)
    now = Segment(first.device, first.program, CONFIGS[version], "2026-01-01T00:00:00+00:00")
    progress = read_progress(journal, now, pytest.fail)
    assert len(progress.passes) == 36
    with open_journal(journal, progress.file_bytes) as writer:
        writer.append(now)
        writer.append(replace(visit, segment=now.id, pass_index=1))
    merged = merge_journals([journal], pytest.fail)
    pooled = merged.records[list(merged.keys).index(visit.op.key)]
    assert pooled.runtime_us == take_percentiles_us(sorted(visit.samples_ns * 2))
    assert len(merged.records) == 36


@every_version
def test_a_run_in_another_configuration_does_not(version: str) -> None:
    first, *_ = read_journal(GOLDEN / version / "run.jsonl")
    assert isinstance(first, Segment)
    other = replace(first, config=replace(CONFIGS[version], iters=4))
    with pytest.raises(Exception, match=r"another config: iters there is 3, in this run 4"):
        read_progress(GOLDEN / version / "run.jsonl", other)


@every_version
def test_a_sidecar_tells_how_the_table_was_measured(version: str, tmp_path: Path) -> None:
    folder = shutil.copytree(GOLDEN / version, tmp_path / version)
    sidecar = read_sidecar(folder / TABLE)
    setting = read_setting(sidecar, TABLE)
    assert setting is not None
    assert (setting.threads, setting.cpus) == (1, "0x1")
    assert sidecar is not None
    assert [segment.config for segment in sidecar.segments] == [CONFIGS[version]]
    written = write_table(merge_journals([folder / "run.jsonl"], pytest.fail), folder)
    assert written.path == folder / TABLE


@every_version
def test_a_validation_is_read(version: str) -> None:
    validation = read_validation(GOLDEN / version / "validation.json")
    (net,) = validation.nets
    assert (net.net, net.operators, net.spoilt_by) == ("FBNet-96/int8", 42, None)
    assert validation.config.passes == 1


def test_a_segment_is_named_by_what_differs_from_the_defaults() -> None:
    first, *_ = read_journal(GOLDEN / "before_turns" / "run.jsonl")
    assert isinstance(first, Segment)
    settings = {"passes": 1, "iters": 3, "warmup": 2, "cpus": "0x1"}
    assert first.config.settings() == settings
    now = replace(first)
    assert now.id == replace(first, config=RunConfig.from_json(settings)).id != first.id
    assert now.may_pool_with(first)


@every_version
def test_a_journal_whose_ids_tell_no_units_apart_is_gone_on_with(version: str, tmp_path: Path) -> None:
    journal = Path(shutil.copy(GOLDEN / version / "run.jsonl", tmp_path))
    first, *earlier = read_journal(journal)
    assert isinstance(first, Segment)
    again = replace(first, started="2030-01-01T00:00:00+00:00")
    visit = replace(next(each for each in earlier if isinstance(each, Measurement)), segment=again.id)
    with open_journal(journal) as writer:
        writer.append(again)
        writer.append(visit)
    *before, began, last = read_journal(journal)
    assert before == [first, *earlier]
    assert (began, last) == (again, visit)
    assert {each.segment for each in earlier if isinstance(each, Measurement)} == {first.id} != {again.id}
    assert [
        json.loads(line)["version"] for line in journal.read_text().splitlines() if '"version"' in line
    ] == [1, 2]


@pytest.mark.parametrize(
    "other",
    [
        {"started": "2030-01-01T00:00:00+00:00"},
        {"device": DeviceInfo("golden-host", "host", "another")},
        {"config": RunConfig()},
    ],
)
def test_a_segment_s_id_tells_units_and_starts_apart(other: dict[str, Any]) -> None:
    first, *_ = read_journal(GOLDEN / "before_turns" / "run.jsonl")
    assert isinstance(first, Segment)
    assert replace(first, **other).id != replace(first).id


def test_a_segment_whose_id_is_of_other_contents_is_refused(tmp_path: Path) -> None:
    line = json.loads((GOLDEN / "before_turns" / "run.jsonl").read_text().splitlines()[0])
    line["config"]["iters"] = 30
    (tmp_path / "run.jsonl").write_text(json.dumps(line) + "\n")
    with pytest.raises(Exception, match="its id is '933af29d94e8', its contents give"):
        list(read_journal(tmp_path / "run.jsonl"))
