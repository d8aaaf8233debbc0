"""Several adb servers at once: their phones are told apart, and a server that fails hides no other's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.campaign import choose_devices
from bench.device_runner import (
    AdbRoute,
    PhoneOptions,
    ServerAddress,
    list_serials,
    list_server_serials,
    open_device,
)
from lut.errors import DeviceError
from lut.plan import write_plan
from tests.bench.conftest import Bench, relu
from tests.service import closed_port, listing, service

ABSENT = "No adb server can be reached at"


def at(*ports: int) -> AdbRoute:
    """Only servers, at these ports of this machine."""
    return AdbRoute("server", tuple(ServerAddress("127.0.0.1", port) for port in ports))


@pytest.fixture
def racks(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, int]]:
    """The ports of two servers, which both list an emulator; the environment's has another phone."""
    with (
        service(listing("R58M1\trecovery\nemulator-5554\trecovery\n")) as first,
        service(listing("emulator-5554\tsideload\nR58M2\tunauthorized\n")) as second,
        service(listing("mine\tdevice\n")) as own,
    ):
        monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", str(own))
        yield first, second


def test_named_servers_replace_that_of_the_environment(racks: tuple[int, int]) -> None:
    assert list_server_serials() == {"mine": "device"}
    assert list_server_serials(at(racks[0])) == {"R58M1": "recovery", "emulator-5554": "recovery"}


def test_only_serials_that_collide_name_their_server(racks: tuple[int, int]) -> None:
    first, second = racks
    assert list_server_serials(at(first, second, first)) == {
        "R58M1": "recovery",
        f"emulator-5554@127.0.0.1:{first}": "recovery",
        f"emulator-5554@127.0.0.1:{second}": "sideload",
        "R58M2": "unauthorized",
    }


def test_an_ambiguous_serial_is_told_with_both_names(racks: tuple[int, int]) -> None:
    first, second = racks
    with pytest.raises(DeviceError) as refusal:
        open_device("emulator-5554", at(first, second))
    assert str(refusal.value) == (
        f"2 adb servers list the serial 'emulator-5554'. Say which: "
        f"--device emulator-5554@127.0.0.1:{first} or --device emulator-5554@127.0.0.1:{second}."
    )


@pytest.mark.parametrize("rest", ["both", "one", "none"])
def test_a_serial_with_its_server_goes_there(rest: str, racks: tuple[int, int]) -> None:
    """Whatever other servers are named, and whether the serial collides or not."""
    first, second = racks
    route = {"both": at(first, second), "one": at(first), "none": AdbRoute()}[rest]
    for host in ("127.0.0.1", "localhost"):
        with pytest.raises(DeviceError, match=f"{host}:{second} says that emulator-5554 is sideload"):
            open_device(f"emulator-5554@{host}:{second}", route)
    with pytest.raises(DeviceError, match=f"No device has the serial 'R58M1@localhost:{second}'"):
        open_device(f"R58M1@localhost:{second}", route)


def test_a_server_that_is_absent_hides_no_phone_of_another(racks: tuple[int, int]) -> None:
    absent = closed_port()
    with pytest.raises(DeviceError, match="says that R58M1 is recovery"):
        open_device("R58M1", at(absent, racks[0]))
    said: list[str] = []
    assert "R58M1" in list_serials(at(absent, racks[0]), said.append)
    assert [sentence.startswith(f"{ABSENT} 127.0.0.1:{absent} (") for sentence in said] == [True]


def test_a_server_that_is_absent_is_told_where_a_phone_is_missing(racks: tuple[int, int]) -> None:
    absent = closed_port()
    with pytest.raises(DeviceError, match="No device has the serial 'R58M9'") as refusal:
        open_device("R58M9", at(absent, racks[0]))
    assert f"{ABSENT} 127.0.0.1:{absent} (" in str(refusal.value)
    assert "Start it by `adb start-server`" in str(refusal.value)
    for serials, every in (((), True), ((), False), ((f"R58M1@127.0.0.1:{absent}",), False)):
        with pytest.raises(DeviceError, match=f"{ABSENT} 127.0.0.1:{absent}"):
            choose_devices(serials, every, at(absent, racks[0]), PhoneOptions())


def test_a_forwarded_port_without_a_server_is_told(racks: tuple[int, int], bench_command: Bench) -> None:
    """ssh takes the connection and then finds nobody at the far end."""
    with service(b"") as port:
        named = ("--adb", "server", "--adb-server", f"localhost:{port}")
        code, out, err = bench_command("devices", *named, "--adb-server", f"localhost:{racks[0]}")
    assert code == 0
    assert out.splitlines()[1].split()[:2] == ["host", "host"]
    assert f"What listens at localhost:{port} does not answer as an adb server does" in err
    assert "At the far end of a forwarded port, `adb start-server` starts one." in err
    assert "says that R58M1 is recovery" in err


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("--adb-server", "rack2:usb"), 2, "The port 'usb' of 'rack2:usb' is not a number from 1 to 65535."),
        (("--adb-server", "rack2", "--adb", "direct"), 2, "--adb direct asks no adb server:"),
        (("--adb-server", f"localhost:{closed_port()}", "--all"), 3, ABSENT),
        (("--device", "R58M1@rack2:usb"), 3, "The port 'usb' of 'rack2:usb' is not a number"),
    ],
)
def test_wrong_input_is_told_with_the_right_code(
    arguments: tuple[str, ...], code: int, sentence: str, bench_command: Bench, tmp_path: Path
) -> None:
    write_plan([relu(4)], tmp_path / "plan.jsonl")
    got, out, err = bench_command("run", tmp_path / "plan.jsonl", "-o", tmp_path / "run.jsonl", *arguments)
    assert (got, out) == (code, "")
    assert sentence in err
    assert not (tmp_path / "run.jsonl").exists()
