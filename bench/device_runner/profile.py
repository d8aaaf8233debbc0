"""Profiles: what a user knows better than the probes, one TOML file per kind of device.

# ~/.config/cnn-latency-lut/devices/SM-G950U-7.0-24.toml
threads = 4
cpus = "0xf0"

[gates]
battery_level = 40       # see `gates.Limits` for all names and units
ignore = ["awake"]
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from bench.device_runner.gates import GATES, Limits
from lut.errors import FileError
from lut.files import read_bytes

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["Profile", "find_profile", "read_profile"]


@dataclass(frozen=True)
class Profile:
    """Overrides for one kind of device; None leaves what was probed."""

    threads: int | None = None
    cpus: str | None = None
    limits: Limits = field(default_factory=Limits)
    ignored_gates: frozenset[str] = frozenset()


def find_profile(name: str) -> Profile:
    """Give the user's profile for a device of this name, or one that overrides nothing.

    Raises:
        FileError: there is one, but it can't be understood.
    """
    shared = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    folder = shared if shared.is_absolute() else Path.home() / ".config"
    path = folder / "cnn-latency-lut" / "devices" / f"{name}.toml"
    return read_profile(path) if path.exists() else Profile()


def read_profile(path: Path) -> Profile:
    """Read a profile.

    Raises:
        FileError: it can't be read, or holds a name or value that means nothing.
    """
    try:
        content = tomllib.loads(read_bytes(path).decode())
        return _parse(content)
    except ValueError as error:  # broken TOML and text that is no UTF-8 are ValueErrors too
        raise FileError(f"{path} is no profile: {error}. docs/new-device.md shows one.") from error


def _parse(content: Mapping[str, Any]) -> Profile:
    _refuse_unknown(content, {"threads", "cpus", "gates"}, "the profile")
    threads, cpus, gates = content.get("threads"), content.get("cpus"), dict(content.get("gates", {}))
    if threads is not None and (type(threads) is not int or threads < 1):
        raise ValueError(f"threads is {threads!r}, a whole number from 1 is expected")
    if cpus is not None:
        if not isinstance(cpus, str) or int(cpus, 16) < 1:
            raise ValueError(f'cpus is {cpus!r}, a hexadecimal mask such as "0xf0" is expected')
        cpus = hex(int(cpus, 16))
    ignored = gates.pop("ignore", [])
    _refuse_unknown(dict.fromkeys(ignored), set(GATES), "gates.ignore")
    _refuse_unknown(gates, {limit.name for limit in fields(Limits)}, "gates")
    for name, value in gates.items():
        if type(value) not in (int, float):
            raise ValueError(f"gates.{name} is {value!r}, a number is expected")
    return Profile(threads, cpus, Limits(**gates), frozenset(ignored))


def _refuse_unknown(given: Mapping[str, Any], known: set[str], place: str) -> None:
    if unknown := sorted(given.keys() - known):
        raise ValueError(f"{place} knows no {unknown[0]!r}, only {', '.join(sorted(known))}")
