"""What a phone says of itself: who it is, its cores, its heat, its battery.

Everything is asked in one command, since a command costs more than what it reads; what the answers mean is
the matter of `cores`, `zones`, `thermal_service`, `battery`, `wakefulness` and `storage`. What can't be read
is "unavailable", never a guess. What comes from a phone is text of a stranger: names are cleaned, numbers are
read as numbers, nothing goes back into a command.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.device_runner.device import clean_name
from bench.device_runner.phone.battery import Battery, read_battery
from bench.device_runner.phone.clusters import read_cores
from bench.device_runner.phone.connection import Connection
from bench.device_runner.phone.core_files import read_caps, read_clocks, read_values
from bench.device_runner.phone.cores import Cores, format_list, parse_list
from bench.device_runner.phone.storage import read_free_bytes
from bench.device_runner.phone.thermal_service import ThermalService, read_thermal_service
from bench.device_runner.phone.wakefulness import read_wakefulness
from bench.device_runner.phone.zones import SILICON, SKIN, Zone, read_zones
from lut.errors import DeviceError

__all__ = [
    "UNAVAILABLE",
    "Identity",
    "State",
    "check_supported",
    "probe_identity",
    "probe_state",
    "read_identity",
    "read_state",
]

UNAVAILABLE = "unavailable"
SUPPORTED_ABI = "arm64-v8a"

# `read` is part of the shell, so hundreds of files cost no process. In a redirection that fails it
# returns false; `[ -r … ]` is not a substitute, for not every shell asks the kernel rightly. Of files in
# /proc/sys it gets the first byte only where it reads byte by byte, as mksh does.
_FUNCTIONS = """
say() { for f in "$@"; do v=; read -r v 2>/dev/null <"$f" && echo "$f=$v"; done; }
boot() { f=/proc/sys/kernel/random/boot_id; echo "$f=$(cat $f 2>/dev/null)"; }
c=/sys/devices/system/cpu
"""
_IDENTITY = f"""{_FUNCTIONS}
getprop
echo @files
boot
say $c/possible $c/present $c/online
say $c/cpu[0-9]*/cpu_capacity $c/cpu[0-9]*/isolate
say $c/cpu[0-9]*/topology/core_siblings_list $c/cpu[0-9]*/topology/cluster_cpus_list
for n in related_cpus cpuinfo_max_freq scaling_max_freq scaling_cur_freq; do
say $c/cpu[0-9]*/cpufreq/$n $c/cpufreq/policy[0-9]*/$n; done
while read -r k v; do case "$k" in Cpus_allowed_list:) echo "allowed=$v";; esac; done </proc/self/status
echo @cpuinfo
while read -r v; do case "$v" in processor*|CPU*) echo "$v";; esac; done </proc/cpuinfo
"""
_STATE = f"""{_FUNCTIONS}
echo @files
boot
for n in related_cpus scaling_max_freq scaling_cur_freq; do
say $c/cpu[0-9]*/cpufreq/$n $c/cpufreq/policy[0-9]*/$n; done
say /sys/class/thermal/thermal_zone[0-9]*/type /sys/class/thermal/thermal_zone[0-9]*/temp
say /proc/stat /proc/loadavg
echo "siop=$(getprop sys.siop.level)"
echo @battery
dumpsys battery
echo @power
dumpsys power | while read -r v; do case "$v" in
mWakefulness=*|getWakefulness*|mStayOn=*|mScreenOn=*) echo "$v";; esac; done
echo @thermalservice
dumpsys thermalservice
echo @df
df /data/local/tmp
"""


@dataclass(frozen=True)
class Identity:
    """Who a phone is; none of it changes while it runs."""

    name: str
    serial: str
    abi: str
    boot_id: str
    cores: Cores
    caps: Mapping[int, int]
    """The highest clock allowed when it was asked, in kHz by core: vendors bound it on cool phones, too."""
    allowed: frozenset[int] | None
    """The cores that programs may use; None where the phone does not tell."""
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """How a phone is at a moment; None is what it does not tell. Degrees are Celsius."""

    boot_id: str = UNAVAILABLE
    battery: Battery = field(default_factory=Battery)
    awake: bool | None = None
    zones: tuple[Zone, ...] = ()
    service: ThermalService = field(default_factory=ThermalService)
    siop_level: int | None = None
    """Samsung's own throttling: from 1 on it holds the clocks down; None on other phones."""
    max_khz: Mapping[int, int] = field(default_factory=dict)
    khz: Mapping[int, int] = field(default_factory=dict)
    cpu_ticks: tuple[int, int] | None = None
    """Busy and all ticks of all cores since boot: two readings make a load."""
    load_average: str = UNAVAILABLE
    free_bytes: int | None = None

    @property
    def zone_celsius(self) -> float | None:
        """The hottest silicon, by the kernel's zones and the thermal service."""
        return self._hottest(SILICON, self.service.silicon_celsius)

    @property
    def skin_celsius(self) -> float | None:
        """The hottest skin, by the kernel's zones and the thermal service."""
        return self._hottest(SKIN, self.service.skin_celsius)

    def _hottest(self, counts: str, by_service: float | None) -> float | None:
        by_zones = [zone.celsius for zone in self.zones if zone.counts == counts]
        return max((each for each in (*by_zones, by_service) if each is not None), default=None)

    def to_text(self) -> dict[str, str]:
        """The state as a journal records it."""
        values = {
            "boot_id": self.boot_id,
            "battery_level": self.battery.level,
            "battery_celsius": self.battery.celsius,
            "plugged": self.battery.plugged,
            "awake": self.awake,
            "zone_celsius": _round(self.zone_celsius),
            "skin_celsius": _round(self.skin_celsius),
            "thermal_status": self.service.status,
            "siop_level": self.siop_level,
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
    return read_identity(connection.run(_IDENTITY).output)


def read_identity(output: str) -> Identity:
    """Read what a phone answers to the question who it is."""
    parts = _divide(output)
    files, values = parts.get("files", ""), read_values(parts.get("files", ""))
    properties = dict(re.findall(r"^\[([^\]]*)\]: \[([^\]]*)\]$", output, re.MULTILINE))
    cores = read_cores(files, parts.get("cpuinfo", ""))
    allowed = parse_list(values.get("allowed", "")) or None
    wanted = ("ro.product.model", "ro.build.version.release", "ro.build.version.sdk")
    abi = properties.get("ro.product.cpu.abi", UNAVAILABLE)
    clocks = read_clocks(files, "cpuinfo_max_freq")
    return Identity(
        name=clean_name(*(properties.get(key, "") for key in wanted)),
        serial=clean_name(properties.get("ro.serialno", "")),
        abi=clean_name(abi),
        boot_id=_boot_id(values),
        cores=cores,
        caps=read_caps(files),
        allowed=allowed,
        facts={
            "abi": abi,
            "platform": properties.get("ro.board.platform", "") or UNAVAILABLE,
            "possible_cores": format_list(cores.possible or ()) or UNAVAILABLE,
            "clusters": _format_clocks(clocks) or UNAVAILABLE,
            "cluster_names": _name_clusters(cores) or UNAVAILABLE,
            "caps": _format_caps(cores) or UNAVAILABLE,
            "allowed_cores": ",".join(map(str, sorted(allowed or ()))) or UNAVAILABLE,
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
    return read_state(connection.run(_STATE).output)


def read_state(output: str) -> State:
    """Read what a phone answers to the question how it is."""
    parts = _divide(output)
    files, values = parts.get("files", ""), read_values(parts.get("files", ""))
    return State(
        boot_id=_boot_id(values),
        battery=read_battery(parts.get("battery", "")),
        awake=read_wakefulness(parts.get("power", "")),
        zones=read_zones(files),
        service=read_thermal_service(parts.get("thermalservice", "")),
        siop_level=_number(values.get("siop")),
        max_khz=read_caps(files),
        khz=read_clocks(files, "scaling_cur_freq"),
        cpu_ticks=_read_ticks(values.get("/proc/stat", "")),
        load_average=" ".join(values.get("/proc/loadavg", UNAVAILABLE).split()[:3]),
        free_bytes=read_free_bytes(parts.get("df", "")),
    )


def _divide(output: str) -> dict[str, str]:
    """Divide an answer at the lines that name its parts."""
    _, *pieces = re.split(r"^@([a-z]+)$", output, flags=re.MULTILINE)
    return dict(zip(pieces[::2], pieces[1::2], strict=True))


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


def _round(celsius: float | None) -> float | None:
    return None if celsius is None else round(celsius, 1)


def _name_clusters(cores: Cores) -> str:
    """`little 0-3, big 4-7`, the slowest first."""
    return ", ".join(f"{each.name} {format_list(each.cores)}" for each in cores.clusters)


def _format_caps(cores: Cores) -> str:
    """`4-7:1794000 (66 %)`: what clusters are allowed, and as a share of their own clock."""
    return ", ".join(
        f"{format_list(each.cores)}:{each.cap_khz} ({each.cap_share:.0%})".replace("%", " %")
        for each in cores.clusters
        if each.cap_share is not None
    )


def _format_clocks(clocks: Mapping[int, int]) -> str:
    """`0-3:1900800 4-7:2361600`, cores with the same kHz together."""
    groups: list[list[int]] = []
    for core, khz in clocks.items():
        if groups and groups[-1][2] == khz and groups[-1][1] == core - 1:
            groups[-1][1] = core
        else:
            groups.append([core, core, khz])
    return " ".join(f"{a}-{b}:{khz}" if a != b else f"{a}:{khz}" for a, b, khz in groups)
