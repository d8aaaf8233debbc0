"""An order at a host: what is reported of it, from the phone that is taken to the block's end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("distributed", reason="needs the extra `farm`")

from bench.device_runner import Recovery, Visit
from bench.farm.measuring import measure_order, prepare_phone
from bench.farm.orders import Order, Wanted
from bench.farm.rack import Rack
from bench.farm.reports import Begun, Ended, Report, Said
from lut.entries import Anchor, BlockState, Measurement
from lut.errors import StoppedError
from tests.bench.farm.conftest import CONFIG, PLAN
from tests.bench.farm.stand_ins import NAME, StandIns

WANTED = Wanted(NAME, "caffe2")


@pytest.fixture
def rack(tmp_path: Path) -> Iterator[Rack]:
    """A rack with one phone."""
    rack = Rack(StandIns(tmp_path, ("a",), op_s=0.02))
    rack.survey()
    while not rack.offers():
        time.sleep(0.01)
    yield rack
    rack.close()


def order(operators: int = 3, wanted: Wanted = WANTED) -> Order:
    passes = {op: frozenset({0, 1}) for op in PLAN[:operators]}
    return Order("token", "topic", wanted, CONFIG, passes, {}, 0)


def test_a_block_is_reported_from_its_phone_to_its_end(rack: Rack) -> None:
    reports: list[Report] = []
    measure_order(rack, "rack1", order(), reports.append)
    begun, state, *visits, ended = reports
    assert isinstance(begun, Begun)
    assert begun.device.serial == "a@rack1"
    assert isinstance(state, BlockState)
    assert ended == Ended("a")
    outcomes = [visit.outcome for visit in visits if isinstance(visit, Visit)]
    assert {type(outcome) for outcome in outcomes} == {Measurement}
    assert len(outcomes) == len(visits) == 6


def test_anchors_come_before_the_block_unless_the_phone_has_measured_them(rack: Rack) -> None:
    anchors = tuple(PLAN[3:9])
    for anchored in (frozenset[str](), frozenset({"a"})):
        reports: list[Report] = []
        measure_order(rack, "rack1", replace(order(), anchors=anchors, anchored=anchored), reports.append)
        heard = [report for report in reports if isinstance(report, Anchor | Visit)]
        ops = [report.op for report in heard if isinstance(report, Anchor)]
        assert set(ops) == (set() if anchored else set(anchors))
        assert all(isinstance(report, Anchor) for report in heard[: len(ops)])
        assert sum(isinstance(report, Visit) for report in heard) == 6


def test_a_phone_that_comes_back_measures_on(rack: Rack, tmp_path: Path) -> None:
    reports: list[Report] = []

    def unplug(report: Report) -> None:
        reports.append(report)
        if isinstance(report, Visit) and len(reports) == 4:
            (tmp_path / "a.gone").touch()
            threading.Timer(0.3, (tmp_path / "a.gone").unlink).start()

    measure_order(rack, "rack1", order(), unplug)
    assert sum(isinstance(report, Visit) for report in reports) == 6
    assert sum(isinstance(report, Recovery) for report in reports) == 1
    assert Said("rack1: a is gone; waiting for it to come back.") in reports
    assert reports[-1] == Ended("a", "", {"reconnected": 1})


def test_a_phone_that_stays_away_ends_the_block(rack: Rack, tmp_path: Path) -> None:
    reports: list[Report] = []

    def unplug(report: Report) -> None:
        reports.append(report)
        if isinstance(report, Visit):
            (tmp_path / "a.gone").touch()

    measure_order(rack, "rack1", order(), unplug)
    assert reports[-1] == Ended("a", "a was lost and did not come back.")


def test_a_phone_that_another_run_has_is_named(rack: Rack, tmp_path: Path) -> None:
    (tmp_path / "a.taken").touch()
    reports: list[Report] = []
    measure_order(rack, "rack1", order(), reports.append)
    assert reports == [Ended("a", "a is in use by another run on this computer.")]


def test_nobody_has_the_phone(rack: Rack) -> None:
    reports: list[Report] = []
    measure_order(rack, "rack1", order(wanted=Wanted("Other-1", "caffe2")), reports.append)
    assert reports == [Ended("", "No phone named Other-1 is free there any more.")]


def test_an_interruption_frees_the_phone(rack: Rack) -> None:
    threading.Timer(0.2, rack.interrupt, ["token"]).start()
    with pytest.raises(StoppedError):
        measure_order(rack, "rack1", order(len(PLAN)), lambda _: None)
    assert [phone.doing for phone in rack.offers()] == ["free"]


def test_what_a_phone_would_measure_with_is_told(rack: Rack) -> None:
    assert prepare_phone(rack, WANTED, "me", lambda _: None).sha256 == "5" * 64


def test_what_a_phone_measures_is_seen_from_outside(rack: Rack) -> None:
    notes = set[str]()
    measure_order(rack, "rack1", order(), lambda _: notes.update(phone.note for phone in rack.offers()))
    assert {op.describe() for op in PLAN[:3]} <= notes
