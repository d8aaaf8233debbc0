"""Whatever dies or goes away, every operator is in the journal once, and nothing hangs.

`make soak` makes 60 faults, and a sixth as many cuts of the network, instead of the few that a test run has
time for.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bench.farm import FarmRun, Wanted
from lut.plan import write_plan
from tests.bench.farm.conftest import BENCH, CONFIG, FAULTS, PLAN, Farm, check_journal
from tests.bench.farm.stand_ins import NAME
from tests.bounds import within

BOUND_S = within(60)
"""A run of seconds is over after so long, whatever happened."""

WANTED = Wanted(NAME, "caffe2")


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """A farm of two hosts with two phones each, which every fault leaves as it was."""
    with closing(Farm(tmp_path_factory.mktemp("farm"))) as farm:
        farm.start_scheduler()
        start_hosts(farm)
        yield farm


def start_hosts(farm: Farm) -> None:
    for name, serials in (("rack1", ("a", "b")), ("rack2", ("c", "d"))):
        if name not in farm.children:
            farm.start_host(name, *serials, op_s=0.05)


def kill_worker(farm: Farm, dice: random.Random) -> None:
    os.kill(farm.worker_pid(dice.choice(("rack1", "rack2"))), signal.SIGKILL)


def kill_host(farm: Farm, dice: random.Random) -> None:
    farm.kill(dice.choice(("rack1", "rack2")))


def kill_scheduler(farm: Farm, dice: random.Random) -> None:
    farm.kill("scheduler")
    time.sleep(dice.uniform(0, 2))
    farm.start_scheduler()


def unplug(farm: Farm, dice: random.Random) -> None:
    serial = dice.choice("abcd")
    farm.unplug(serial)
    time.sleep(dice.choice((0.2, 4.0)))
    farm.plug_in(serial)


FAULT_KINDS: list[Callable[[Farm, random.Random], None]] = [kill_worker, kill_host, kill_scheduler, unplug]


@pytest.mark.parametrize("seed", range(FAULTS))
def test_every_operator_is_measured_once(lasting: Farm, tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    kind = FAULT_KINDS[seed % (len(FAULT_KINDS) + 1)] if seed % (len(FAULT_KINDS) + 1) < 4 else None
    start_hosts(lasting)
    lasting.wait_for(4, within(40))
    journal, started = tmp_path / "run.jsonl", time.monotonic()
    if kind is None:
        kill_client(lasting, tmp_path, journal, dice)
    else:
        fault = threading.Thread(target=strike, args=(kind, lasting, dice))
        fault.start()
        run = FarmRun(lasting.address, WANTED)
        run.run(PLAN, CONFIG, journal)
        run.close()
        fault.join()
    assert time.monotonic() - started < BOUND_S
    check_journal(journal)


def strike(kind: Callable[[Farm, random.Random], None], farm: Farm, dice: random.Random) -> None:
    time.sleep(dice.uniform(0.1, 1.2))
    kind(farm, dice)


def kill_client(farm: Farm, folder: Path, journal: Path, dice: random.Random) -> None:
    """Kill `bench run` at some moment; the phones are free soon, and the same command goes on."""
    plan = folder / "plan.jsonl"
    write_plan(PLAN, plan)
    command = [str(BENCH), "run", str(plan), "--farm", farm.address.url, "-o", str(journal), "--quiet"]
    command += ["--cache", "warm", "--passes", "2", "--iters", "3", "--warmup", "0"]
    child = subprocess.Popen(command, start_new_session=True)
    time.sleep(dice.uniform(1.0, 2.5))
    child.kill()
    child.wait()
    farm.wait_until(
        lambda hosts: all(phone.doing == "free" for host in hosts for phone in host.phones), within(30)
    )
    subprocess.run(command, check=True, timeout=BOUND_S)
