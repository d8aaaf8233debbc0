"""What answers at the adb server's port may be anything: each is told in a sentence, never a traceback."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.device_runner import ServerAddress, list_devices, list_server_serials, open_device
from bench.device_runner.device import LostError
from bench.device_runner.interruption import Interruption
from bench.device_runner.phone import adb_server
from bench.device_runner.phone.adb_server import ServerChannel
from bench.device_runner.phone.connection import Patience
from lut.errors import DeviceError
from tests.bench.conftest import Bench
from tests.service import closed_port, service

SENTENCE = "does not answer as an adb server does"


ODD_ANSWERS = [
    b"",
    b"OK",
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
    b"\xff\xfe\x00\x80garbage",
    b"FAIL",
    b"FAIL12",
    b"FAILzzzzsomething",
    b"FAIL-001x",
    b"FAIL0x1fx",
    b"FAIL0004\xff\xfe\xfd\xfc",
    b"FAILffffshort",
    b"OKAY",
    b"OKAY +1 x",
    b"OKAYffffshort",
    b"OKAY\xff\xff\xff\xff",
    None,
]


@pytest.mark.parametrize("answer", ODD_ANSWERS)
def test_another_service_is_told(answer: bytes | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adb_server, "_LIST_S", 0.2)
    with service(answer) as port:
        monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", str(port))
        with pytest.raises(LostError, match=f"127.0.0.1:{port} {SENTENCE}.*--adb direct"):
            list_server_serials()
        with pytest.raises(DeviceError, match=SENTENCE):
            open_device("R58M1")
        with pytest.raises(LostError, match=SENTENCE):
            ServerChannel("R58M1", ServerAddress("127.0.0.1", port)).connect(
                Patience(connect_s=0.2), Interruption()
            )


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=24) | st.binary(max_size=24).map(lambda data: b"OKAY" + data))
def test_any_bytes_are_a_listing_or_a_sentence(answer: bytes) -> None:
    with service(answer) as port, pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANDROID_ADB_SERVER_PORT", str(port))
        try:
            told = " ".join(list_server_serials().values())
        except LostError as error:
            told = str(error)
    assert told == "" or SENTENCE in told or answer.startswith(b"OKAY")


def test_other_devices_are_listed_all_the_same(bench_command: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    with service(b"220 mail.example\r\n") as port:
        monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", str(port))
        devices = list_devices(warn=said.append)
        code, out, err = bench_command("devices")
    assert [device.info.serial for device in devices] == ["host"]
    assert [SENTENCE in sentence for sentence in said] == [True]
    assert code == 0
    assert "host" in out
    assert "(it answered b'220 ', neither OKAY nor FAIL). Bypass it with --adb direct" in err


def test_nobody_there_is_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", str(closed_port()))
    assert list_server_serials() == {}
    monkeypatch.setenv("ADB_SERVER_SOCKET", "tcp:no..host:5037")
    assert list_server_serials() == {}


@pytest.mark.parametrize("port", ["usb", "0", "65536", "99999", "²", "-1", ""])
def test_a_port_that_is_none_is_told(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", port)
    with pytest.raises(
        DeviceError, match="is not a number from 1 to 65535\\. Look at ANDROID_ADB_SERVER_PORT"
    ):
        list_server_serials()
