"""The doctor names what is amiss, and the command that mends it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from bench import doctor
from bench.device_runner.phone.usb import UsbPhone
from bench.doctor import CHECKS, Finding
from bench.engines import CAFFE2
from bench.numbers import WrongNumbersError
from lut.wording import install_extra
from tests.bench.conftest import Bench
from tests.service import closed_port, listing, service


@pytest.fixture(autouse=True)
def _nobody_s_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ANDROID_USER_HOME", str(tmp_path / "android"))
    monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", "5992")


@pytest.fixture
def empty_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No program is built, and no other program is to be found."""
    cache = tmp_path / "empty" / "cache"
    monkeypatch.setenv("CNN_LATENCY_LUT_CACHE", str(cache))
    monkeypatch.setenv("PATH", str(tmp_path))
    return cache


def test_a_machine_that_has_all_is_told_so(bench_command: Bench) -> None:
    CAFFE2.build("host")
    code, out, err = bench_command("doctor")
    assert (code, err) == (0, "")
    rows = [line for line in out.splitlines() if "fix: " not in line]
    assert [row[8:22].strip() for row in rows] == list(CHECKS)
    assert {row.split()[0] for row in rows} <= {"ok", "note"}
    assert "is whole, computes right numbers and measures" in out


def test_an_empty_machine_is_told_what_to_do_and_nothing_is_made(
    bench_command: Bench, empty_machine: Path
) -> None:
    code, out, err = bench_command("doctor", "--json")
    assert code == 3
    assert err == "error: This machine can't measure yet: see compiler, engine.\n"
    found = {row["check"]: row for row in json.loads(out)}
    assert found["compiler"]["fix"] == "sudo apt-get install g++"
    assert found["engine"]["fix"] == "bench build"
    assert found["phone program"]["fix"] == "bench build --target android-arm64"
    assert found["phone program"]["state"] == "note"
    assert found["simulator"]["fix"] == "sudo apt-get install qemu-user-static proot"
    assert not empty_machine.exists()


def test_every_fix_stands_under_its_check(bench_command: Bench, empty_machine: Path) -> None:
    del empty_machine
    lines = bench_command("doctor")[1].splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("broken  engine"))
    assert lines[place + 1].strip() == "fix: bench build"


def test_a_program_that_was_damaged_is_not_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = CAFFE2.build("host")
    cache = tmp_path / "cache"
    folder = cache / "programs" / program.executable.parent.name
    folder.mkdir(parents=True)
    whole = program.executable.read_bytes()
    (folder / "speed_benchmark").write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    (folder / "built.json").write_bytes(program.executable.with_name("built.json").read_bytes())
    (cache / "runtime").symlink_to(program.library_dir.parent)
    monkeypatch.setenv("CNN_LATENCY_LUT_CACHE", str(cache))
    finding = CHECKS["engine"](CAFFE2)
    assert (finding.state, finding.fix) == ("broken", "bench build")
    (folder / "speed_benchmark").write_bytes(whole)
    assert "can't be started: Permission denied" in CHECKS["engine"](CAFFE2).says
    (folder / "speed_benchmark").chmod(0o755)
    assert CHECKS["engine"](CAFFE2).state == "ok"


def test_wrong_numbers_are_told_with_an_example_and_nothing_is_deleted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise WrongNumbersError(
            "host: caffe2 computes wrong numbers:\n  Relu: 8 where 9 is right\nMeasure with."
        )

    monkeypatch.setattr(doctor, "check_numbers", refuse)
    CAFFE2.build("host")
    finding = CHECKS["engine"](CAFFE2)
    assert finding.says == "host: caffe2 computes wrong numbers: Relu: 8 where 9 is right"
    assert (finding.state, finding.fix) == ("broken", "bench doctor --engine xnnpack")


def test_a_cache_without_room_is_broken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, empty_machine: Path
) -> None:
    assert CHECKS["cache"](CAFFE2).state == "ok"
    monkeypatch.setattr(doctor, "_BUILD_BYTES", 1 << 60)
    finding = CHECKS["cache"](CAFFE2)
    assert finding.state == "broken"
    assert str(empty_machine) in finding.says
    assert finding.fix == "export CNN_LATENCY_LUT_CACHE=/a/folder/with/room"
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "cache").write_text("a file stands where the folder should be")
    assert "can't be written" in CHECKS["cache"](CAFFE2).says


