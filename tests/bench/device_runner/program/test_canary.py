from __future__ import annotations

from pathlib import Path

import pytest

from bench.device_runner.program import CanaryMemory, CanaryTimes, build_canary
from bench.device_runner.program.canary import CANARY_ID
from bench.engines import CAFFE2
from lut.entries import DeviceInfo, ProgramInfo, RunConfig, Segment

FAST = CanaryTimes(37_000, 4_400)


def segment(threads: int = 1, passes: int = 3, serial: str = "1", kind: str = "adb") -> Segment:
    return Segment(
        DeviceInfo("S8", kind, serial),
        ProgramInfo("speed_benchmark", "ab", "e"),
        RunConfig(passes, threads=threads),
    )


def test_its_net_is_known_by_its_id() -> None:
    assert build_canary(CAFFE2).id == CANARY_ID


def test_the_median_of_the_processes_is_what_is_usual(tmp_path: Path) -> None:
    memory = CanaryMemory(CAFFE2.canary, tmp_path)
    assert memory.recall(segment()) is None
    for net_ns, memory_ns in ((40_000, 4_400), (37_000, 4_800), (52_000, 8_000)):
        memory.learn(segment(), CanaryTimes(net_ns, memory_ns))
    assert memory.recall(segment(passes=9)) == CanaryTimes(40_000, 4_800)
    assert memory.recall(segment(threads=2)) is None


def test_one_odd_process_does_not_make_all_others_slow(tmp_path: Path) -> None:
    memory = CanaryMemory(CAFFE2.canary, tmp_path)
    for net_ns in (40_000, 20_000, 40_000):
        memory.learn(segment(), CanaryTimes(net_ns, 4_400))
    assert memory.recall(segment()) == CanaryTimes(40_000, 4_400)


def test_each_unit_has_a_memory_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = CanaryMemory(CAFFE2.canary, tmp_path)
    here = segment(serial="host", kind="host")
    memory.learn(segment(serial="1"), FAST)
    memory.learn(here, FAST)
    assert memory.recall(segment(serial="2")) is None
    assert memory.recall(here) == FAST
    monkeypatch.setattr("platform.node", lambda: "another-computer")
    assert memory.recall(here) is None
    assert memory.recall(segment(serial="1")) == FAST


def test_a_device_that_became_slower_for_good_is_believed_in_the_end(tmp_path: Path) -> None:
    memory = CanaryMemory(CAFFE2.canary, tmp_path)
    memory.learn(segment(), FAST)
    for _ in range(20):
        memory.learn(segment(), CanaryTimes(60_000, 8_000))
    assert memory.recall(segment()) == CanaryTimes(60_000, 8_000)


def test_a_broken_memory_is_begun_anew(tmp_path: Path) -> None:
    memory = CanaryMemory(CAFFE2.canary, tmp_path)
    memory.learn(segment(), FAST)
    (file,) = tmp_path.iterdir()
    for text in ("", "{}", "[37000]", '[["a", 1], [-1, 1], [true, 1], [1]]', "[" * 100_000):
        file.write_text(text)
        assert memory.recall(segment()) is None


def test_a_folder_that_cannot_be_used_is_told_once_and_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said: list[str] = []
    for _ in range(3):
        memory = CanaryMemory(CAFFE2.canary, tmp_path / "file" / "canary")
        assert memory.recall(segment()) is None
        memory.learn(segment(), FAST, said.append)
    (sentence,) = said
    assert f"{tmp_path}/file/canary" in sentence
    assert sentence.endswith("Set CNN_LATENCY_LUT_CACHE to a folder that can be written.")
