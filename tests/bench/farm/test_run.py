"""Plans on a farm, as users of `FarmRun` see it."""

from __future__ import annotations

from pathlib import Path

from bench.farm import FarmRun, Wanted
from lut.entries import Segment
from lut.journal import read_journal
from tests.bench.farm.conftest import CONFIG, PLAN, Farm, check_journal
from tests.bench.farm.stand_ins import NAME

WANTED = Wanted(NAME, "caffe2")


def test_a_plan_is_shared_among_the_phones_of_all_hosts(farm: Farm, tmp_path: Path) -> None:
    farm.start_scheduler()
    farm.start_host("rack1", "a", "b")
    farm.start_host("rack2", "a")
    farm.wait_for(3)
    run = FarmRun(farm.address, WANTED)
    assert run.labels == ["a@rack1", "b@rack1", "a@rack2"]
    summary = run.run(PLAN, CONFIG, tmp_path / "run.jsonl")
    run.close()
    assert (summary.planned, summary.measured, summary.failed) == (40, 40, 0)
    assert set(summary.visits_on) == set(run.labels)
    check_journal(tmp_path / "run.jsonl")
    segments = [entry for entry in read_journal(tmp_path / "run.jsonl") if isinstance(entry, Segment)]
    assert {segment.device.serial for segment in segments} == set(run.labels)
    assert len({segment.id for segment in segments}) == 1
