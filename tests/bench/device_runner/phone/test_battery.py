"""Batteries, real and made up; wakefulness; room."""

from __future__ import annotations

import pytest

from bench.device_runner.phone.battery import Battery, read_battery
from bench.device_runner.phone.storage import read_free_bytes
from bench.device_runner.phone.wakefulness import read_wakefulness


def dump(**changed: str) -> str:
    values = {
        "AC powered": "false",
        "USB powered": "true",
        "status": "2",
        "present": "true",
        "level": "84",
        "scale": "100",
        "voltage": "4063",
        "temperature": "326",
        **{name.replace("_", " "): value for name, value in changed.items()},
    }
    return "Current Battery Service state:\n" + "".join(
        f"  {name}: {each}\n" for name, each in values.items()
    )


def test_a_battery() -> None:
    assert read_battery(dump()) == Battery(84, 32.6, plugged=True)


def test_whole_names_count_and_the_first_of_each() -> None:
    """Android 14 has a capacity level, and Samsung appends a log."""
    said = dump() + "  Capacity level: -1\n  level:100, temperature:308\n  level: 3\nLLB CAL: 20221116\n"
    assert read_battery(said).level == 84


@pytest.mark.parametrize(
    "said",
    [
        "",
        dump(present="false", level="100"),
        dump(voltage="13", temperature="26", level="90"),
        dump(voltage="5000", USB_powered="false", level="100"),
        dump() + "  (UPDATES STOPPED -- use 'reset' to restart)\n",
    ],
)
def test_what_is_made_up_is_unknown(said: str) -> None:
    battery = read_battery(said)
    assert (battery.level, battery.celsius, battery.plugged) == (None, None, None)


@pytest.mark.parametrize("level", ["0", "-2147483648", "101", "x"])
def test_levels_that_no_phone_runs_at_are_unknown(level: str) -> None:
    assert read_battery(dump(level=level)).level is None


def test_power_that_is_not_told_is_unknown() -> None:
    assert read_battery("  AC powered: false\n  level: 96\n").plugged is None
    assert read_battery(dump(USB_powered="false")).plugged is False
    assert read_battery("  Dock powered: true\n").plugged is True


@pytest.mark.parametrize(
    ("said", "awake"),
    [
        ("  mWakefulness=Awake\n", True),
        ("  getWakefulnessLocked()=Awake\n", True),
        ("  mWakefulness=Dozing\n", False),
        ("  getWakefulnessLocked()=Asleep\n  mStayOn=false\n", False),
        ("  mWakefulness=Asleep\n  mStayOn=true\n", True),
        ("  mWakefulness=1\n", True),
        ("  mScreenOn=false\n", False),
        ("  mWakefulnessChanging=false\n", None),
        ("", None),
    ],
)
def test_wakefulness(said: str, awake: bool | None) -> None:
    assert read_wakefulness(said) is awake


@pytest.mark.parametrize(
    ("listing", "free"),
    [
        (
            "Filesystem     1K-blocks    Used Available Use% Mounted on\n/dev/dm-1 100 60 40 60% /data\n",
            40 << 10,
        ),
        (
            "Filesystem  Size Used Avail Use% Mounted on\n/dev/dm-39 10G 1.5G  8.0G  16% /data\n",
            8 << 30,
        ),
        (
            "Filesystem  Size Used Free Blksize\n/dev 956.5M 148.0K 956.3M 4096\n/mnt/x: Permission denied\n"
            "/data 10.9G 6.3G 4.5G 4096\n",
            9 << 29,
        ),
        ("Filesystem  Size Used Free Blksize\n/data/local/tmp 10.9G 6.3G 4.5G 4096\n", 9 << 29),
        ("Filesystem 1K-blocks Used Available Use% Mounted on\na 9 9 5 9% /\nb 9 9 7 9% /data\n", 7 << 10),
        ("Filesystem 512-blocks Used Available Use% Mounted on\nb 9 9 7 9% /data/user/0\n", 7 << 9),
        ("Filesystem 1K-blocks Used Available Use% Mounted on\nb 9 9 7 9% /x\nc 9 9 7 9% /y\n", None),
        ("/proc/stat=cpu 1 2 3 4 5 6\n", None),
        ("df: not found\n", None),
    ],
)
def test_room(listing: str, free: int | None) -> None:
    assert read_free_bytes(listing) == free
