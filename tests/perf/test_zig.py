"""XNNPACK's program built by Zig against the one built by g++: equal outputs, and times within 2 %."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pytest

from bench.device_runner import Block, HostDevice, run_block
from bench.device_runner.values import run_values
from bench.engines import XNNPACK
from bench.speed_benchmark import Program
from lut.entries import Measurement, ProgramInfo, RunConfig, Segment
from lut.frontends import load_model
from lut.ops import OpSpec
from lut.zoo import write_net

pytest.importorskip("ziglang", reason="needs the extra `zig`")

BAR = 0.02
ROUNDS = 7
CONFIG = RunConfig(passes=2, iters=10, warmup=5)


class Host(HostDevice):
    """This machine with a program that is built already."""

    def __init__(self, program: Program) -> None:
        super().__init__(engine=XNNPACK)
        self._program = program

    def prepare(self, progress: Callable[[str], None]) -> ProgramInfo:  # noqa: ARG002 - it is prepared
        return ProgramInfo("speed_benchmark", self._program.sha256, self._program.engine)


def build(folder: Path, path: str) -> Host:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", path)
        return Host(XNNPACK.build("host", cache=folder))


def sum_medians(host: Host, ops: list[OpSpec]) -> float:
    """Give the sum of the operators' medians in microseconds."""
    segment = Segment(host.info, host.prepare(lambda _: None), CONFIG)
    samples: dict[str, list[int]] = {}
    for visit in run_block(host, segment, Block({op: range(CONFIG.passes) for op in ops}), 0):
        if isinstance(visit.outcome, Measurement):
            samples.setdefault(visit.outcome.op.id, []).extend(visit.outcome.samples_ns)
    assert len(samples) == len(ops)
    return sum(median(each) for each in samples.values()) / 1000


def test_a_program_by_zig_computes_the_same_and_is_as_fast(tmp_path: Path) -> None:
    compilers = shutil.which("g++")
    assert compilers is not None
    ours = build(tmp_path / "gxx", str(Path(compilers).parent))
    zigs = build(tmp_path / "zig", str(tmp_path))
    assert ours._program.sha256 != zigs._program.sha256
    model = load_model(write_net("FBNet-A", "int8", tmp_path))
    ops = [op for op in dict.fromkeys(model.choose_ops(fused=True)) if XNNPACK.refusal(op) is None]
    nets = [XNNPACK.lower(op) for op in ops]
    assert run_values(ours, nets, 60, print) == run_values(zigs, nets, 60, print)
    took = [(sum_medians(ours, ops), sum_medians(zigs, ops)) for _ in range(ROUNDS)]
    (gxx_us, zig_us) = (min(times) for times in zip(*took, strict=True))
    print(f"\n{len(ops)} operators: g++ {gxx_us:.0f} us, zig {zig_us:.0f} us: {zig_us / gxx_us:.3f}")
    assert abs(zig_us / gxx_us - 1) < BAR
