"""Plans on a farm, as users of `FarmRun` see it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bench.campaign import ChosenOperators
from bench.farm import FarmRun, Wanted
from bench.farm import run as run_module
from bench.sampling import Goal, gather_candidates
from lut.entries import Anchor, Measurement, Round, Segment
from lut.errors import DeviceError
from lut.journal import read_journal
from lut.ops import FLOAT, OpSpec, TensorSpec
from lut.plan import Part
from tests.bench.farm.conftest import CONFIG, PLAN, Farm, check_journal
from tests.bench.farm.stand_ins import NAME

WANTED = Wanted(NAME, "caffe2")


@pytest.fixture
def slow_run(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> Iterator[FarmRun]:
    """A run on one phone that takes 4 s, and waits 2 s for what is gone."""
    monkeypatch.setattr(run_module, "NOBODY_S", 2.0)
    farm.start_scheduler()
    farm.start_host("rack1", "a", op_s=0.1)
    farm.wait_for(1)
    with closing(FarmRun(farm.address, WANTED)) as run:
        yield run


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
    entries = list(read_journal(tmp_path / "run.jsonl"))
    units = {entry.id: entry.device.serial for entry in entries if isinstance(entry, Segment)}
    assert set(units.values()) == set(run.labels)
    visits_on = Counter(units[entry.segment] for entry in entries if isinstance(entry, Measurement))
    assert visits_on == summary.visits_on
    anchors = [(units[entry.segment], entry.op.id) for entry in entries if isinstance(entry, Anchor)]
    ops = {op for _, op in anchors}
    assert sorted(anchors) == sorted((label, op) for label in run.labels for op in ops)
    assert len(summary.units) == 2


def test_hosts_with_different_programs_are_refused(farm: Farm) -> None:
    farm.start_scheduler()
    farm.start_host("rack1", "a")
    farm.start_host("rack2", "b", program="6" * 64)
    farm.wait_for(2)
    with pytest.raises(DeviceError, match=r"programs of rack. and rack. differ \((5{8} and 6|6{8} and 5)"):
        FarmRun(farm.address, WANTED)


def test_a_host_that_comes_later_joins_if_its_program_is_the_same(farm: Farm, tmp_path: Path) -> None:
    farm.start_scheduler()
    farm.start_host("rack1", "a", op_s=0.3)
    farm.wait_for(1)
    said: list[str] = []
    run = FarmRun(farm.address, WANTED, said.append)
    farm.start_host("rack2", "b", op_s=0.3)
    farm.start_host("rack3", "c", op_s=0.3, program="6" * 64)
    summary = run.run(PLAN, CONFIG, tmp_path / "run.jsonl")
    run.close()
    check_journal(tmp_path / "run.jsonl")
    assert set(summary.visits_on) == {"a@rack1", "b@rack2"}
    [refusal] = [sentence for sentence in said if "differ" in sentence]
    assert "rack3" in refusal


def test_operators_are_chosen_as_on_one_device(farm: Farm, tmp_path: Path) -> None:
    farm.start_scheduler()
    farm.start_host("rack1", "a", "b", op_s=0.002)
    farm.wait_for(2)
    journal = tmp_path / "run.jsonl"
    candidates = gather_candidates(
        Part(OpSpec.of("Relu", (TensorSpec((1, channels, size, size), FLOAT),), order="NCHW"))
        for channels in range(1, 61)
        for size in range(4, 54)
    )
    run = FarmRun(farm.address, WANTED)
    summary = run.run(ChosenOperators(candidates, Goal(error=0.2), journal), CONFIG, journal)
    run.close()
    assert summary.standing is not None
    assert 0 < summary.standing.measured == summary.measured < len(candidates)
    rounds = [entry for entry in read_journal(journal) if isinstance(entry, Round)]
    assert sum(len(entry.chosen) + len(entry.held_out) for entry in rounds) == summary.measured


def test_a_run_whose_phones_are_gone_says_so_and_goes_on_later(
    farm: Farm, slow_run: FarmRun, tmp_path: Path
) -> None:
    journal = tmp_path / "run.jsonl"
    threading.Timer(1.0, farm.kill, ["rack1"]).start()
    with pytest.raises(DeviceError, match=r"left to measure on for 2 s: rack1 is gone\. The same command"):
        slow_run.run(PLAN, CONFIG, journal)
    farm.start_host("rack1", "a")
    farm.wait_for(1)
    run = FarmRun(farm.address, WANTED)
    summary = run.run(PLAN, CONFIG, journal)
    run.close()
    assert 0 < summary.visits < 2 * len(PLAN)
    check_journal(journal)


def test_a_scheduler_that_is_gone_for_good_ends_the_run(
    farm: Farm, slow_run: FarmRun, tmp_path: Path
) -> None:
    threading.Timer(1.0, farm.kill, ["scheduler"]).start()
    with pytest.raises(DeviceError, match=r"did not come back within 2 s\. The same command goes on"):
        slow_run.run(PLAN, CONFIG, tmp_path / "run.jsonl")
    assert list(read_journal(tmp_path / "run.jsonl"))
