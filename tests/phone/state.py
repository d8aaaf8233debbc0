"""What a simulated phone knows of itself: the files behind getprop, dumpsys and sysfs, as an S8 has them."""

from __future__ import annotations

import shutil
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["GALAXY_S8", "PhoneState", "Specification"]


@dataclass(frozen=True)
class Specification:
    """A model of phone: its properties and its clusters of cores (first core, number, highest kHz)."""

    properties: dict[str, str] = field(hash=False)
    clusters: tuple[tuple[int, int, int], ...]


GALAXY_S8 = Specification(
    {
        "ro.product.name": "dreamqltesq",
        "ro.product.model": "SM-G950U",
        "ro.product.device": "dreamqltesq",
        "ro.product.manufacturer": "samsung",
        "ro.product.cpu.abi": "arm64-v8a",
        "ro.board.platform": "msm8998",
        "ro.build.version.release": "7.0",
        "ro.build.version.sdk": "24",
        "ro.build.fingerprint": "samsung/dreamqltesq/dreamqltesq:7.0/NRD90M/G950USQU1AQDE:user/release-keys",
    },
    ((0, 4, 1_900_800), (4, 4, 2_361_600)),
)


class PhoneState:
    """The changeable state of one phone, in a folder of its own: storage, battery, heat, clocks.

    `bindings` tells where in the userland each part appears.
    """

    def __init__(self, folder: Path, serial: str, specification: Specification = GALAXY_S8) -> None:
        self.folder = folder
        self.specification = specification
        self.properties = {**specification.properties, "ro.serialno": serial}
        self.load = 0.02
        self.free_bytes: int | None = None
        self.preload = ""
        """What a shell runs before every command."""
        self._started = time.monotonic()
        for name in ("phone", "sys", "proc", "data/local/tmp"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self.write_properties()
        self._write("phone/stay_on", "0")
        self._write("phone/power", "Power Manager State:\n  mWakefulness=Awake\n  mStayOn=false")
        self.set_battery()
        self.set_heat(31.0)
        self._make_cores()
        self.boot()

    @property
    def bindings(self) -> dict[Path, str]:
        """The folders and files of this phone, and where its userland shows them."""
        folder = self.folder
        return {
            folder / "data": "/data",
            folder / "phone": "/phone",
            folder / "sys": "/sys",
            folder / "proc" / "stat": "/proc/stat",
            folder / "proc" / "loadavg": "/proc/loadavg",
            folder / "proc" / "boot_id": "/proc/sys/kernel/random/boot_id",
        }

    def write_properties(self) -> None:
        """Show the properties as they now stand."""
        lines = (f"{name}={value}" for name, value in self.properties.items())
        self._write("phone/props", "\n".join(lines))

    def set_battery(self, level: int = 87, celsius: float = 28.4, plugged: bool = True) -> None:
        """Set what `dumpsys battery` shows."""
        text = (
            "Current Battery Service state:\n"
            f"  AC powered: false\n  USB powered: {str(plugged).lower()}\n  Wireless powered: false\n"
            f"  status: {2 if plugged else 3}\n  health: 2\n  present: true\n  level: {level}\n  scale: 100\n"
            f"  voltage: 4210\n  temperature: {round(celsius * 10)}\n  technology: Li-ion"
        )
        self._write("phone/battery", text)

    def set_heat(self, celsius: float) -> None:
        """Set the thermal zones; the last one can't be read, as on many phones."""
        for zone, kind in enumerate(("tsens_tz_sensor1", "tsens_tz_sensor7", "battery")):
            self._write(f"sys/class/thermal/thermal_zone{zone}/type", kind)
            value = round(celsius * 10) if zone < 2 else round(celsius * 1000)
            self._write(f"sys/class/thermal/thermal_zone{zone}/temp", str(value))

    def set_free(self, size: int | None = None) -> None:
        """Leave so many bytes of storage free; None leaves what this machine has."""
        self.free_bytes = size
        if size is None:
            (self.folder / "phone" / "free").unlink(missing_ok=True)
        else:
            self._write("phone/free", str(size // 1024))

    def set_throttle(self, share: float = 1.0) -> None:
        """Bound the clocks of all cores to a share of their highest frequency."""
        for first, count, khz in self.specification.clusters:
            for core in range(first, first + count):
                base = f"sys/devices/system/cpu/cpu{core}/cpufreq"
                self._write(f"{base}/scaling_max_freq", str(round(khz * share)))
                self._write(f"{base}/scaling_cur_freq", str(round(khz * share)))

    def boot(self) -> None:
        """Begin a new life: another boot id; files stay."""
        self._write("proc/boot_id", str(uuid.uuid4()))
        self._started = time.monotonic()
        self.tick()

    def tick(self) -> None:
        """Let the counters in /proc/stat stand where they stand now."""
        cores = sum(count for _, count, _ in self.specification.clusters)
        passed = 1000 + (time.monotonic() - self._started) * 100 * cores
        busy = round(passed * self.load)
        self._write("proc/stat", f"cpu  {busy} 0 0 {round(passed) - busy} 0 0 0 0 0 0\nbtime 1500000000")
        self._write("proc/loadavg", f"{6 + self.load * cores:.2f} 6.10 6.05 1/800 12345")

    def wipe(self) -> None:
        """Remove all of it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _make_cores(self) -> None:
        cores = sum(count for _, count, _ in self.specification.clusters)
        for name in ("possible", "present", "online"):
            self._write(f"sys/devices/system/cpu/{name}", f"0-{cores - 1}")
        for first, count, khz in self.specification.clusters:
            for core in range(first, first + count):
                base = f"sys/devices/system/cpu/cpu{core}/cpufreq"
                self._write(f"{base}/cpuinfo_max_freq", str(khz))
                self._write(f"{base}/cpuinfo_min_freq", "300000")
                self._write(f"{base}/scaling_governor", "interactive")
        self.set_throttle()

    def _write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # In place: proot binds the file itself, so a new file of the same name would not be seen.
        path.write_text(text + "\n")
