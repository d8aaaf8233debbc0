"""What a phone says of itself: who it is, its processors, its heat, its battery.

Everything is read in one command, since a command costs more than what it reads. What can't be read is
"unavailable", never a guess. What comes from a phone is text of a stranger: names are cleaned, numbers
are read as numbers, nothing goes back into a command.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.device_runner.device import clean_name
from bench.device_runner.phone.bundle import read_free_bytes
from bench.device_runner.phone.connection import Connection
from bench.device_runner.processors import format_mask
from lut.errors import DeviceError

__all__ = [
    "UNAVAILABLE",
    "Identity",
    "State",
    "check_supported",
    "parse_list",
    "probe_identity",
    "probe_state",
]

UNAVAILABLE = "unavailable"
SUPPORTED_ABI = "arm64-v8a"

# `read` is part of the shell, so hundreds of files cost no process. In a redirection that fails it
# returns false; `[ -r … ]` is not a substitute, for not every shell asks the kernel rightly.
_FUNCTIONS = """
say() { for f in "$@"; do v=; read -r v 2>/dev/null <"$f" && echo "$f=$v"; done; }
"""
_IDENTITY = f"""{_FUNCTIONS}
getprop
say /proc/sys/kernel/random/boot_id /sys/devices/system/cpu/online
say /sys/devices/system/cpu/cpu[0-9]*/cpufreq/cpuinfo_max_freq
while read -r k v; do case "$k" in Cpus_allowed_list:) echo "allowed=$v";; esac; done </proc/self/status
while read -r v; do case "$v" in processor*) echo "processor=1";; esac; done </proc/cpuinfo
"""
_STATE = f"""{_FUNCTIONS}
say /proc/sys/kernel/random/boot_id
say /sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_max_freq
say /sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_cur_freq
say /sys/class/thermal/thermal_zone[0-9]*/temp /proc/stat /proc/loadavg
dumpsys battery
dumpsys power | while read -r v; do case "$v" in mWakefulness=*|mStayOn=*) echo "$v";; esac; done
df /data/local/tmp
"""


@dataclass(frozen=True)
class Identity:
    """Who a phone is; none of it changes while it runs."""

    name: str
    serial: str
    abi: str
    boot_id: str
    max_khz: Mapping[int, int]
    allowed: frozenset[int]
    cores: int
    facts: Mapping[str, str] = field(default_factory=dict)

    def fastest_mask(self, threads: int) -> str:
        """The mask of the fastest cores, one for each thread; "" where the phone tells of none."""
        ranked = sorted(self.allowed, key=lambda core: (self.max_khz.get(core, 0), core), reverse=True)
        return format_mask(ranked[:threads])


@dataclass(frozen=True)
class State:
    """How a phone is at a moment; None is what it does not tell. Degrees are Celsius."""

    boot_id: str = UNAVAILABLE
    battery_level: int | None = None
    battery_celsius: float | None = None
    plugged: bool | None = None
    awake: bool | None = None
    zone_celsius: float | None = None
    max_khz: Mapping[int, int] = field(default_factory=dict)
    khz: Mapping[int, int] = field(default_factory=dict)
    cpu_ticks: tuple[int, int] | None = None
    """Busy and all ticks of all cores since boot: two readings make a load."""
    load_average: str = UNAVAILABLE
    free_bytes: int | None = None

    def to_text(self) -> dict[str, str]:
        """The state as a journal records it."""
        values = {
            "boot_id": self.boot_id,
            "battery_level": self.battery_level,
            "battery_celsius": self.battery_celsius,
            "plugged": self.plugged,
            "awake": self.awake,
            "zone_celsius": self.zone_celsius,
            "khz": _format_clocks(self.khz) or None,
            "max_khz": _format_clocks(self.max_khz) or None,
            "load_average": self.load_average,
            "free_bytes": self.free_bytes,
        }
        return {name: UNAVAILABLE if value is None else str(value) for name, value in values.items()}


def probe_identity(connection: Connection) -> Identity:
    """Ask a phone who it is.

    Raises:
        LostError: the connection broke.
    """
    output = connection.run(_IDENTITY).output
    properties = dict(re.findall(r"^\[([^\]]*)\]: \[([^\]]*)\]$", output, re.MULTILINE))
    values = _read_values(output)
    clocks = _read_cores(values, "cpuinfo_max_freq")
    cores = output.count("\nprocessor=1") or len(clocks)
    allowed = parse_list(values.get("allowed", "")) or frozenset(clocks) or frozenset(range(cores))
    wanted = ("ro.product.model", "ro.build.version.release", "ro.build.version.sdk")
    online = parse_list(values.get("/sys/devices/system/cpu/online", ""))
    abi = properties.get("ro.product.cpu.abi", UNAVAILABLE)
    return Identity(
        name=clean_name(*(properties.get(key, "") for key in wanted)),
        serial=clean_name(properties.get("ro.serialno", "")),
        abi=clean_name(abi),
        boot_id=_boot_id(values),
        max_khz=clocks,
        allowed=allowed,
        cores=len(clocks) or len(online) or cores,
        facts={
            "abi": abi,
            "platform": properties.get("ro.board.platform", "") or UNAVAILABLE,
            "clusters": _format_clocks(clocks) or UNAVAILABLE,
            "allowed_cores": ",".join(map(str, sorted(allowed))) or UNAVAILABLE,
            "build": properties.get("ro.build.fingerprint", "") or UNAVAILABLE,
            "boot_id": _boot_id(values),
        },
    )


def check_supported(identity: Identity, serial: str) -> None:
    """Raises DeviceError for a phone that the bundled program can't run on."""
    if identity.abi != SUPPORTED_ABI:
        raise DeviceError(
            f"{serial} is an {identity.abi} phone; the bundled program runs on {SUPPORTED_ABI} only. "
            f"Give a program built for it by --binary PATH."
        )


