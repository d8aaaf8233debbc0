"""What a farm gains with its phones, and what it costs at the scheduler and the client.

Phones are stand-ins that wait out an operator's time: the cores of one machine can't compute for so many.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("distributed", reason="needs the extra `farm`")

from bench.farm import FarmRun, Wanted
from lut.entries import RunConfig
from lut.ops import OpSpec
from tests.bench.conftest import relu
from tests.bench.farm.conftest import Farm
from tests.bench.farm.stand_ins import NAME

WANTED = Wanted(NAME, "caffe2")
CONFIG = RunConfig(passes=1, iters=3, warmup=0)


@dataclass(frozen=True)
class Cost:
    """A run's wall time, and the processor time it took at the scheduler and at the client, in seconds."""

    wall_s: float
    scheduler_s: float
    client_s: float


@pytest.fixture
def farm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Farm]:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with closing(Farm(tmp_path)) as farm:
        farm.start_scheduler()
        yield farm


def plan(operators: int) -> list[OpSpec]:
    return [relu(channels) for channels in range(1, operators + 1)]


def start_phones(farm: Farm, hosts: int, each: int, op_s: float) -> None:
    for number in range(hosts):
        farm.start_host(f"rack{number}", *(f"p{phone}" for phone in range(each)), op_s=op_s)
    farm.wait_for(hosts * each, 60)


def stop_phones(farm: Farm) -> None:
    for name in [name for name in farm.children if name != "scheduler"]:
        farm.kill(name)
    farm.wait_until(lambda hosts: not hosts)


def processor_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(farm: Farm, operators: int, journal: Path) -> Cost:
    scheduler = farm.children["scheduler"].pid
    run = FarmRun(farm.address, WANTED)
    begun, spent_s, ours_s = time.monotonic(), processor_s(scheduler), time.process_time()
    summary = run.run(plan(operators), CONFIG, journal)
    wall_s = time.monotonic() - begun
    cost = Cost(wall_s, processor_s(scheduler) - spent_s, time.process_time() - ours_s)
    run.close()
    assert summary.measured == operators
    return cost


def test_four_phones_take_a_third_of_the_time_of_one(farm: Farm, tmp_path: Path) -> None:
    start_phones(farm, 1, 1, 0.05)
    alone = measure(farm, 314, tmp_path / "one.jsonl")
    stop_phones(farm)
    start_phones(farm, 2, 2, 0.05)
    together = measure(farm, 314, tmp_path / "four.jsonl")
    ratio = together.wall_s / alone.wall_s
    print(f"\n314 operators: {alone.wall_s:.2f} s on 1 phone, {together.wall_s:.2f} s on 4: {ratio:.3f}")
    assert ratio <= 0.35


def test_sixty_four_phones_measure_twelve_times_as_fast_as_four(farm: Farm, tmp_path: Path) -> None:
    rates = {}
    for hosts, each in ((2, 2), (4, 16)):
        phones = hosts * each
        start_phones(farm, hosts, each, 0.5)
        operators = 30 * phones
        cost = measure(farm, operators, tmp_path / f"{phones}.jsonl")
        stop_phones(farm)
        rates[phones] = operators / cost.wall_s
        print(
            f"\n{phones} phones: {rates[phones]:.1f} operators a second in {cost.wall_s:.1f} s; each took "
            f"{1e3 * cost.scheduler_s / operators:.2f} ms of processor time at the scheduler, "
            f"{1e3 * cost.client_s / operators:.2f} ms at the client"
        )
    growth = rates[64] / rates[4]
    print(f"growth from 4 to 64 phones: {growth:.1f} x")
    assert growth >= 12
