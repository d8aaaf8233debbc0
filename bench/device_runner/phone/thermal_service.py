"""What `dumpsys thermalservice` says of heat, from Android 10 on.

Only the block "Current temperatures from HAL" is of this moment: the cached one above it has been seen 50
degrees off. A status of 0 is worth nothing without current readings, and never means that nothing is
throttled; thresholds differ from phone to phone, so a status compares with no other phone's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bench.device_runner.phone.zones import is_plausible

__all__ = ["Reading", "ThermalService", "read_thermal_service"]

_TYPES = (
    *("CPU", "GPU", "BATTERY", "SKIN", "USB_PORT", "POWER_AMPLIFIER"),
    *("BCL_VOLTAGE", "BCL_CURRENT", "BCL_PERCENTAGE", "NPU", "TPU", "DISPLAY"),
    *("MODEM", "SOC", "WIFI", "CAMERA", "FLASHLIGHT", "SPEAKER", "AMBIENT", "POGO"),
)
"""By their number from 0: android.os.Temperature, from NPU on TemperatureType.aidl. -1 is unknown."""

_SILICON = ("CPU", "GPU", "SOC")
_NUMBER = r"(NaN|-?\d{1,9}(?:\.\d{1,12})?(?:E-?\d{1,3})?)"
_READING = re.compile(
    rf"\s*Temperature\{{mValue={_NUMBER}, mType=(-?\d{{1,4}}), mName=(.*), mStatus=-?\d+\}}"
)
_COOLING = re.compile(rf"\s*CoolingDevice\{{mValue={_NUMBER}, mType=(-?\d{{1,4}}), mName=(.*)\}}")

_UNREADY = "its thermal HAL is not ready"

_CPU_COOLING = 2
"""The number of a cooling device that slows cores."""


@dataclass(frozen=True)
class Reading:
    """A sensor at this moment: its type by name, and degrees Celsius, None where it has none to tell."""

    kind: str
    name: str
    celsius: float | None


@dataclass(frozen=True)
class ThermalService:
    """What the service says; all of it is unknown where there is no such service."""

    status: int | None = None
    """0 (none) to 6 (shutdown); None where nothing backs it, or somebody has overridden it."""
    readings: tuple[Reading, ...] = ()
    throttled: tuple[str, ...] = ()
    """The cooling devices that slow cores at this moment."""
    why_unknown: str = "the phone has no thermal service"
    """Why `status` is None; "" where it is not."""

    def hottest(self, *kinds: str) -> float | None:
        """Give the highest reading of some types, in degrees Celsius; None where there is none."""
        return max(
            (each.celsius for each in self.readings if each.kind in kinds and each.celsius is not None),
            default=None,
        )

    @property
    def silicon_celsius(self) -> float | None:
        """The hottest sensor of the processor and the GPU."""
        return self.hottest(*_SILICON)

    @property
    def skin_celsius(self) -> float | None:
        """The hottest sensor of the skin, after which phones throttle."""
        return self.hottest("SKIN")


def read_thermal_service(dump: str) -> ThermalService:
    """Read the service's dump."""
    said = re.search(r"^\s*Thermal Status: (\d)\s*$", dump, re.MULTILINE)
    unready = re.search(r"^\s*HAL Ready: false", dump, re.MULTILINE)
    if said is None:
        return ThermalService(why_unknown=_UNREADY) if unready else ThermalService()
    # Samsung's own service of Android 10 numbers types from 1.
    first = 1 if re.search(r"^\s*Sdhms connected: yes", dump, re.MULTILINE) else 0
    readings = tuple(
        Reading(_name_kind(int(match[2]) - first, match[3]), match[3], _read_celsius(match[1]))
        for match in _read_block(dump, "Current temperatures from HAL:", _READING)
    )
    throttled = tuple(
        match[3]
        for match in _read_block(dump, "Current cooling devices from HAL:", _COOLING)
        if int(match[2]) == _CPU_COOLING and match[1] != "NaN" and float(match[1]) > 0
    )
    status, why = int(said[1]), ""
    if re.search(r"^\s*IsStatusOverride: true", dump, re.MULTILINE):
        why = "its status is overridden, `cmd thermalservice reset` ends that"
    elif unready:
        why = _UNREADY
    elif status == 0 and not any(each.celsius is not None for each in readings):
        why = "its list of current temperatures is empty"
    return ThermalService(None if why else status, readings, throttled, why)


def _read_block(dump: str, heading: str, line: re.Pattern[str]) -> Iterator[re.Match[str]]:
    """Give the lines of one block: those behind its heading, as far as they are of its form."""
    lines = iter(dump.splitlines())
    if not any(each.strip() == heading for each in lines):
        return
    for each in lines:
        match = line.fullmatch(each.rstrip())
        if match is None:
            return
        yield match


def _name_kind(number: int, name: str) -> str:
    if name.startswith("TYPE_") and name[5:] in _TYPES:
        return name[5:]
    return _TYPES[number] if 0 <= number < len(_TYPES) else "UNKNOWN"


def _read_celsius(text: str) -> float | None:
    celsius = float(text)  # NaN, 0.0 and -99.9 are sensors that are not there
    return celsius if is_plausible(celsius) else None
