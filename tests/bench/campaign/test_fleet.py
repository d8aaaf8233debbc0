"""Which devices are measured on, and which journal their visits are written to."""

from pathlib import Path

import pytest

from bench.campaign import choose_devices, choose_journals, fleet
from bench.device_runner import DEFAULT_ROUTE, AdbRoute, PhoneOptions, ServerAddress
from bench.device_runner.phone.usb import UsbPhone
from lut.errors import ConflictError, DeviceError, FileError


def test_each_name_has_a_journal_of_its_own_in_a_folder(tmp_path: Path) -> None:
    assert choose_journals(["Phone-1", "Phone-2"], tmp_path) == {
        "Phone-1": tmp_path / "Phone-1.run.jsonl",
        "Phone-2": tmp_path / "Phone-2.run.jsonl",
    }
    assert choose_journals(["Phone-1"], tmp_path / "one") == {"Phone-1": tmp_path / "one"}
    with pytest.raises(ConflictError, match="The phones are of 2 names"):
        choose_journals(["Phone-1", "Phone-2"], tmp_path / "run.jsonl")


def test_no_name_leads_out_of_the_folder(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"^No file can be called after the device '\.\./x'"):
        choose_journals(["Phone-1", "../x"], tmp_path)


@pytest.fixture
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port at which nobody listens."""
    monkeypatch.delenv("ADB_SERVER_SOCKET", raising=False)
    monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", "9")


@pytest.mark.usefixtures("no_server")
def test_where_no_phone_was_meant_this_machine_is_measured() -> None:
    [device] = choose_devices((), False, DEFAULT_ROUTE, PhoneOptions())
    assert device.info.kind == "host"


@pytest.mark.usefixtures("no_server")
@pytest.mark.parametrize(
    ("route", "options", "reason"),
    [
        (AdbRoute("server"), PhoneOptions(), r"an adb server at 127\.0\.0\.1:9\."),
        (AdbRoute("direct"), PhoneOptions(), "No phone is attached|USB can't be used here"),
        (DEFAULT_ROUTE, PhoneOptions(ignored_gates=frozenset({"battery"})), "--device host measures on this"),
        (AdbRoute(servers=(ServerAddress("127.0.0.1", 9),)), PhoneOptions(), "No adb server can be reached"),
    ],
)
def test_where_a_phone_was_meant_this_machine_is_not_measured(
    route: AdbRoute, options: PhoneOptions, reason: str
) -> None:
    with pytest.raises(DeviceError, match=reason):
        choose_devices((), False, route, options)


@pytest.mark.usefixtures("no_server")
def test_a_phone_on_usb_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "find_usb_phones", lambda: [UsbPhone("R58M", Path("/dev/bus/usb/001/002"))])
    with pytest.raises(DeviceError, match=r"^A phone is on USB \(R58M\), but it can't be used"):
        choose_devices((), False, DEFAULT_ROUTE, PhoneOptions())
    [device] = choose_devices(("host",), False, DEFAULT_ROUTE, PhoneOptions())
    assert device.info.kind == "host"
