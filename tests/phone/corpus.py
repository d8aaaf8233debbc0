"""What real phones answer, and what is understood of it: `python -m tests.phone.corpus` prints a table.

The folders lie beside the checkout, in `../shared/phones`. Each holds what one device answered, as its README
says; a file that is not there was not answered.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import click

from bench.device_runner.phone.cores import format_list
from bench.device_runner.phone.gates import Limits, Verdict, View, look_at_gates
from bench.device_runner.phone.phone_device import choose_threads
from bench.device_runner.phone.probes import Identity, State, read_identity, read_state
from bench.device_runner.processors import read_mask

__all__ = ["CORPUS", "Answers", "find_folder", "list_folders"]

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "phones"


@dataclass(frozen=True)
class Answers:
    """What one device answers."""

    folder: Path

    def read(self, name: str) -> str:
        """Give one of its texts, "" where it has none."""
        path = self.folder / name
        return path.read_text(encoding="utf-8") if path.exists() else ""

    @property
    def zone_files(self) -> dict[str, str]:
        """The files of its thermal zones, by path. Of zones whose numbers are not known the order is kept."""
        files: dict[str, str] = {}
        for number, line in enumerate(self.read("thermal.txt").splitlines()):
            _, kind, raw = line.split()
            folder = f"/sys/class/thermal/thermal_zone{number}"
            files |= {f"{folder}/temp": raw} | ({} if kind == "-" else {f"{folder}/type": kind})
        return files

    @property
    def properties(self) -> dict[str, str]:
        """Its properties by name."""
        pairs = (line.partition("]: [") for line in self.read("getprop.txt").splitlines() if line)
        return {name[1:]: value.rstrip().removesuffix("]") for name, _, value in pairs}

    @property
    def identity(self) -> Identity:
        """Who it is, as the probes understand it."""
        parts = self.read("getprop.txt"), "@files", self.read("cpu.txt"), "@cpuinfo", self.read("cpuinfo.txt")
        return read_identity("\n".join(parts))

    @cached_property
    def state(self) -> State:
        """How it is, as the probes understand it."""
        files = "\n".join(f"{path}={value}" for path, value in self.zone_files.items())
        siop = f"siop={self.properties.get('sys.siop.level', '')}"
        parts = ["@files", self.read("cpu.txt"), files, siop]
        for name in ("battery", "thermalservice", "df"):
            parts += [f"@{name}", self.read(f"{name}.txt")]
        return read_state("\n".join(parts))

    @property
    def threads(self) -> int:
        """How many threads are measured with where nobody says."""
        return choose_threads(self.identity, None)

    @property
    def mask(self) -> str:
        """The cores that are measured on where nobody says."""
        return self.identity.cores.choose_mask(self.threads, self.identity.allowed)

    @property
    def verdicts(self) -> dict[str, Verdict]:
        """The verdict of each gate on a phone that was just connected."""
        cores = read_mask(self.mask) if self.mask else None
        return look_at_gates(View(self.state, None, self.identity.caps, Limits(), cores))

    @property
    def clusters(self) -> str:
        """Its clusters by name, the slowest first."""
        return ", ".join(f"{each.name} {format_list(each.cores)}" for each in self.identity.cores.clusters)

    @property
    def shut(self) -> dict[str, str]:
        """The gates that are shut, and why."""
        return {name: each.reason for name, each in self.verdicts.items() if each.reason}

    @property
    def judged(self) -> set[str]:
        """The gates that it tells enough for."""
        return {name for name, each in self.verdicts.items() if each.known}


def list_folders() -> list[Path]:
    """Give the folders, sorted; none where the corpus is not there."""
    return sorted(path for path in CORPUS.glob("*") if path.is_dir())


def find_folder(name: str) -> Path:
    """Give the folder of a path, or of a name in the corpus.

    Raises:
        click.BadParameter: there is none.
    """
    for folder in (Path(name), CORPUS / name):
        if folder.is_dir():
            return folder
    raise click.BadParameter(f"{name!r} is no folder, and {CORPUS} has none of that name.")


def main() -> None:
    """Print the table of all folders, or of those named on the command line."""
    rows: list[tuple[str, ...]] = [
        ("device", "clusters", "mask", "threads", "asleep", "caps", "shut", "unknown")
    ]
    for folder in [CORPUS / name for name in sys.argv[1:]] or list_folders():
        answers = Answers(folder)
        shut = "; ".join(f"{name}: {reason}" for name, reason in answers.shut.items())
        unknown = " ".join(name for name, each in answers.verdicts.items() if not each.known)
        caps = answers.identity.facts["caps"].replace("unavailable", "")
        asleep = format_list(answers.identity.cores.asleep)
        row = (answers.clusters or "unknown", answers.mask, str(answers.threads), asleep, caps, shut, unknown)
        rows.append((folder.name, *(cell or "-" for cell in row)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for cells in rows:
        sys.stdout.write("  ".join(map(str.ljust, cells, widths)).rstrip() + "\n")


if __name__ == "__main__":
    main()