def probe_state(connection: Connection) -> State:
    """Ask a phone how it is.

    Raises:
        LostError: the connection broke.
    """
    output = connection.run(_STATE).output
    values = _read_values(output)
    battery = dict(re.findall(r"^\s*([\w ]+): (\w+|-\d+)\s*$", output, re.MULTILINE))
    temperature, level = _number(battery.get("temperature")), _number(battery.get("level"))
    powered = [battery[name] == "true" for name in battery if name.endswith(" powered")]
    awake = values.get("mWakefulness")
    zones = (_number(value) for name, value in values.items() if "/thermal_zone" in name)
    return State(
        boot_id=_boot_id(values),
        battery_level=level,
        battery_celsius=None if temperature is None else temperature / 10,
        plugged=any(powered) if powered else None,
        awake=None if awake is None else awake == "Awake" or values.get("mStayOn") == "true",
        zone_celsius=max((_celsius(zone) for zone in zones if zone is not None and zone > 0), default=None),
        max_khz=_read_cores(values, "scaling_max_freq"),
        khz=_read_cores(values, "scaling_cur_freq"),
        cpu_ticks=_read_ticks(values.get("/proc/stat", "")),
        load_average=" ".join(values.get("/proc/loadavg", UNAVAILABLE).split()[:3]),
        free_bytes=read_free_bytes(output),
    )


def parse_list(text: str) -> frozenset[int]:
    """Read the kernel's list of cores, such as `0-3,6`; empty for what is none."""
    if not re.fullmatch(r"\d{1,4}(-\d{1,4})?(,\d{1,4}(-\d{1,4})?)*", text.strip()):
        return frozenset()
    ranges = (part.partition("-") for part in text.strip().split(","))
    return frozenset(core for low, _, high in ranges for core in range(int(low), int(high or low) + 1))


def _read_values(output: str) -> dict[str, str]:
    return dict(re.findall(r"^\s*([\w/.]+)=(.*)$", output, re.MULTILINE))


def _read_cores(values: Mapping[str, str], file: str) -> dict[int, int]:
    found = {}
    for name, value in values.items():
        match = re.fullmatch(rf"/sys/devices/system/cpu/cpu(\d{{1,4}})/cpufreq/{file}", name)
        if match and (khz := _number(value)):
            found[int(match[1])] = khz
    return dict(sorted(found.items()))


def _read_ticks(line: str) -> tuple[int, int] | None:
    words = line.split()[1:9]
    if len(words) < 5 or not all(word.isdigit() for word in words):
        return None
    ticks = list(map(int, words))
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)


def _boot_id(values: Mapping[str, str]) -> str:
    text = values.get("/proc/sys/kernel/random/boot_id", "")
    return text if re.fullmatch(r"[0-9a-f-]{36}", text) else UNAVAILABLE


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"-?\d{1,9}", text.strip()) else None


def _celsius(reading: int) -> float:
    """Kernels give degrees, tenths or thousandths; no part of a phone is above 200 degrees."""
    return reading / 1000 if reading >= 2000 else reading / 10 if reading >= 200 else float(reading)


def _format_clocks(clocks: Mapping[int, int]) -> str:
    """`0-3:1900800 4-7:2361600`, cores with the same kHz together."""
    groups: list[list[int]] = []
    for core, khz in clocks.items():
        if groups and groups[-1][2] == khz and groups[-1][1] == core - 1:
            groups[-1][1] = core
        else:
            groups.append([core, core, khz])
    return " ".join(f"{a}-{b}:{khz}" if a != b else f"{a}:{khz}" for a, b, khz in groups)
