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
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from bench.device_runner.phone.gates import GATES, Limits
from lut.errors import FileError
from lut.files import read_bytes

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["Profile", "find_profile", "read_profile"]

_MASK = re.compile(r"(0[xX])?[0-9A-Fa-f]+")
_MOST = 1e18
"""No limit comes near it; what is not below it is not a finite number, or breaks arithmetic."""


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
    try:
        there = path.exists()
    except OSError as refusal:
        raise FileError(f"{path} can't be read: {refusal.strerror or refusal}.") from refusal
    return read_profile(path) if there else Profile()


def read_profile(path: Path) -> Profile:
    """Read a profile.

    Raises:
        FileError: it can't be read, or holds a name or value that means nothing.
    """
    try:
        return _parse(_load(read_bytes(path)))
    except ValueError as error:  # broken TOML and text that is not UTF-8 are ValueErrors too
        raise FileError(f"{path} is not a profile: {error}. docs/new-device.md shows one.") from error


def _load(data: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(data.decode())
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _parse(content: Mapping[str, Any]) -> Profile:
    _refuse_unknown(content, {"threads", "cpus", "gates"}, "the profile")
    threads, gates = content.get("threads"), content.get("gates", {})
    if threads is not None and (type(threads) is not int or threads < 1):
        raise ValueError(f"threads is {threads!r}, a whole number from 1 is expected")
    if not isinstance(gates, dict):
        raise ValueError(f"gates is {gates!r}, a table [gates] is expected")
    limits = {name: value for name, value in gates.items() if name != "ignore"}
    _refuse_unknown(limits, {limit.name for limit in fields(Limits)}, "gates")
    for name, value in limits.items():
        if type(value) not in (int, float) or not abs(value) < _MOST:
            raise ValueError(f"gates.{name} is {value!r}, a number is expected")
    return Profile(threads, _parse_mask(content.get("cpus")), Limits(**limits), _parse_ignored(gates))


def _parse_mask(text: Any) -> str | None:
    if text is None:
        return None
    if not isinstance(text, str) or not _MASK.fullmatch(text) or int(text, 16) < 1:
        raise ValueError(f'cpus is {text!r}, a hexadecimal mask such as "0xf0" is expected')
    return hex(int(text, 16))


def _parse_ignored(gates: Mapping[str, Any]) -> frozenset[str]:
    ignored = gates.get("ignore", [])
    if not isinstance(ignored, list) or not all(isinstance(name, str) for name in ignored):
        raise ValueError(f'gates.ignore is {ignored!r}, a list of gates such as ["awake"] is expected')
    _refuse_unknown(dict.fromkeys(ignored), set(GATES), "gates.ignore")
    return frozenset(ignored)


def _refuse_unknown(given: Mapping[str, Any], known: set[str], place: str) -> None:
    if unknown := sorted(given.keys() - known):
        raise ValueError(f"{place} knows no {unknown[0]!r}, only {', '.join(sorted(known))}")
