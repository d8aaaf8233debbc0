"""What 51 real devices answer is understood: expected values of each, by its notes and not by the program."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from bench.device_runner.phone.cores import format_list
from tests.phone.corpus import CORPUS, Answers

BATTERY = "battery-level battery-heat plugged"


@dataclass(frozen=True)
class Expected:
    """What is to be understood of a device, and why."""

    why: str
    clusters: str = ""
    mask: str = ""
    threads: int = 1
    asleep: str = ""
    silicon: float | None = None
    skin: float | None = None
    judged: str = ""
    """The gates that it tells enough for; all others are unknown, and open."""
    shut: str = ""


EXPECTED = {
    "acer-B3-A40-7.0": Expected(
        "4 of one kind, related to each other; 2 and 3 are offline, their caps are there",
        *("big 0-3", "0xf", 4, "2-3"),
        judged="throttle",
    ),
    "alcatel-5049W-7.0": Expected(
        "possible is 0-7 though present is 0,4-7; no file tells of 0-3, so their speed is unknown",
        *("unknown 0-3, big 4-7", "0xf0", 4, "0-3,7"),
        judged="throttle",
    ),
    "amazon-Fire-HD10-suez-5.1.1": Expected("properties alone"),
    "android-emulator-arm64-14": Expected(
        "5000 mV are a made-up battery; the cooling device at 100 is of no core",
        skin=30.8,
        judged="heat space",
    ),
    "google-Nexus-5X-8.0": Expected(
        "both A57 are offline and without cpufreq, but possible counts them and cpuinfo names their kind",
        *("little 0-3, big 4-5", "0x30", 2, "4-5"),
    ),
    "google-Pixel-2-XL-8.1": Expected(
        "caps can be read for the big cores alone",
        *("little 0-3, big 4-7", "0xf0", 4),
        judged="throttle",
    ),
    "google-Pixel-3": Expected(
        "the cached 57.2 are of another moment", silicon=32.3, skin=28.3, judged="heat"
    ),
    "google-Pixel-3a": Expected("current sensors alone count", silicon=44.1, skin=30.1, judged="heat"),
    "google-Pixel-4": Expected("types of zones without values"),
    "google-Pixel-6": Expected(
        "types 6, 7, 8 and -1 are no temperatures: 11900 are mA", silicon=27.0, skin=24.8, judged="heat"
    ),
    "google-Pixel-8-14": Expected(
        "nine cores in three clusters; the fastest is one core, so one thread",
        *("little 0-3, middle 4-7, prime 8", "0x100", 1),
        judged="throttle",
    ),
    "google-Pixel-8a-16": Expected(
        "capacities 182, 725 and 1024 tell the clusters; no clock can be read",
        *("little 0-3, middle 4-7, prime 8", "0x100", 1),
    ),
    "google-Pixel-C-8.0": Expected(
        "four A57; the other unit's battery is at 19 %",
        "big 0-3",
        "0xf",
        4,
        judged=BATTERY,
        shut="battery-level",
    ),
    "google-Pixel-sailfish-7.1.2": Expected(
        "2 and 2 cores", "little 0-1, big 2-3", "0xc", 2, judged="throttle"
    ),
    "huawei-HWMYA-L6737-6.0": Expected("toolbox's df: 4.6G of /data", judged="space"),
    "leeco-Max2-zl1-ubuntu-touch": Expected(
        "tsens in tenths; clocks are capped by hand, none is the hardware's: no cluster is known faster",
        *("unknown 0-1, unknown 2-3", "0xc", 2),
        silicon=58.0,
        judged="heat throttle",
    ),
    "meizu-MX6-lineage": Expected(
        "tsda9214 is always 60000, mtktspa is not connected: mtktscpu alone counts",
        silicon=45.1,
        judged="heat",
    ),
    "meizu-PRO-6-6.0": Expected(
        "cpu0's folder relates 4-7 for it went offline; 8 was seen above the highest clock of 4-7",
        *("unknown 0-3, unknown 4-7, big 8-9", "0x300", 2, "0-3,5-7,9"),
    ),
    "nubia-NX769J-15": Expected(
        "75.5 of light use are no trouble; ibat and vbat are no heat", silicon=75.5, judged="heat"
    ),
    "nvidia-Jetson-linux": Expected(
        "degrees with a point; PMIC-Die is always 100", silicon=34.0, judged="heat"
    ),
    "oneplus-A5010-8.0": Expected(
        "4 and 7 are parked and of the big cluster all the same; a cap of 96 % stands",
        *("little 0-3, big 4-7", "0xf0", 4, "4,7"),
        judged="throttle",
    ),
    "oppo-A37fw-5.1.1": Expected("four alike; one CPU part for all, and no caps", *("big 0-3", "0xf", 4)),
    "oppo-X9009-5.1": Expected(
        "one core is online; 4-7 were never seen; the cap of 59 % stands, nothing is shut by it",
        *("unknown 4-7, big 0-3", "0xf", 4, "1-7"),
        judged="throttle",
    ),
    "qualcomm-msm8953-board": Expected(
        "tsens in tenths; zones without a type don't count", silicon=32.2, judged="heat"
    ),
    "qualcomm-unnamed-4core-nsp": Expected("skin-sensor is the skin", silicon=30.2, skin=28.8, judged="heat"),
    "qualcomm-unnamed-6core-AIDL-threshold": Expected(
        "socd and vbat are no heat", silicon=36.2, skin=33.1, judged="heat"
    ),
    "raspberrypi-4-linux": Expected("cpuinfo alone: four alike", "big 0-3", "0xf", 4),
    "raspberrypi-5-linux": Expected("cpuinfo alone: four alike", "big 0-3", "0xf", 4),
    "retroid-Pocket-5": Expected(
        "781 are mA, 72 are per cent, -40000 is not connected", silicon=34.2, skin=28.7, judged="heat"
    ),
    "rockchip-X88Pro20-RK3566-11": Expected(
        "a box: cpuinfo and df -h, 108G of /data", "big 0-3", "0xf", 4, judged="space"
    ),
    "samsung-A52-5G-12": Expected("0.0 is no sensor", silicon=25.6, skin=24.7, judged="heat"),
    "samsung-Galaxy-S10-SD855": Expected(
        "lmh-dcvs is always 75; two cores were read, others are hidden; caps of 83 % and 71 % stand",
        *("unknown 4, big 7", "0x80", 1),
        silicon=38.6,
        judged="heat throttle",
    ),
    "samsung-Galaxy-S24-plus": Expected(
        "policies tell their first cores; status is 0, but siop is 2",
        *("little 0, middle 4, big 7, prime 9", "0x200", 1),
        silicon=53.4,
        skin=40.0,
        judged="battery-level battery-heat heat throttle",
        shut="throttle",
    ),
    "samsung-Galaxy-Z-Flip4-16": Expected(
        "USB and Wireless are not told, so AC false says nothing", judged="battery-level battery-heat"
    ),
    "samsung-SM-C9000-6.0.1": Expected(
        "6 is offline: a hole in the big cluster",
        *("little 0-3, big 4-7", "0xf0", 4, "6"),
        judged="throttle",
    ),
    "samsung-SM-G950F-7.0": Expected(
        "caps of the big cores alone", "little 0-3, big 4-7", "0xf0", 4, judged="throttle"
    ),
    "samsung-SM-G950U-7.0": Expected(
        "4 and 7 are parked, online and of the big cluster; siop is -3",
        *("little 0-3, big 4-7", "0xf0", 4, "4,7"),
        judged="throttle",
    ),
    "samsung-SM-G960F-8.0": Expected(
        "a cap of 66 % stands on a cool phone", "little 0-3, big 4-7", "0xf0", 4, judged="throttle"
    ),
    "samsung-unnamed-2018": Expected(
        "Samsung's lines behind the battery's are not the battery's", judged=BATTERY
    ),
    "samsung-unnamed-AIDL1": Expected("the cached 55.0 don't count", silicon=34.6, skin=28.2, judged="heat"),
    "smartisan-DT1901A-10": Expected(
        "policies relate the cores; lmh-dcvs is always 75, the list of current temperatures is empty",
        *("little 0-3, middle 4-6, prime 7", "0x80", 1),
        judged="throttle",
    ),
    "solana-Seeker": Expected("notes alone"),
    "sony-F5321-kugo-aosp": Expected("types of zones without values"),
    "sony-G8141-maple-aosp": Expected("types of zones without values"),
    "unnamed-8core-throttling-status2": Expected(
        "status 2, cooling devices at 6 and 11, skin at 44.6",
        *("", "", 1, ""),
        silicon=48.2,
        skin=44.6,
        judged="heat throttle",
        shut="heat throttle",
    ),
    "unnamed-board-console": Expected("13 mV are a made-up battery: 26 are no 2.6 degrees"),
    "waydroid-x86_64-13": Expected("the HAL is not ready"),
    "xiaomi-MI-5C-7.1.2": Expected(
        "two clusters of A53 by their clocks; 6 and 7 are offline, the cap of 85 % stands",
        *("little 0-3, big 4-7", "0xf0", 4, "6-7"),
        judged="throttle",
    ),
    "xiaomi-Mi-6-sagit-9": Expected("toybox's df of all mounts", judged="space"),
    "xiaomi-POCO-2412DPC0AG-16": Expected("SOC is type 13", silicon=46.2, skin=35.1, judged="heat"),
    "xiaomi-Redmi-Note-4-7.0": Expected(
        "one policy over two clusters that are alike; no cap can be read", "big 0-3, big 4-7", "0xf0", 4
    ),
}


@pytest.fixture(params=sorted(EXPECTED))
def device(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    if not (CORPUS / name).is_dir():
        pytest.skip(f"needs the answers of real phones in {CORPUS}")
    return name


def test_cores(device: str) -> None:
    answers, expected = Answers(CORPUS / device), EXPECTED[device]
    assert answers.clusters == expected.clusters, expected.why
    assert (answers.mask, answers.threads) == (expected.mask, expected.threads), expected.why
    assert format_list(answers.identity.cores.asleep) == expected.asleep, expected.why


def test_heat(device: str) -> None:
    state, expected = Answers(CORPUS / device).state, EXPECTED[device]
    assert state.zone_celsius == pytest.approx(expected.silicon, abs=0.051), expected.why
    assert state.skin_celsius == pytest.approx(expected.skin, abs=0.051), expected.why


def test_gates(device: str) -> None:
    answers, expected = Answers(CORPUS / device), EXPECTED[device]
    assert answers.judged == set(expected.judged.split()), expected.why
    assert set(answers.shut) == set(expected.shut.split()), expected.why