@pytest.mark.parametrize("cache", ["{}/file", "{}/file/below", "~nobody-of-this-name/cache"])
def test_a_cache_that_cannot_be_used_is_broken(
    cache: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CNN_LATENCY_LUT_CACHE", cache.format(tmp_path))
    finding = CHECKS["cache"](CAFFE2)
    assert (finding.state, finding.fix) == ("broken", "export CNN_LATENCY_LUT_CACHE=/a/folder/with/room")


def test_no_server_is_no_fault() -> None:
    assert CHECKS["adb server"](CAFFE2) == Finding("none runs; phones are opened directly")


@pytest.mark.parametrize(
    ("text", "state", "words"),
    [
        ("", "ok", "lists no phone"),
        ("R58M1\tdevice\n", "ok", "lists R58M1 (device)"),
        ("R58M1\tunauthorized\n", "note", "tap ALLOW"),
    ],
)
def test_a_server_s_phones_are_told_with_their_states(
    text: str, state: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with service(listing(text)) as port:
        monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", str(port))
        finding = CHECKS["adb server"](CAFFE2)
    assert finding.state == state
    assert words in finding.says


def test_another_service_at_the_server_s_port_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with service(b"220 mail.example\r\n") as port:
        monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", str(port))
        finding = CHECKS["adb server"](CAFFE2)
    assert (finding.state, finding.fix) == ("note", f"ss -ltnp 'sport = :{port}'")
    assert "does not answer as an adb server does" in finding.says


def test_every_named_server_is_told(bench_command: Bench) -> None:
    CAFFE2.build("host")
    absent = closed_port()
    with service(listing("R58M1\tdevice\n")) as port, service(listing("R58M2\toffline\n")) as other:
        named = [word for each in (port, absent, other) for word in ("--adb-server", f"localhost:{each}")]
        code, out, _ = bench_command("doctor", "--json", *named)
    told = [row for row in json.loads(out) if row["check"] == "adb server"]
    assert code == 0
    assert told[0]["says"] == f"one runs at localhost:{port} and lists R58M1 (device)"
    assert told[1]["says"].startswith(f"none can be reached at localhost:{absent};")
    assert [row["state"] for row in told] == ["ok", "note", "note"]
    assert told[1]["fix"] == f"ssh -NL {absent}:localhost:5037 HOST"
    assert told[2]["fix"] == f"adb -H localhost -P {other} devices"


def test_a_port_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", "usb")
    assert CHECKS["adb server"](CAFFE2).fix == "unset ANDROID_ADB_SERVER_PORT"


def test_no_key_is_made_by_looking_for_one(tmp_path: Path) -> None:
    assert CHECKS["adb key"](CAFFE2).says.startswith("none yet")
    assert not (tmp_path / "android").exists()


def test_a_damaged_key_is_told(tmp_path: Path) -> None:
    key = tmp_path / "android" / "adbkey"
    key.parent.mkdir()
    key.write_text("no key")
    finding = CHECKS["adb key"](CAFFE2)
    assert (finding.state, finding.fix) == ("note", f"mv {key} {key}.old")


def test_a_phone_that_may_not_be_opened_gets_its_rules(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    phone = UsbPhone("R58M1", tmp_path / "007")
    monkeypatch.setattr(doctor, "find_usb_phones", lambda: [phone])
    finding = CHECKS["usb phones"](CAFFE2)
    assert finding.state == "note"
    assert "R58M1" in finding.says
    assert "android-sdk-platform-tools-common" in (finding.fix or "")
    phone.node.touch()
    assert os.access(phone.node, os.W_OK)
    assert CHECKS["usb phones"](CAFFE2) == Finding("R58M1 may be opened")


def test_without_debian_a_phones_program_comes_from_another_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CNN_LATENCY_LUT_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    finding = CHECKS["phone compiler"](CAFFE2)
    assert (finding.state, (finding.fix or "").split()[0]) == ("note", "scp")
    assert f"programs {tmp_path}/" in (finding.fix or "")


def test_a_missing_package_for_usb_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "usb1", None)
    finding = CHECKS["libusb"](CAFFE2)
    assert (finding.state, finding.fix) == ("note", install_extra("usb"))
    assert "libusb1 is not installed" in finding.says


def test_a_missing_libusb_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "explain_missing_usb", lambda: "USB can't be used here: no. Install it.")
    finding = CHECKS["libusb"](CAFFE2)
    assert (finding.says, finding.fix) == (
        "USB can't be used here: no",
        "sudo apt-get install libusb-1.0-0",
    )
