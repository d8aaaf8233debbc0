"""Two of Debian's adb servers, each with a simulated phone of its own, used by one command."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

import bench.cli
from bench.device_runner import AdbRoute, PhoneOptions, ServerAddress, list_serials, open_device
from bench.speed_benchmark import Program, build_program
from lut.entries import BlockState, Segment
from lut.errors import DeviceError
from lut.journal import read_journal
from lut.plan import write_plan
from tests.phone.conftest import QuickPhone
from tests.phone.running import Running
from tests.phone.test_faults import PLAN, check_journal
from tests.service import closed_port

Racks = dict[int, Running]
"""A phone by the port of the server that it is connected to."""


def adb(port: int, *words: str) -> str:
    """Ask one server by the client, and give what that prints."""
    program = shutil.which("adb")
    if program is None:
        pytest.skip("needs the Debian package adb")
    done = subprocess.run(
        [program, "-P", str(port), *words], check=True, capture_output=True, text=True, timeout=20
    )
    return done.stdout


@contextmanager
def adb_server() -> Iterator[int]:
    """Run a server, and give its port."""
    port = closed_port()
    adb(port, "start-server")
    try:
        yield port
    finally:
        adb(port, "kill-server")


@pytest.fixture
def racks(keys: Path, quick_phone: QuickPhone) -> Iterator[Racks]:
    """Two servers, each with a phone that the other does not know."""
    del keys  # they set the folder of the servers' key
    found = {}
    with ExitStack() as stack:
        for number in range(2):
            port = stack.enter_context(adb_server())
            running = stack.enter_context(quick_phone(f"rack{number}", authentication=False))
            running.serial = f"127.0.0.1:{running.port}"
            assert "connected to" in adb(port, "connect", running.serial)
            found[port] = running
        yield found


def name_servers(racks: Racks) -> list[str]:
    return [word for port in racks for word in ("--adb-server", f"localhost:{port}")]


@pytest.fixture
def own_program_on_phones(own_program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the commands give this machine's own program to phones."""
    build = build_program
    monkeypatch.setattr(
        "bench.engines.engine.build_program",
        lambda target, **options: own_program if target.name == "android-arm64" else build(target, **options),
    )


@pytest.mark.usefixtures("own_program_on_phones")
def test_one_run_shares_its_plan_between_the_phones_of_two_servers(racks: Racks, tmp_path: Path) -> None:
    plan, journal = tmp_path / "plan.jsonl", tmp_path / "run.jsonl"
    write_plan(PLAN, plan)
    words = ["run", str(plan), "--all", "--adb", "server", *name_servers(racks), "-o", str(journal)]
    few = ["--passes", "2", "--iters", "5", "--threads", "1", "--cache", "warm"]
    done = CliRunner().invoke(bench.cli.cli, [*words, *few])
    assert done.exit_code == 0, done.output
    assert not check_journal(journal, PLAN, 2)
    entries = list(read_journal(journal, pytest.fail))
    boots = {
        entry.device.facts["boot_id"]: entry.device.serial for entry in entries if isinstance(entry, Segment)
    }
    assert set(boots.values()) == {running.serial for running in racks.values()}
    assert {entry.values["boot_id"] for entry in entries if isinstance(entry, BlockState)} == boots.keys()


def test_devices_of_all_servers_that_answer_are_listed(racks: Racks) -> None:
    absent = closed_port()
    words = ["devices", "--json", *name_servers(racks), "--adb-server", f"localhost:{absent}"]
    done = CliRunner().invoke(bench.cli.cli, words)
    assert done.exit_code == 0, done.output
    listed = {row["serial"]: row["kind"] for row in json.loads(done.stdout)}
    assert listed == {"host": "host"} | {running.serial: "adb-server" for running in racks.values()}
    assert f"No adb server can be reached at localhost:{absent}" in done.stderr


def test_a_serial_that_both_servers_list_is_reached_by_either(racks: Racks, options: PhoneOptions) -> None:
    """The one phone, connected to both, stands in for emulators of one name on two hosts."""
    (first, running), (second, _) = racks.items()
    adb(second, "connect", running.serial)
    route = AdbRoute("server", tuple(ServerAddress("localhost", port) for port in racks))
    names = [f"{running.serial}@localhost:{port}" for port in (first, second)]
    assert set(names) < list_serials(route).keys()
    assert running.serial not in list_serials(route)
    with pytest.raises(DeviceError, match=f"Say which: --device {names[0]} or --device {names[1]}"):
        open_device(running.serial, route, options)
    for name in names:
        with closing(open_device(name, route, options)) as device:
            assert (device.info.serial, device.info.name) == (name, "SM-G950U-7.0-24")
