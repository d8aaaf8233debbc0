"""Where a scheduler is."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

pytest.importorskip("distributed", reason="needs the extra `farm`")

from bench.farm.connection import SchedulerAddress, find_own_host, parse_address

PEM = Path("farm.pem")


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("rack", "rack", 8786),
        ("rack:1234", "rack", 1234),
        ("127.0.0.1:1234", "127.0.0.1", 1234),
        ("tls://rack:1234", "rack", 1234),
        ("[::1]", "::1", 8786),
        ("[::1]:1234", "::1", 1234),
    ],
)
def test_an_address_is_read(text: str, host: str, port: int) -> None:
    assert parse_address(text, PEM) == SchedulerAddress(host, port, PEM)


@pytest.mark.parametrize(
    "text", ["", ":1", "rack:0", "rack:65536", "rack:x", "http://rack", "[::1", "[::1]x", "tcp://rack"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"HOST:PORT|\[ADDRESS\]:PORT|The port|tls://"):
        parse_address(text)


def test_without_a_key_it_is_the_user_s_own(key: Path) -> None:
    assert parse_address("[::1]") == SchedulerAddress("::1", 8786, key)
    assert parse_address("[::1]").url == "tls://[::1]:8786"


@pytest.mark.parametrize(("scheduler", "own"), [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")])
def test_a_host_is_reached_where_the_scheduler_reaches_it(scheduler: str, own: str) -> None:
    if ":" in scheduler and not socket.has_ipv6:
        pytest.skip("this computer has no IPv6")
    assert find_own_host(SchedulerAddress(scheduler, 8786, PEM)) == own
