"""Thermal zones of the kernel: which of them are temperatures that matter, and what they say in degrees.

Each zone has a unit of its own, up to three in one phone, and many are no temperature at all: currents,
voltages, per cents, limits. Numbers of zones change at boot; only their types tell what they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bench.device_runner.phone.core_files import read_values

__all__ = ["SILICON", "SKIN", "Zone", "is_plausible", "read_zones"]

SILICON, SKIN = "silicon", "skin"

COLDEST, HOTTEST = 5.0, 125.0
"""Degrees Celsius: no phone that measures has silicon or skin colder or hotter than that."""

_FOLDER = "/sys/class/thermal/thermal_zone"

_NO_TEMPERATURE = (
    (r"^lmh-", "a limit of the hardware, always the same"),
    (r"ibat|^(soft_)?ocp_|^batoilo$", "a current"),
    (r"vbat|vph|^vdroop|^smpl", "a voltage"),
    (r"bcl", "a limit of the battery's current"),
    (r"^socd?$", "the battery's charge"),
    (r"^(thermal-power|hw-comparator|battery_cycle|mtktsdram)$", "a state, no temperature"),
    (r"^tsda9214$", "always the same"),
    (r"-skin-avg-|minus", "a difference"),
    (r"-(step|lowf)$", "repeats other zones"),
)
"""What is no temperature of its own, by type, and why."""

_SILICON = r"cpu|gpu|tsens|^apc|^(big|mid|little|g3d)$|soc[-_]thermal$"
_SKIN = r"skin"
_BATTERY = r"^(battery|bms|maxfg|mtktsbattery|bat)$"

_ELSEWHERE = "neither the processor nor the skin"

_UNCONNECTED = (-40.0, -40_000.0, -127_000.0, -273_000.0, -274_000.0)
"""What is read where no sensor is connected."""


@dataclass(frozen=True)
class Zone:
    """A zone: its type, what it read, and what that means."""

    kind: str
    """"-" where it can't be read."""
    raw: str
    celsius: float | None
    """None where it is no temperature, or not a plausible one."""
    counts: str | None
    """SILICON or SKIN, or None where the zone does not count."""
    why: str = ""
    """Why it does not count."""


def read_zones(files: str) -> tuple[Zone, ...]:
    """Read zones from lines PATH=VALUE of the files `type` and `temp` below /sys/class/thermal."""
    values = read_values(files)
    numbers = [
        match[1]
        for path in values
        if (match := re.fullmatch(rf"{_FOLDER}(\w{{1,8}})/temp", path)) is not None
    ]
    return tuple(
        _judge(values.get(f"{_FOLDER}{number}/type", "-"), values[f"{_FOLDER}{number}/temp"])
        for number in numbers
    )


def is_plausible(celsius: float) -> bool:
    """Tell whether silicon or skin of a phone that runs may be so warm; false for NaN, too."""
    return COLDEST < celsius <= HOTTEST


def _judge(kind: str, raw: str) -> Zone:
    what, why = _sort(kind)
    if not re.fullmatch(r"-?\d{1,9}(\.\d{1,9})?", raw):
        return Zone(kind, raw, None, None, "no number")
    if float(raw) in _UNCONNECTED:
        return Zone(kind, raw, None, None, "nothing is connected")
    if what is None and why not in ("the battery's", _ELSEWHERE):
        return Zone(kind, raw, None, None, why)
    celsius = next((each for each in _in_units(raw) if is_plausible(each)), None)
    if celsius is None:
        return Zone(kind, raw, None, None, "not plausible")
    return Zone(kind, raw, celsius, what, why)


def _sort(kind: str) -> tuple[str | None, str]:
    """Tell what a type of zone stands for, or why it does not count."""
    low = kind.lower()
    if low in ("-", ""):
        return None, "its type can't be read"
    for pattern, why in _NO_TEMPERATURE:
        if re.search(pattern, low):
            return None, why
    if re.search(_BATTERY, low):
        return None, "the battery's"
    if re.search(_SKIN, low):
        return SKIN, ""
    if re.search(_SILICON, low):
        return SILICON, ""
    return None, _ELSEWHERE


def _in_units(raw: str) -> Iterator[float]:
    """Give what a reading means in degrees. From 15 °C on only one unit makes it plausible."""
    value = float(raw)
    if "." in raw or value <= HOTTEST:
        yield value
    elif value < 10 * HOTTEST:
        yield value / 10
    else:
        yield value / 1000
