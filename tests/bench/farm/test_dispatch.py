"""Blocks on their way: as many as there are phones, and every visit once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import pytest

pytest.importorskip("distributed", reason="needs the extra `farm`")

from bench.campaign import Campaign, RunSummary, open_campaign
from bench.device_runner import Recovery, Visit
from bench.farm import FarmClient, HostOffer, Wanted
from bench.farm import dispatch as dispatch_module
from bench.farm.dispatch import Dispatcher
from bench.farm.orders import Order
from bench.farm.reports import Begun, Ended
from lut.entries import Anchor, BlockState, DeviceInfo, Failure, Measurement, ProgramInfo, RunConfig, Segment
from lut.journal import read_journal
from lut.ops import OpSpec
from tests.bench.conftest import relu
from tests.bench.farm.test_admission import NAME, PROGRAM, Task, offer, phone

CONFIG = RunConfig(passes=2)
SEGMENT = Segment(DeviceInfo(NAME, "adb", "R58@rack1", {}), PROGRAM, CONFIG, "")
BEGUN = Begun(SEGMENT.device, PROGRAM)
PLAN = [relu(channels) for channels in range(1, 7)]


@dataclass
class Sent:
    """A client that sends nothing: tests report."""

    orders: list[Order] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)

    def measure(self, _host: HostOffer, order: Order) -> Task:
        self.orders.append(order)
        self.tasks.append(Task())
        return self.tasks[-1]


@dataclass
class Desk:
    """A dispatcher with a client that sends nothing."""

    dispatcher: Dispatcher
    sent: Sent
    campaign: Campaign
    said: list[str]

    def send(self, *hosts: HostOffer) -> None:
        self.dispatcher.send(cast(FarmClient, self.sent), hosts)

    def begin(self) -> tuple[Order, OpSpec]:
        """Let the phone of rack1 begin its first block; give the order, and its one operator."""
        self.send(offer("rack1", phone()))
        [order] = self.sent.orders
        [op] = order.passes
        self.dispatcher.take(order.token, BEGUN)
        return order, op

    def measure(self, order: Order, op: OpSpec, number: int) -> None:
        self.dispatcher.take(order.token, Visit(Measurement.of(op, SEGMENT.id, number, (1000,))))

    def complete(self, order: Order) -> None:
        self.dispatcher.take(order.token, BEGUN)
        for op, passes in order.passes.items():
            for number in sorted(passes):
                self.measure(order, op, number)
        self.dispatcher.take(order.token, Ended("R58"))


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "run.jsonl"


@pytest.fixture
def desk(journal: Path) -> Iterator[Desk]:
    """Six operators for two phones, and so in blocks of one."""
    said: list[str] = []
    with open_campaign(
        PLAN, SEGMENT, journal, RunSummary(), devices=2, by_nets=False, announce=said.append
    ) as campaign:
        dispatcher = Dispatcher(
            campaign,
            SEGMENT,
            Wanted(NAME, "caffe2"),
            topic="topic",
            seed=0,
            silence_s=None,
            announce=said.append,
        )
        yield Desk(dispatcher, Sent(), campaign, said)


def measured(journal: Path) -> list[tuple[str, int]]:
    return [
        (entry.op.id, entry.pass_index) for entry in read_journal(journal) if isinstance(entry, Measurement)
    ]


def test_each_phone_has_a_block_and_the_next_when_it_is_done(desk: Desk, journal: Path) -> None:
    hosts = [offer("rack1", phone()), offer("rack2", phone())]
    desk.send(*hosts)
    desk.send(*hosts)
    assert len(desk.sent.orders) == 2
    while desk.dispatcher.unfinished:
        desk.complete(desk.sent.orders[-1])
        desk.send(*hosts)
        if desk.dispatcher.in_flight == 1:
            desk.complete(desk.sent.orders[0])
    assert sorted(measured(journal)) == sorted((op.id, number) for op in PLAN for number in range(2))


def test_what_a_host_that_died_left_is_sent_to_another(desk: Desk, journal: Path) -> None:
    order, op = desk.begin()
    desk.measure(order, op, 0)
    desk.dispatcher.recall([offer("rack2", phone())])
    assert desk.said == ["rack1 is gone; what it was at is measured again."]
    desk.send(offer("rack2", phone()))
    assert desk.sent.orders[-1].passes == {op: frozenset({1})}
    desk.measure(order, op, 1)  # it was not dead after all, and its block is somebody else's now
    assert measured(journal) == [(op.id, 0)]


def test_a_visit_counts_once(desk: Desk, journal: Path) -> None:
    order, op = desk.begin()
    desk.measure(order, op, 0)
    desk.measure(order, op, 0)
    desk.measure(order, relu(99), 0)
    assert measured(journal) == [(op.id, 0)]


def test_failures_states_and_recoveries_are_written_down(desk: Desk, journal: Path) -> None:
    order, op = desk.begin()
    desk.dispatcher.take(order.token, BlockState(SEGMENT.id, {"battery_celsius": "31.0"}))
    desk.dispatcher.take(order.token, Recovery("it was unplugged"))
    desk.dispatcher.take(order.token, Visit(Failure.of(op, SEGMENT.id, "crash", "killed by SIGSEGV")))
    desk.dispatcher.take(order.token, Ended("R58", "", {"reconnected": 1}))
    kinds = [type(entry) for entry in read_journal(journal)]
    assert kinds == [Segment, BlockState, Segment, Failure]
    summary = desk.campaign.summary
    assert (summary.failed, summary.recoveries, summary.incidents) == (1, 1, {"reconnected": 1})


def test_every_line_names_the_phone_that_it_is_of(desk: Desk, journal: Path) -> None:
    """A host marks what it reports by a start of its own."""
    desk.send(offer("rack1", phone()), offer("rack2", phone()))
    second = Segment(DeviceInfo(NAME, "adb", "R58@rack2", {}), PROGRAM, CONFIG, "")
    for order, segment in zip(desk.sent.orders, (SEGMENT, second), strict=True):
        desk.dispatcher.take(order.token, Begun(segment.device, PROGRAM))
    for order, segment in zip(desk.sent.orders, (SEGMENT, second), strict=True):
        desk.dispatcher.take(order.token, BlockState(segment.id, {}))
        desk.dispatcher.take(order.token, Recovery("it was unplugged"))
        [op] = order.passes
        desk.dispatcher.take(order.token, Visit(Measurement.of(op, segment.id, 0, (1000,))))
    units: dict[str, str] = {}
    lines = []
    for entry in read_journal(journal):
        if isinstance(entry, Segment):
            units[entry.id] = entry.device.serial
        else:
            lines.append((type(entry), units[entry.segment]))
    assert lines == [
        (kind, serial) for serial in ("R58@rack1", "R58@rack2") for kind in (BlockState, Measurement)
    ]


def test_a_phone_is_asked_for_anchors_until_it_has_measured_a_block_with_them(
    desk: Desk, journal: Path
) -> None:
    order, op = desk.begin()
    assert order.anchors == ()  # it is the only one so far
    hosts = [offer("rack1", phone()), offer("rack2", phone())]
    desk.measure(order, op, 0)
    desk.measure(order, op, 1)
    desk.dispatcher.take(order.token, Ended("R58"))
    desk.send(*hosts)
    again = desk.sent.orders[1]
    anchors = desk.campaign.anchors
    assert (again.anchors, again.anchored) == (anchors, frozenset())
    assert anchors
    desk.dispatcher.take(again.token, BEGUN)
    for each in (anchors[0], relu(99)):
        desk.dispatcher.take(again.token, Anchor.of(Measurement.of(each, SEGMENT.id, 0, (1000,))))
    desk.complete(again)
    desk.send(*hosts)
    assert desk.sent.orders[-1].anchored == {"R58"}
    assert [entry.op for entry in read_journal(journal) if isinstance(entry, Anchor)] == [anchors[0]]


def test_a_phone_that_fails_again_and_again_is_left_alone(desk: Desk) -> None:
    host = offer("rack1", phone())
    for _ in range(3):
        desk.send(host)
        desk.dispatcher.take(desk.sent.orders[-1].token, Ended("R58", "it was lost"))
    desk.send(host)
    assert len(desk.sent.orders) == 3
    assert desk.campaign.summary.lost_devices == {"R58@rack1": "it was lost"}
    assert desk.dispatcher.unfinished
    desk.send(offer("rack2", phone()))
    desk.complete(desk.sent.orders[-1])
    assert len(desk.sent.orders) == 4


def test_a_host_without_the_phone_it_offered_gets_nothing_for_a_moment(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = offer("rack1", phone())
    desk.send(host)
    desk.dispatcher.take(desk.sent.orders[0].token, Ended("", "No phone is free there."))
    desk.send(host)
    assert len(desk.sent.orders) == 1
    monkeypatch.setattr(dispatch_module, "PAUSE_S", 0.0)
    desk.dispatcher._paused.clear()
    desk.send(host)
    desk.dispatcher.take(desk.sent.orders[1].token, Ended("", "No phone is free there."))
    desk.send(host)
    assert len(desk.sent.orders) == 3


def test_a_phone_that_measures_again_is_not_lost(desk: Desk) -> None:
    host = offer("rack1", phone())
    for _ in range(5):
        desk.send(host)
        order = desk.sent.orders[-1]
        desk.dispatcher.take(order.token, BEGUN)
        assert desk.campaign.summary.lost_devices == {}
        desk.measure(order, next(iter(order.passes)), min(next(iter(order.passes.values()))))
        desk.dispatcher.take(order.token, Ended("R58", "it was lost"))
    assert len(desk.sent.orders) == 5


def test_a_phone_with_another_program_measures_nothing(desk: Desk, journal: Path) -> None:
    desk.send(offer("rack1", phone()))
    [order] = desk.sent.orders
    other = ProgramInfo("speed_benchmark", "6" * 64, "torch")
    desk.dispatcher.take(order.token, replace(BEGUN, program=other))
    desk.measure(order, next(iter(order.passes)), 0)
    assert measured(journal) == []
    assert "with another benchmark program (66666666)" in desk.said[0]
    desk.send(offer("rack1", phone()))
    assert len(desk.sent.orders) == 1


def test_a_silent_host_counts_as_gone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch_module, "SILENT_S", -1.0)
    host = offer("rack1", phone("measuring"))
    desk.send(host)
    desk.dispatcher.recall([host])
    assert desk.dispatcher.in_flight == 1  # it may be somebody else's block that keeps the phone busy
    desk.dispatcher.take(desk.sent.orders[0].token, BEGUN)
    desk.dispatcher.recall([host])
    assert desk.dispatcher.in_flight == 0


def test_a_task_that_ended_without_a_word_is_sent_again(desk: Desk) -> None:
    desk.send(offer("rack1", phone()))
    desk.dispatcher.conclude(desk.sent.orders[0].token)
    desk.send(offer("rack1", phone()))
    assert desk.sent.orders[1].passes == desk.sent.orders[0].passes
