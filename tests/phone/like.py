"""A simulated phone that answers as a real device did: its properties, files, services and tools.

What a folder of the corpus does not have is not there on the phone either. Cores that the folder says are
parked are so in its files; the kernel's own view of them, which leaves them out, is not simulated.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from bench.device_runner.phone.cores import format_list
from tests.phone.corpus import CORPUS, Answers
from tests.phone.state import PhoneState, Specification
from tests.phone.userland import UserlandError

__all__ = ["LikeState", "read_missing_tools"]

_COMPILERS = {"amd64": "gcc", "arm64": "aarch64-linux-gnu-gcc"}

_DF = """#!/system/bin/sh
if read -r free 2>/dev/null </phone/free; then
  echo "Filesystem     1K-blocks      Used Available Use% Mounted on"
  echo "/dev/block/dm-1 55000000 $((55000000 - free)) $free 99% /data"
else while IFS= read -r line; do echo "$line"; done </phone/df; fi
"""


class LikeState(PhoneState):
    """The state of a phone that is like a folder of the corpus; faults change it as that of any other."""

    def __init__(self, folder: Path, serial: str, answers: Answers, architecture: str) -> None:
        self.answers = answers
        clusters = tuple(
            (each.cores[0], len(each.cores), each.max_khz or 0) for each in answers.identity.cores.clusters
        )
        super().__init__(folder, serial, Specification(answers.properties, clusters or ((0, 1, 0),)))
        (folder / "phone" / "power").unlink()
        if service := answers.read("thermalservice.txt"):
            self._write("phone/thermalservice", service.rstrip("\n"))
        self._write("proc/cpuinfo", answers.read("cpuinfo.txt").rstrip("\n"))
        if listing := answers.read("df.txt"):
            self._write("phone/df", listing.rstrip("\n"))
        cores = answers.identity.cores
        self._write("phone/status", f"Cpus_allowed_list:\t{format_list(cores.possible or cores.known)}")
        self.preload = self._build_cores(architecture) if cores.known else ""

    @property
    def bindings(self) -> dict[Path, str]:
        """As of any phone, and the folder's own /proc/cpuinfo and tools."""
        own = {self.folder / "proc" / "cpuinfo": "/proc/cpuinfo", self.folder / "bin": "/system/bin"}
        return {**super().bindings, **{path: place for path, place in own.items() if path.exists()}}

    def install_tools(self, root: Path) -> None:
        """Take the userland's tools but those that such a release of Android lacks."""
        tools = self.folder / "bin"
        shutil.copytree(root / "system" / "bin", tools, symlinks=True)
        if (self.folder / "phone" / "df").exists():
            (tools / "df").unlink()
            (tools / "df").write_text(_DF)
            (tools / "df").chmod(0o755)
        for name in read_missing_tools(self.answers.properties.get("ro.build.version.release", "")):
            (tools / name).unlink(missing_ok=True)

    def set_battery(self, level: int = 87, celsius: float = 28.4, plugged: bool = True) -> None:
        """Set what `dumpsys battery` shows; without values, what the device showed, or nothing."""
        if (level, celsius, plugged) != (87, 28.4, True):
            super().set_battery(level, celsius, plugged)
        elif text := self.answers.read("battery.txt"):
            self._write("phone/battery", text.rstrip("\n"))
        else:
            (self.folder / "phone" / "battery").unlink(missing_ok=True)

    def set_heat(self, celsius: float) -> None:
        """Set the thermal zones; the usual 31 °C stand for what the device showed."""
        zones = self.folder / "sys" / "class" / "thermal"
        shutil.rmtree(zones, ignore_errors=True)
        if celsius != 31.0:
            super().set_heat(celsius)
            return
        for path, value in self.answers.zone_files.items():
            self._write(path[1:], value)

    def set_throttle(self, share: float = 1.0) -> None:
        """Bound the clocks of all cores to a share of what the device allowed."""
        for path, value in self._cpu_files():
            if path.endswith("/scaling_max_freq"):
                value = str(round(int(value) * share))
            self._write(path[1:], value)

    def _make_cores(self) -> None:
        self.set_throttle()

    def _cpu_files(self) -> list[tuple[str, str]]:
        lines = self.answers.read("cpu.txt").splitlines()
        return [(path, value) for path, _, value in (line.partition("=") for line in lines if line)]

    def _build_cores(self, architecture: str) -> str:
        """Build what lets programs believe in the device's cores, and give the words that preload it."""
        compiler, source = _COMPILERS[architecture], Path(__file__).with_name("cores.c")
        library = self.folder / "phone" / "cores.so"
        command = [compiler, "-shared", "-fPIC", "-O1", "-nostdlib", "-o", str(library), str(source)]
        if shutil.which(compiler) is None:
            raise UserlandError(f"a phone like {self.answers.folder.name} needs {compiler}")
        subprocess.run(command, check=True)
        return "export LD_PRELOAD=/phone/cores.so; "


def read_missing_tools(release: str) -> list[str]:
    """Give the commands that a release of Android lacks, by the corpus' list of tools."""
    text = (CORPUS / "tools-by-android.txt").read_text(encoding="utf-8")
    number = float(match[0]) if (match := re.match(r"\d+(\.\d+)?", release)) else 99.0
    _, *parts = re.split(r"^\[([\d.]+)\]", text, flags=re.MULTILINE)
    known = {float(version): part for version, part in zip(parts[::2], parts[1::2], strict=True)}
    part = known[max((each for each in known if each <= number), default=min(known))]
    missing = re.search(r"^missing: ([^;\n]*)", part, re.MULTILINE)
    return missing[1].split() if missing else []
