"""Debian's own adb client finds the simulated phone to be a phone, and the runner goes through its server."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.campaign import run_plan
from bench.device_runner import AdbRoute, PhoneOptions, list_serials, list_server_serials, open_device
from lut.errors import DeviceError
from tests.phone.conftest import QuickPhone
from tests.phone.running import Running
from tests.phone.test_faults import CONFIG, PLAN, check_journal


@pytest.fixture(scope="module")
def adb(keys: Path) -> Iterator[str]:
    """The client, with a server of our own that is ended with the test; nobody else's is touched."""
    del keys  # they set the server's port, and the folder of its key
    program = shutil.which("adb")
    if program is None:
        pytest.skip("needs the Debian package adb")
    subprocess.run([program, "start-server"], check=True, capture_output=True, timeout=20)
    yield program
    subprocess.run([program, "kill-server"], check=False, capture_output=True, timeout=20)


@pytest.fixture
def attached(adb: str, quick_phone: QuickPhone) -> Iterator[Running]:
    """A phone that the server has connected to."""
    with quick_phone(authentication=False) as running:
        address = f"127.0.0.1:{running.port}"
        said = subprocess.run(
            [adb, "connect", address], check=True, capture_output=True, text=True, timeout=20
        )
        assert "connected to" in said.stdout
        running.serial = address
        yield running
        subprocess.run([adb, "disconnect", address], check=True, capture_output=True, timeout=20)


def call(adb: str, running: Running, *words: str) -> str:
    done = subprocess.run(
        [adb, "-s", running.serial, *words], check=True, capture_output=True, text=True, timeout=30
    )
    return done.stdout


def test_commands(adb: str, attached: Running) -> None:
    assert call(adb, attached, "shell", "getprop ro.product.model") == "SM-G950U\n"
    assert "temperature: 284" in call(adb, attached, "shell", "dumpsys battery")
    assert call(adb, attached, "exec-out", "echo 'a  b'; echo c >&2") == "a  b\nc\n"
    assert (
        "device:dreamqltesq"
        in subprocess.run(
            [adb, "devices", "-l"], check=True, capture_output=True, text=True, timeout=20
        ).stdout
    )


def test_files(adb: str, attached: Running, tmp_path: Path) -> None:
    data = os.urandom(3_000_001)
    (tmp_path / "here").write_bytes(data)
    call(adb, attached, "push", str(tmp_path / "here"), "/data/local/tmp/there")
    sum_there = call(adb, attached, "shell", "sha1sum /data/local/tmp/there").split()[0]
    assert sum_there == hashlib.sha1(data).hexdigest()
    call(adb, attached, "pull", "/data/local/tmp/there", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == data
    with pytest.raises(subprocess.CalledProcessError) as refusal:
        call(adb, attached, "push", str(tmp_path / "here"), "/system/bin/there")
    assert "Permission denied" in refusal.value.stderr + refusal.value.stdout


def test_the_client_s_key_is_asked_for_and_known_from_then_on(adb: str, quick_phone: QuickPhone) -> None:
    with quick_phone() as running:
        address = f"127.0.0.1:{running.port}"
        for _ in range(10):
            said = subprocess.run(
                [adb, "connect", address], check=True, capture_output=True, text=True, timeout=20
            ).stdout
            if list_server_serials().get(address) == "device":
                break
        else:
            pytest.fail(said)
        assert len(running.phone.known_keys) == 1
        subprocess.run([adb, "disconnect", address], check=True, capture_output=True, timeout=20)


def test_a_run_through_the_server(attached: Running, options: PhoneOptions, tmp_path: Path) -> None:
    assert list_serials()[attached.serial] == "adb-server"
    assert attached.serial not in list_serials(AdbRoute("direct"))
    device = open_device(attached.serial, options=options)
    assert (device.info.kind, device.info.name) == ("adb-server", "SM-G950U-7.0-24")
    run_plan(PLAN[:5], device, CONFIG, tmp_path / "run.jsonl")
    device.close()
    assert not check_journal(tmp_path / "run.jsonl", PLAN[:5], CONFIG.passes)
    assert attached.foreign_files == []


@pytest.mark.usefixtures("adb")
def test_a_phone_that_the_server_does_not_know() -> None:
    with pytest.raises(DeviceError, match="No device has the serial 'R58M'"):
        open_device("R58M", AdbRoute("server"))
