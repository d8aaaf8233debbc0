"""The kernel's files of cores, as lines PATH=VALUE: one that can't be read has none. And /proc/cpuinfo."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from bench.device_runner.phone.cores import parse_list

__all__ = [
    "read_blanks",
    "read_caps",
    "read_clocks",
    "read_core_files",
    "read_folders",
    "read_list",
    "read_parts",
    "read_values",
]

_CPU = "/sys/devices/system/cpu"
_MOST_CORES = 1024


def read_caps(files: str) -> dict[int, int]:
    """Read the highest clock allowed at the moment, in kHz by core."""
    return read_clocks(files, "scaling_max_freq")


def read_clocks(files: str, name: str) -> dict[int, int]:
    """Read one kind of cpufreq's clocks, in kHz by core: a policy's hold for all cores that it relates."""
    clocks: dict[int, int] = {}
    for core, folder in read_folders(read_values(files)):
        khz = folder.get(name, "")
        if khz.isdigit() and 0 < int(khz) < 100_000_000:
            for each in read_blanks(folder.get("related_cpus", "")) or {core}:
                clocks.setdefault(each, int(khz))
            clocks[core] = int(khz)
    return dict(sorted(clocks.items()))


def read_values(text: str) -> dict[str, str]:
    """Read lines PATH=VALUE; others are passed over."""
    return dict(re.findall(r"^\s*([\w/.]+)=(.*?)\s*$", text, re.MULTILINE))


def read_list(values: Mapping[str, str], name: str) -> frozenset[int] | None:
    """Read one of the kernel's lists: `possible`, `present` or `online`; None where it is not there."""
    return parse_list(values.get(f"{_CPU}/{name}", "")) or None


def read_blanks(text: str) -> frozenset[int]:
    """Read cores with blanks between them, as related_cpus has them, or as a list."""
    return parse_list(",".join(text.split()))


def read_core_files(values: Mapping[str, str]) -> Iterator[tuple[int, str, str]]:
    """Give the files of single cores: core, path below its folder, value."""
    for path, value in values.items():
        if match := re.fullmatch(rf"{_CPU}/cpu(\d{{1,4}})/([\w/]+)", path):
            yield int(match[1]), match[2], value


def read_folders(values: Mapping[str, str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Give cpufreq's folders by core; a policy is named after its first, whose own folder comes before it."""
    folders: dict[tuple[str, int], dict[str, str]] = {}
    for path, value in values.items():
        match = re.fullmatch(rf"{_CPU}/(cpu|cpufreq/policy)(\d{{1,4}})/(cpufreq/)?(\w+)", path)
        if match and (match[1] == "cpu") == bool(match[3]):
            folders.setdefault((match[1], int(match[2])), {})[match[4]] = value
    cores: dict[int, dict[str, str]] = {}
    for (_, core), folder in sorted(folders.items()):
        cores[core] = {**folder, **cores.get(core, {})}
    yield from sorted(cores.items())


def read_parts(cpuinfo: str) -> dict[int, tuple[str, str] | None]:
    """Read the implementer and part of each core that is listed.

    None where it is not told: some kernels of 3.10 give one for all, whatever the others are.
    """
    parts: dict[int, tuple[str, str]] = {}
    listed: list[int] = []
    implementer = ""
    for line in cpuinfo.splitlines():
        name, _, value = (text.strip() for text in line.partition(":"))
        if name == "processor" and value.isdigit() and int(value) < _MOST_CORES:
            listed.append(int(value))
        elif name == "CPU implementer":
            implementer = value.lower()
        elif name == "CPU part" and listed:
            parts[listed[-1]] = implementer, value.lower()
    whole = len(parts) == len(listed)
    return {core: parts[core] if whole else None for core in listed}
