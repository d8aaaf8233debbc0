"""On a computer with several users, one without the key neither reads nor runs anything of a farm."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("distributed", reason="needs the extra `farm`")

import psutil  # type: ignore[import-untyped]
from distributed.protocol.core import dumps
from distributed.protocol.serialize import ToPickle
from distributed.protocol.utils import pack_frames

from bench.farm import SchedulerAddress, open_client, parse_address
from lut.errors import DeviceError
from tests.bench.farm.conftest import Farm
from tests.bounds import within

NOBODY = 65534

SCRIPT = Path(__file__).with_name("intrude.py")

EMPTY = "HTTP/1.1 404 Not Found"
"""What Dask's web server answers where it has no pages."""


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """A farm as it comes, with a host."""
    with closing(Farm(tmp_path_factory.mktemp("farm"))) as farm:
        farm.start_scheduler()
        farm.start_host("rack1", "a")
        farm.wait_for(1)
        yield farm


def ports(farm: Farm) -> set[int]:
    """Give where the farm's processes listen."""
    started = [psutil.Process(child.pid) for child in farm.children.values()]
    pids = {process.pid for each in started for process in (each, *each.children(recursive=True))}
    return {
        link.laddr.port
        for link in psutil.net_connections("tcp")
        if link.pid in pids and link.status == psutil.CONN_LISTEN
    }


def intrude(farm: Farm, own_key: str, user: int) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, SCRIPT, str(user), str(farm.address.key), *map(str, sorted(ports(farm)))],
        input=own_key,
        capture_output=True,
        text=True,
        timeout=within(120),
        check=True,
    )
    answers: dict[str, str] = json.loads(done.stdout)
    return {way: answer for way, answer in answers.items() if answer and not answer.startswith(EMPTY)}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_gets_nothing(farm: Farm, foreign_key: Path) -> None:
    assert len(ports(farm)) >= 3  # the scheduler's, the worker's, its nanny's
    assert farm.port in ports(farm)
    assert intrude(farm, foreign_key.read_text(), NOBODY) == {}


def test_the_owner_gets_what_another_user_does_not(farm: Farm) -> None:
    answers = intrude(farm, farm.address.key.read_text(), os.getuid())
    assert f"{farm.port}: tls with a key of his own" in answers
    assert "the key file" in answers


@dataclass(frozen=True)
class Trap:
    """What makes a file where its pickle is read."""

    mark: Path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.mark,)


@contextlib.contextmanager
def pose(mark: Path, key: Path | None) -> Iterator[SchedulerAddress]:
    """Listen as a scheduler, with a key or without TLS, and send a trap to whoever connects."""
    message = pack_frames(list(dumps({"trap": ToPickle(Trap(mark))})))
    message = struct.pack("Q", len(message)) + message
    context = None
    if key is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(key)

    def greet(link: socket.socket) -> None:
        secure = context.wrap_socket(link, server_side=True) if context else link
        with contextlib.suppress(OSError), secure as talk:
            talk.sendall(message)
            talk.recv(1)

    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    link = listening.accept()[0]
                    with contextlib.suppress(ssl.SSLError), link:
                        greet(link)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield parse_address(f"127.0.0.1:{listening.getsockname()[1]}")
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def test_what_poses_as_a_scheduler_is_not_read(foreign_key: Path, tmp_path: Path) -> None:
    for key in (None, foreign_key):
        with pose(tmp_path / "mark", key) as address, pytest.raises(DeviceError):
            open_client(address)
    assert not (tmp_path / "mark").exists()


def test_who_has_the_key_is_believed(key: Path, tmp_path: Path) -> None:
    with pose(tmp_path / "mark", key) as address, pytest.raises(DeviceError):
        open_client(address)
    assert (tmp_path / "mark").exists()
