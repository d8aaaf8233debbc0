"""A link with a network's own socket buffers: a phone in a network namespace, at the end of a veth pair."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bench.campaign import run_plan
from bench.device_runner import AdbRoute, PhoneOptions, open_device
from bench.device_runner.phone.adb import DirectChannel
from bench.device_runner.phone.bundle import FOLDER, push_archive
from bench.device_runner.phone.connection import Connection, Patience
from tests.bounds import within
from tests.phone.running import link_storage
from tests.phone.test_faults import CONFIG, PLAN, check_journal
from tests.phone.userland import OWN

ROOT = Path(__file__).resolve().parents[2]


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


def need(*words: str) -> None:
    """Do what a machine may not allow; the test is skipped then, with the system's words."""
    try:
        ip(*words)
    except (OSError, subprocess.CalledProcessError) as error:
        said = error.stderr.strip() if isinstance(error, subprocess.CalledProcessError) else error
        pytest.skip(
            f"needs the right to make network namespaces and to enter them, and the Debian package iproute2 "
            f"(ip {' '.join(words)}: {said})"
        )


@contextmanager
def network_namespace(name: str) -> Iterator[None]:
    """Make a namespace that can be entered, which it can't be everywhere: not in a chroot."""
    need("netns", "add", name)
    try:
        need("netns", "exec", name, "true")
        yield
    finally:
        ip("netns", "del", name)


@pytest.fixture
def far_phone(prepared_storage: Path, tmp_path: Path) -> Iterator[str]:
    """A phone's serial; the phone is behind a veth pair."""
    number = os.getpid() % 60000
    namespace, ours, theirs = f"phone{number}", f"va{number}", f"vb{number}"
    net = f"10.231.{number % 250}"
    storage = tmp_path / "storage"
    (storage / "simulated0").mkdir(parents=True)
    link_storage(prepared_storage / "data", storage / "simulated0" / "data")
    with network_namespace(namespace):
        need("link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", namespace)
        ip("addr", "add", f"{net}.1/30", "dev", ours)
        ip("link", "set", ours, "up")
        ip("-n", namespace, "addr", "add", f"{net}.2/30", "dev", theirs)
        ip("-n", namespace, "link", "set", theirs, "up")
        command = ["ip", "netns", "exec", namespace, sys.executable, "-m", "tests.phone"]
        command += ["--host", f"{net}.2", "--storage", str(storage), "--architecture", OWN]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as phone:
            try:
                assert phone.stdout is not None
                assert "listens" in phone.stdout.readline()
                yield f"tcp:{net}.2:5555"
            finally:
                phone.terminate()
                try:
                    phone.wait(20)
                except subprocess.TimeoutExpired:
                    phone.kill()
                    raise


@pytest.mark.parametrize("refused", ["add", "exec"])
def test_a_namespace_that_is_refused_skips_with_the_reason(
    refused: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, program = tmp_path / "log", tmp_path / "ip"
    program.write_text(
        f'#!/bin/sh\necho "$*" >>{log}\n'
        f'[ "$2" = {refused} ] && echo "mount of /sys failed: Invalid argument" >&2 && exit 1\nexit 0\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with (
        pytest.raises(pytest.skip.Exception, match=r"ip netns .*: mount of /sys failed: Invalid argument\)"),
        network_namespace("phone1"),
    ):
        pytest.fail("it was entered")
    made = ["netns add phone1", "netns exec phone1 true", "netns del phone1"]
    assert log.read_text().splitlines() == (made if refused == "exec" else made[:1])


def test_files_and_runs_over_a_network(far_phone: str, options: PhoneOptions, tmp_path: Path) -> None:
    connection = Connection(DirectChannel(far_phone), Patience())
    with closing(connection):
        check_link(connection)
    with closing(open_device(far_phone, AdbRoute("direct"), options)) as device:
        run_plan(PLAN[:4], device, CONFIG, tmp_path / "run.jsonl")
    assert not check_journal(tmp_path / "run.jsonl", PLAN[:4], CONFIG.passes)


def check_link(connection: Connection) -> None:
    connection.connect()
    data = os.urandom(20_000_000)
    started = time.monotonic()
    push_archive(connection, data, f"{FOLDER}/there")
    assert time.monotonic() - started < within(20)
    assert hashlib.sha1(data).hexdigest() in connection.check(f"sha1sum {FOLDER}/there", "sum it up")
    began = time.monotonic()
    for _ in range(20):
        connection.run("true")
    assert (time.monotonic() - began) / 20 < within(0.5)
