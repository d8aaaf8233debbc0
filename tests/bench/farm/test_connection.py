"""Where a scheduler is, and who may reach it."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("distributed", reason="needs the extra `farm`")

from bench.farm.connection import SchedulerAddress, parse_address
from lut.errors import DeviceError

PEM = Path("farm.pem")


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("rack", "rack", 8786),
        ("rack:1234", "rack", 1234),
        ("127.0.0.1:1234", "127.0.0.1", 1234),
        ("tcp://rack:1234", "rack", 1234),
        ("[::1]", "::1", 8786),
        ("[::1]:1234", "::1", 1234),
    ],
)
def test_an_address_is_read(text: str, host: str, port: int) -> None:
    assert parse_address(text) == SchedulerAddress(host, port)


@pytest.mark.parametrize(
    "text", ["", ":1", "rack:0", "rack:65536", "rack:x", "http://rack", "[::1", "[::1]x", "tls://rack"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"HOST:PORT|\[ADDRESS\]:PORT|The port|tcp://|--tls"):
        parse_address(text)


def test_a_certificate_makes_it_encrypted() -> None:
    assert parse_address("rack", PEM).url == parse_address("tls://rack", PEM).url == "tls://rack:8786"
    assert parse_address("[::1]").url == "tcp://[::1]:8786"
    with pytest.raises(ValueError, match="not encrypted"):
        parse_address("tcp://rack", PEM)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_this_computer_needs_no_certificate(host: str) -> None:
    assert SchedulerAddress(host).security().require_encryption is False


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.10", "rack1", "localhost.example"])
def test_whatever_others_reach_needs_one(host: str) -> None:
    with pytest.raises(DeviceError, match="--tls FILE"):
        SchedulerAddress(host).security()
