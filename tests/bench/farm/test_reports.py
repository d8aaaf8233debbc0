"""What hosts report is read back as it was written, through what Dask's events can carry."""

from __future__ import annotations

import pytest

pytest.importorskip("distributed", reason="needs the extra `farm`")

import msgpack

from bench.device_runner import Recovery, Visit
from bench.farm.reports import (
    Begun,
    Broken,
    Ended,
    Ready,
    Refused,
    Report,
    Said,
    Sign,
    read_report,
    write_report,
)
from lut.entries import BlockState, Conditions, DeviceInfo, Failure, Measurement, ProgramInfo, Repeated
from lut.errors import FileError
from tests.bench.conftest import relu

MEASUREMENT = Measurement.of(
    relu(3), "0123456789ab", 1, (1200, 1300), (5000,), 2, Conditions(khz_before=1_900_800, settled=True)
)

REPORTS: list[Report] = [
    Begun(DeviceInfo("A-1", "adb", "R58@rack1", {"abi": "arm64-v8a"}), ProgramInfo("own", "5" * 64, "torch")),
    Visit(MEASUREMENT, 9000, 700, 12_000),
    Visit(Repeated.of(MEASUREMENT), 9000, 700),
    Visit(Failure.of(relu(4), "0123456789ab", "crash", "killed by SIGSEGV")),
    BlockState("0123456789ab", {"battery_celsius": "31.0"}),
    Recovery("the phone was unplugged"),
    Said("rack1: R58 waits: the battery is at 12 %."),
    Sign(),
    Ended("R58", "it was lost", {"reconnected": 2}),
    Ended(),
    Ready(ProgramInfo("own", "5" * 64, "torch")),
    Refused("R58 is in use"),
    Broken("This program made a mistake at rack1 (KeyError: 'x')."),
]


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: type(report).__name__)
def test_reports_survive_the_way(report: Report) -> None:
    carried = msgpack.unpackb(msgpack.packb(write_report("block-1", report)), use_list=False)
    assert read_report(carried) == ("block-1", report)


@pytest.mark.parametrize(
    "fields",
    [
        None,
        [],
        {},
        {"token": 1},
        {"token": "t", "said": 1},
        {"token": "t", "said": "x" * 10_001},
        {"token": "t" * 1001},
        {"token": "t", "visit": "no line"},
        {"token": "t", "visit": write_report("t", BlockState("0123456789ab", {}))["state"]},
        {"token": "t", "times_ns": [-1, 0, 0]},
        {"token": "t", "times_ns": [1 << 62, 0, 0]},
        {"token": "t", "ready": {"kind": "own"}},
        {"token": "t", "ended": "", "incidents": {"x": "y"}},
    ],
)
def test_what_is_no_report_is_refused(fields: object) -> None:
    with pytest.raises(FileError, match="can't be read"):
        read_report(fields)


def test_a_sentence_without_end_is_cut_where_it_is_written() -> None:
    _, report = read_report(write_report("t", Said("x" * 1_000_000)))
    assert report == Said("x" * 10_000)
