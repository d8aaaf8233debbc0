"""Runs on several units: each measures the same few operators first, and the run says how fast each is."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.campaign import run_plan
from bench.campaign.anchors import MOST_ANCHORS, choose_anchors
from bench.cli.ending import describe_run
from bench.device_runner import Block, Device, PhoneOptions
from lut.entries import Anchor, DeviceInfo, Failure, Measurement, Segment
from lut.journal import read_journal
from lut.merge import merge_journals
from lut.ops import OpSpec
from tests.bench.conftest import CONFIG, Fault, FaultyHost, relu
from tests.bench.farm.stand_ins import StandIns

PLAN = [relu(channels) for channels in range(1, 25)]
STEADY = replace(CONFIG, passes=1, iters=101)


@dataclass
class NamedHost(FaultyHost):
    """The host, under a serial of its own."""

    serial: str = "host"

    @property
    def info(self) -> DeviceInfo:
        return replace(super().info, serial=self.serial)


def by_unit(journal: Path) -> Iterator[tuple[str, Anchor | Measurement | Failure]]:
    units: dict[str, str] = {}
    for entry in read_journal(journal):
        if isinstance(entry, Segment):
            units[entry.id] = entry.device.serial
        elif isinstance(entry, Anchor | Measurement | Failure):
            yield units[entry.segment], entry


def anchors_of(journal: Path) -> dict[str, list[OpSpec]]:
    found: dict[str, list[OpSpec]] = {}
    for serial, entry in by_unit(journal):
        if isinstance(entry, Anchor):
            found.setdefault(serial, []).append(entry.op)
    return found


def stand_ins(folder: Path, **slow: float) -> list[Device]:
    source = StandIns(folder, tuple(slow), slow=slow)
    return [source.open(serial, PhoneOptions()) for serial in slow]


def test_every_unit_measures_the_same_anchors_before_its_first_block(tmp_path: Path) -> None:
    journal = tmp_path / "run.jsonl"
    summary = run_plan(PLAN, [NamedHost(serial="one"), NamedHost(serial="two")], CONFIG, journal)
    assert (summary.measured, summary.visits) == (len(PLAN), 2 * len(PLAN))
    anchors = anchors_of(journal)
    assert len(anchors) == 2
    assert len({frozenset(ops) for ops in anchors.values()}) == 1
    assert [len(ops) for ops in anchors.values()] == [len(set(anchors["one"]))] * 2
    for unit in anchors:
        kinds = [type(entry) for serial, entry in by_unit(journal) if serial == unit]
        assert kinds == sorted(kinds, key=lambda kind: kind is not Anchor)
    assert [found.anchors for found in summary.units] == [len(anchors["one"])]


def test_one_unit_alone_measures_none(host: FaultyHost, tmp_path: Path) -> None:
    run_plan(PLAN, host, CONFIG, tmp_path / "run.jsonl")
    assert anchors_of(tmp_path / "run.jsonl") == {}


def test_an_anchor_that_fails_is_left_out(tmp_path: Path) -> None:
    """An operator that ends the process in the one start in which anchors are measured."""
    lame = NamedHost([Fault('"event":"begin"', signal=signal.SIGSEGV, in_start=1)], serial="lame")
    summary = run_plan(PLAN, [NamedHost(serial="one"), lame], CONFIG, tmp_path / "run.jsonl")
    assert summary.measured == len(PLAN)
    anchors = anchors_of(tmp_path / "run.jsonl")
    assert len(set(anchors["one"]) - set(anchors["lame"])) == 1
    assert not [entry for _, entry in by_unit(tmp_path / "run.jsonl") if isinstance(entry, Failure)]


def test_a_run_that_is_gone_on_with_measures_them_again(tmp_path: Path) -> None:
    journal = tmp_path / "run.jsonl"
    devices = stand_ins(tmp_path, a=1.0, b=1.0)
    run_plan(PLAN[:12], devices, CONFIG, journal)
    before = {serial: len(ops) for serial, ops in anchors_of(journal).items()}
    run_plan(PLAN, devices, CONFIG, journal)
    assert set(before) == {"a", "b"}
    assert all(len(ops) > before[serial] for serial, ops in anchors_of(journal).items())


def test_a_slower_unit_is_stated_by_the_run_and_taken_out_by_merging(tmp_path: Path) -> None:
    """Stand-ins scatter by a tenth, so that a median of a hundred is known to a hundredth."""
    journal = tmp_path / "run.jsonl"
    summary = run_plan(PLAN, stand_ins(tmp_path, quick=1.0, slow=1.3), STEADY, journal)
    assert set(summary.visits_on) == {"quick", "slow"}
    [found] = summary.units
    factor = 1.3 if found.serial == "slow" else 1 / 1.3
    assert found.factor == pytest.approx(factor, rel=0.04)
    assert found.describe() in describe_run(summary, journal)
    assert "--even-units" in describe_run(summary, journal)
    [of_table] = merge_journals([journal], pytest.fail).units
    assert of_table == found
    times = [record.p50 for record in merge_journals([journal], pytest.fail, even_units=True).records]
    assert max(times) < 1.15 * min(times)
    times = [record.p50 for record in merge_journals([journal], pytest.fail).records]
    assert max(times) > 1.2 * min(times)


def test_anchors_are_spread_over_long_and_short_operators() -> None:
    blocks = [Block({relu(channels): {0} for channels in range(start, start + 50)}) for start in (1, 51)]
    anchors = choose_anchors(blocks, 3)
    assert len(set(anchors)) == MOST_ANCHORS
    assert anchors == choose_anchors(reversed(blocks), 3)
    channels = sorted(op.inputs[0].shape[1] for op in anchors)
    assert channels[0] <= 10
    assert channels[-1] > 90
    few = [Block({relu(1): {0}, relu(2): {0}})]
    assert set(choose_anchors(few, 0)) == {relu(1), relu(2)}
