"""What a user's own programs print, and what they are taken for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.device_runner.device import Exit, FloodError
from bench.device_runner.phone.foreign import ForeignProcess, parse_output, read_binary
from bench.device_runner.program import End, NetFailed, NetTimed
from bench.device_runner.program.events import Begin, parse_event
from lut.errors import DeviceError, FileError

STOCK = (
    "Starting benchmark.\nRunning warmup runs.\nMain runs.\n"
    "Main run finished. Milliseconds per iter: 3.73259. Iters per second: 267.91\n"
)
CAFFE2 = "".join(
    f'I0101 net_observer_reporter_print.cc:60] Caffe2Observer {{"type": "NET","unit": "us",'
    f'"metric": "latency","value": "{value}.244000"}}\n'
    for value in (9000, 3050, 3060)
)
ELF_ARM64 = b"\x7fELF" + bytes(14) + (183).to_bytes(2, "little")


def test_the_stock_program_s_mean_is_one_sample_of_all_runs() -> None:
    assert parse_output("stock speed_benchmark", STOCK, 10) == ([3732590], 10)


def test_caffe2_benchmark_s_runs_are_samples_without_the_warm_up() -> None:
    assert parse_output("caffe2_benchmark", CAFFE2, 2) == ([3050244, 3060244], 1)


@pytest.mark.parametrize("value", ['"soon"', '"nan"', '"-1"', '"1e400"', "null", "[]", ""])
def test_what_is_no_time_is_none(value: str) -> None:
    line = f'Caffe2Observer {{"type": "NET","unit": "us","metric": "latency","value": {value}}}\n'
    assert parse_output("caffe2_benchmark", CAFFE2 + line, 2) is None


@pytest.mark.parametrize("kind", ["stock speed_benchmark", "caffe2_benchmark"])
def test_what_was_not_printed_is_no_number(kind: str) -> None:
    assert parse_output(kind, "Main run fin", 3) is None


@pytest.mark.parametrize(
    ("mark", "kind"),
    [
        (b"run_individual", "stock speed_benchmark"),
        (b"run_individual wipe_cache", "caffe2_benchmark"),
        (b"speed_benchmark manifest 1", "speed_benchmark"),
    ],
)
def test_a_program_s_kind_is_read_off_its_texts(mark: bytes, kind: str, tmp_path: Path) -> None:
    (tmp_path / "program").write_bytes(ELF_ARM64 + mark)
    bundle, info = read_binary(tmp_path / "program", "arm64-v8a")
    assert info.kind == kind
    assert len(info.sha256) == 64
    assert bundle.start.endswith(f"{bundle.sha1}/program")


def test_programs_for_other_processors_and_other_programs_are_refused(tmp_path: Path) -> None:
    (tmp_path / "program").write_bytes(ELF_ARM64 + b"run_individual")
    with pytest.raises(DeviceError, match="built for arm64-v8a, the phone is x86"):
        read_binary(tmp_path / "program", "x86")
    (tmp_path / "other").write_bytes(ELF_ARM64 + b"hello")
    with pytest.raises(DeviceError, match="neither speed_benchmark nor caffe2_benchmark"):
        read_binary(tmp_path / "other", "arm64-v8a")
    with pytest.raises(FileError, match="can't be read"):
        read_binary(tmp_path / "absent", "arm64-v8a")


class Lines:
    """A process that prints given lines."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = list(lines)

    def read_line(self, timeout_s: float) -> str | None:
        assert timeout_s
        return self._lines.pop(0) if self._lines else None

    def finish(self) -> Exit:
        return Exit(0, None, "")


def test_text_becomes_events() -> None:
    process = ForeignProcess(
        Lines(
            [
                '{"event": "begin", "id": "a", "pass": 1}',
                *STOCK.splitlines(),
                '{"event": "exit"} 0',
                '{"event": "begin", "id": "b", "pass": 1}',
                "terminate called",
                '{"event": "exit"} 134',
                '{"event": "begin", "id": "c", "pass": 1}',
                '{"event": "exit"} 0',
                '{"event": "end"}',
            ]
        ),
        "stock speed_benchmark",
        ["--passes=1", "--warmup=1", "--iter=10"],
    )
    events = []
    while (line := process.read_line(1)) is not None:
        events.append(parse_event(line))
    first, timed, second, crashed, third, silent, end = events
    assert [first, second, third, end] == [Begin("a"), Begin("b"), Begin("c"), End()]
    assert isinstance(timed, NetTimed)
    assert (timed.samples_ns, timed.repeats, timed.outputs, timed.pass_index) == ((3732590,), 10, None, 1)
    assert isinstance(crashed, NetFailed)
    assert (crashed.stage, "terminate called" in crashed.message) == ("crash", True)
    assert isinstance(silent, NetFailed)
    assert silent.stage == "parse"
    assert process.finish().code == 0


def test_a_program_that_never_stops_talking_is_refused() -> None:
    lines = Lines(['{"event": "begin", "id": "a", "pass": 1}', *["x" * (1 << 20)] * 65])
    process = ForeignProcess(lines, "stock speed_benchmark", ["--passes=1", "--warmup=1", "--iter=10"])
    assert process.read_line(1) is not None
    with pytest.raises(FloodError, match="more than 64 MiB for one net"):
        process.read_line(1)
