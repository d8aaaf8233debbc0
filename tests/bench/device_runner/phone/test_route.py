"""Addresses of adb servers as users write them, and routes as values."""

from __future__ import annotations

import pickle

import pytest

from bench.device_runner import AdbRoute, ServerAddress
from bench.device_runner.phone.route import server_address
from lut.errors import DeviceError


@pytest.mark.parametrize(
    ("text", "host", "port", "written"),
    [
        ("rack2", "rack2", 5037, "rack2:5037"),
        ("localhost:5038", "localhost", 5038, "localhost:5038"),
        ("192.168.1.7:65535", "192.168.1.7", 65535, "192.168.1.7:65535"),
        ("[::1]:5038", "::1", 5038, "[::1]:5038"),
        ("[fe80::1]", "fe80::1", 5037, "[fe80::1]:5037"),
    ],
)
def test_addresses_are_read_and_written(text: str, host: str, port: int, written: str) -> None:
    address = ServerAddress.parse(text)
    assert address == ServerAddress(host, port)
    assert str(address) == written
    assert ServerAddress.parse(written) == address


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("rack2:usb", "The port 'usb' of 'rack2:usb' is not a number from 1 to 65535."),
        ("::1:5037", "has more than one colon. Write an IPv6 address as [ADDRESS]:PORT."),
        ("", "An adb server can't be named so: '' is no address. Write HOST:PORT."),
        (":5037", "is no address"),
        ("me@rack2:5037", "is no address"),
        ("rack 2", "is no address"),
    ],
)
def test_what_is_no_address_is_told(text: str, sentence: str) -> None:
    with pytest.raises(DeviceError) as refusal:
        ServerAddress.parse(text)
    assert sentence in str(refusal.value)


@pytest.mark.parametrize(
    ("socket", "expected"),
    [
        ("tcp:5040", ServerAddress("127.0.0.1", 5040)),
        ("tcp:rack2:5040", ServerAddress("rack2", 5040)),
        ("tcp:[::1]:5040", ServerAddress("::1", 5040)),
        ("localabstract:adb", ServerAddress("127.0.0.1", 5041)),
    ],
)
def test_the_environment_names_a_server_as_for_adb(
    socket: str, expected: ServerAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", "5041")
    monkeypatch.setenv("ADB_SERVER_SOCKET", socket)
    assert server_address() == expected


@pytest.mark.parametrize(
    ("socket", "sentence"),
    [
        (
            "tcp:usb",
            "The adb server's port 'usb' is not a number from 1 to 65535. Look at ADB_SERVER_SOCKET.",
        ),
        ("tcp:rack2:usb", "The port 'usb' of 'rack2:usb' is not a number from 1 to 65535."),
    ],
)
def test_what_the_environment_says_may_be_no_address(
    socket: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADB_SERVER_SOCKET", socket)
    with pytest.raises(DeviceError) as refusal:
        server_address()
    assert str(refusal.value).endswith(sentence)


def test_routes_are_values() -> None:
    route = AdbRoute("server", (ServerAddress("rack1"), ServerAddress("rack2", 5038)))
    assert pickle.loads(pickle.dumps(route)) == route
    assert len({route, AdbRoute("server", (ServerAddress("rack1"), ServerAddress("rack2", 5038)))}) == 1
