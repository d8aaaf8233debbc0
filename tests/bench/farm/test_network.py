"""Networks that are cut: the scheduler is in this network namespace, a host and a client are in others."""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bench.farm import FREE, HostOffer
from lut.plan import write_plan
from tests.bench.farm.conftest import BENCH, FAULTS, PLAN, Farm, check_journal
from tests.bounds import within
from tests.phone.test_network import ip, need, network_namespace

CUTS = max(1, FAULTS // 6)
"""Cuts at moments of chance; see `test_faults`."""

OP_S = 0.2
"""Four phones take 2 s for the plan; tests hold them at an operator, so that a cut falls into a run."""


@dataclass(frozen=True)
class Link:
    """The way to a namespace, through a switch in one of its own. `ours` is the scheduler's address there.

    Where the switch is off, neither side sees that its cable leads nowhere: what it sends is lost.
    """

    namespace: str
    switch: str
    ours: str

    def cut(self) -> None:
        ip("-n", self.switch, "link", "set", "switch", "down")

    def mend(self) -> None:
        ip("-n", self.switch, "link", "set", "switch", "up")


@contextlib.contextmanager
def link(name: str, number: int) -> Iterator[Link]:
    mark = os.getpid() % 60000
    namespace, switch, ours = f"{name}{mark}", f"switch{number}-{mark}", f"farm{number}-{mark}"
    net = f"10.232.{mark % 250}"
    with network_namespace(namespace), network_namespace(switch):
        need("link", "add", ours, "type", "veth", "peer", "name", "near", "netns", switch)
        need("-n", switch, "link", "add", "far", "type", "veth", "peer", "name", "cable", "netns", namespace)
        need("-n", switch, "link", "add", "switch", "type", "bridge")
        for port in ("near", "far"):
            ip("-n", switch, "link", "set", port, "master", "switch", "up")
        ip("-n", switch, "link", "set", "switch", "up")
        ip("addr", "add", f"{net}.{4 * number + 1}/30", "dev", ours)
        ip("link", "set", ours, "up")
        ip("-n", namespace, "link", "set", "lo", "up")
        ip("-n", namespace, "addr", "add", f"{net}.{4 * number + 2}/30", "dev", "cable")
        ip("-n", namespace, "link", "set", "cable", "up")
        yield Link(namespace, switch, f"{net}.{4 * number + 1}")


@pytest.fixture(scope="module")
def way_to_host() -> Iterator[Link]:
    with link("host", 0) as made:
        yield made


@pytest.fixture(scope="module")
def way_to_client() -> Iterator[Link]:
    with link("client", 1) as made:
        yield made


@pytest.fixture(scope="module")
def far(way_to_host: Link, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """A farm of two hosts with two phones each; rack2 is far away."""
    farm = Farm(tmp_path_factory.mktemp("far"), host="0.0.0.0")
    there = replace(farm, host=way_to_host.ours, prefix=("ip", "netns", "exec", way_to_host.namespace))
    try:
        farm.start_scheduler()
        farm.start_host("rack1", "a", "b", op_s=OP_S)
        there.start_host("rack2", "c", "d", op_s=OP_S)
        yield farm
    finally:
        farm.close()


@pytest.fixture(autouse=True)
def mended(way_to_host: Link, way_to_client: Link) -> Iterator[None]:
    """Leave no link cut, whatever comes of a test."""
    yield
    way_to_host.mend()
    way_to_client.mend()


@dataclass(frozen=True)
class Going:
    """A `bench run` that goes on."""

    process: subprocess.Popen[bytes]
    journal: Path
    log: Path


@contextlib.contextmanager
def start_run(farm: Farm, way: Link | None, folder: Path) -> Iterator[Going]:
    """Run at the end of a link, or here."""
    write_plan(PLAN, folder / "plan.jsonl")
    journal, log = folder / "run.jsonl", folder / "run.log"
    command = ["ip", "netns", "exec", way.namespace] if way else []
    command += [str(BENCH), "run", str(folder / "plan.jsonl")]
    command += [
        "--farm",
        f"{way.ours if way else '127.0.0.1'}:{farm.port}",
        "-o",
        str(journal),
    ]
    command += ["--cache", "warm", "--passes", "2", "--iters", "3", "--warmup", "0"]
    with log.open("wb") as words:
        process = subprocess.Popen(command, stdout=words, stderr=words)
    try:
        yield Going(process, journal, log)
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("seed", range(CUTS))
def test_a_cut_at_any_moment_loses_nothing(
    far: Farm, way_to_host: Link, way_to_client: Link, tmp_path: Path, seed: int
) -> None:
    """The run is over 60 s after the network is back."""
    dice = random.Random(seed)
    way = dice.choice((way_to_host, way_to_client))
    far.wait_for(4, within(60))
    with start_run(far, way_to_client, tmp_path) as run:
        far.wait_until(lambda hosts: not all_free(hosts))
        time.sleep(dice.uniform(0, 1.5))
        way.cut()
        time.sleep(dice.choice((1, 4, 25)))
        way.mend()
        assert run.process.wait(within(60)) == 0, run.log.read_text()
    check_journal(run.journal)


def all_free(hosts: list[HostOffer]) -> bool:
    return all(phone.doing == FREE for host in hosts for phone in host.phones)


def all_busy(hosts: list[HostOffer]) -> bool:
    return not any(phone.doing == FREE for host in hosts for phone in host.phones)


def test_what_is_cut_off_for_8_s_goes_on_by_itself(
    far: Farm, way_to_host: Link, way_to_client: Link, tmp_path: Path
) -> None:
    """A host and the client at once; the run is over within 40 s, and nothing was given up."""
    far.wait_for(4)
    started = time.monotonic()
    with start_run(far, way_to_client, tmp_path) as run:
        with far.hold(*"abcd"):
            far.wait_until(all_busy)
            way_to_host.cut()
            way_to_client.cut()
        time.sleep(8)
        way_to_host.mend()
        way_to_client.mend()
        assert run.process.wait(within(40)) == 0, run.log.read_text()
    assert time.monotonic() - started < within(40)
    assert "measured again" not in run.log.read_text()
    assert "gone" not in far.log("rack2")
    check_journal(run.journal)


def test_others_measure_what_a_host_had_that_is_cut_off_for_long(
    far: Farm, way_to_host: Link, tmp_path: Path
) -> None:
    """The run is over within 40 s of the cut, and the host is back 20 s after its network."""
    far.wait_for(4)
    with start_run(far, None, tmp_path) as run:
        with far.hold("c", "d"):
            far.wait_until(lambda hosts: all_busy([host for host in hosts if host.name == "rack2"]))
            way_to_host.cut()
            assert run.process.wait(within(40)) == 0, run.log.read_text()
        way_to_host.mend()
    assert "rack2 is gone; what it was at is measured again." in run.log.read_text()
    check_journal(run.journal)
    far.wait_for(4, within(20))
    assert "Traceback" not in far.log("rack2")


def test_a_client_cut_off_for_long_leaves_no_phone_busy_and_goes_on_once_its_network_is_back(
    far: Farm, way_to_client: Link, tmp_path: Path
) -> None:
    """Phones are free within 60 s, and the run is over 30 s after the client's network is back."""
    far.wait_for(4)
    with start_run(far, way_to_client, tmp_path) as run:
        with far.hold(*"abcd"):
            far.wait_until(all_busy)
            way_to_client.cut()
            far.wait_until(all_free, within(60))
            assert run.process.poll() is None
        way_to_client.mend()
        assert run.process.wait(within(30)) == 0, run.log.read_text()
    assert "What was under way is measured again" in run.log.read_text()
    check_journal(run.journal)
