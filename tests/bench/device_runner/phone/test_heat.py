"""Thermal zones, the thermal service, and which of both are temperatures."""

from __future__ import annotations

import pytest

from bench.device_runner.phone.thermal_service import read_thermal_service
from bench.device_runner.phone.zones import SILICON, SKIN, read_zones


def zone(kind: str, raw: str) -> str:
    return f"/sys/class/thermal/thermal_zone7/type={kind}\n/sys/class/thermal/thermal_zone7/temp={raw}\n"


@pytest.mark.parametrize(
    ("kind", "raw", "celsius", "counts"),
    [
        ("tsens_tz_sensor1", "558", 55.8, SILICON),
        ("tsens_tz_sensor1", "45", 45.0, SILICON),
        ("cpu-1-0-usr", "41500", 41.5, SILICON),
        ("CPU-therm", "34.0", 34.0, SILICON),
        ("mtktscpu", "45100", 45.1, SILICON),
        ("BIG", "81000", 81.0, SILICON),
        ("cpu-thermal", "48312", 48.312, SILICON),
        ("skin-therm-usr", "28652", 28.652, SKIN),
    ],
)
def test_zones_that_count(kind: str, raw: str, celsius: float, counts: str) -> None:
    (found,) = read_zones(zone(kind, raw))
    assert (found.celsius, found.counts, found.why) == (celsius, counts, "")


@pytest.mark.parametrize(
    ("kind", "raw", "why"),
    [
        ("pm8150b-ibat-lvl1", "781", "a current"),
        ("pm8150b-vbat-lvl0", "3986", "a voltage"),
        ("soc", "72", "the battery's charge"),
        ("pm8550-bcl-lvl0", "0", "a limit of the battery's current"),
        ("lmh-dcvs-00", "75000", "a limit of the hardware, always the same"),
        ("tsda9214", "60000", "always the same"),
        ("thermal-power", "1", "a state, no temperature"),
        ("cpu-1-0-step", "34600", "repeats other zones"),
        ("gpu-skin-avg-step", "7600", "a difference"),
        ("skin-msm-therm-usr", "-40000", "nothing is connected"),
        ("mtktscpu", "-127000", "nothing is connected"),
        ("skin-therm", "3034900", "not plausible"),
        ("battery", "25500", "the battery's"),
        ("xo_therm", "31", "neither the processor nor the skin"),
        ("cpu-0-0", "garbage", "no number"),
    ],
)
def test_zones_that_do_not_count(kind: str, raw: str, why: str) -> None:
    (found,) = read_zones(zone(kind, raw))
    assert (found.counts, found.why) == (None, why)


def test_a_zone_without_a_type_does_not_count() -> None:
    (found,) = read_zones("/sys/class/thermal/thermal_zone3/temp=41500\n")
    assert (found.kind, found.counts) == ("-", None)


def dump(*readings: str, status: int = 0, head: str = "", hal: str = "ThermalHAL 2.0 connected: yes") -> str:
    lines = "".join(f"\t{reading}\n" for reading in readings)
    return (
        f"{head}Thermal Status: {status}\nCached temperatures:\n"
        "\tTemperature{mValue=84.2, mType=3, mName=SKIN, mStatus=3}\n"
        f"HAL Ready: true\nHAL connection:\n\t{hal}\nCurrent temperatures from HAL:\n{lines}"
        "Current cooling devices from HAL:\n\tCoolingDevice{mValue=0, mType=2, mName=thermal-cpufreq-0}\n"
        "Temperature static thresholds from HAL:\n"
    )


def reading(value: str, kind: int, name: str = "x") -> str:
    return f"Temperature{{mValue={value}, mType={kind}, mName={name}, mStatus=0}}"


def test_current_readings_alone_count() -> None:
    service = read_thermal_service(dump(reading("30.9", 3, "test temperature sensor"), reading("44.5", 13)))
    assert (service.skin_celsius, service.silicon_celsius, service.status) == (30.9, 44.5, 0)
    assert service.throttled == ()


@pytest.mark.parametrize("value", ["NaN", "0.0", "-99.9", "-1.806", "1300.0"])
def test_no_sensor_has_no_heat_and_leaves_status_0_unknown(value: str) -> None:
    service = read_thermal_service(dump(reading(value, 3)))
    assert (service.skin_celsius, service.status) == (None, None)


@pytest.mark.parametrize("kind", [-1, 6, 7, 8])
def test_types_that_are_no_temperature(kind: int) -> None:
    service = read_thermal_service(dump(reading("60.0", kind)))
    assert (service.skin_celsius, service.silicon_celsius) == (None, None)


def test_samsung_s_own_service_numbers_types_from_1() -> None:
    said = dump(
        reading("37.5", 1), reading("31.0", 4, "TYPE_SKIN"), reading("29", 3), hal="Sdhms connected: yes"
    )
    service = read_thermal_service(said)
    assert (service.silicon_celsius, service.skin_celsius) == (37.5, 31.0)
    assert service.hottest("BATTERY") == 29.0


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("", "no thermal service"),
        ("Can't find service: thermalservice", "no thermal service"),
        ("HAL Ready: false\n", "not ready"),
        ("Thermal Status: 0\nHAL Ready: false\n", "not ready"),
        (dump(), "empty"),
        (dump(reading("30.9", 3), head="IsStatusOverride: true\n", status=3), "overridden"),
    ],
)
def test_a_status_that_is_worth_nothing(said: str, why: str) -> None:
    service = read_thermal_service(said)
    assert service.status is None
    assert why in service.why_unknown


def test_a_cooling_device_at_work_slows_cores() -> None:
    said = dump(reading("30.9", 3)).replace("mValue=0, mType=2", "mValue=6, mType=2")
    assert read_thermal_service(said).throttled == ("thermal-cpufreq-0",)
