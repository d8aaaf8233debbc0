"""How operators are timed: the protocol that predicts whole nets best, and what a user may change of it."""

from __future__ import annotations

import re

from bench.device_runner import Device
from lut.entries import RunConfig

__all__ = ["IN_TURNS", "TURNS", "WARM", "WHEN_WARM", "cache_settings", "is_cache_choice"]

WARM, TURNS = "warm", "turns"

WHEN_WARM = RunConfig()
"""Every operator by itself, again and again: what it takes with all it needs in the nearest cache."""

IN_TURNS = RunConfig(passes=4, iters=6, warmup=8, warmup_share=0.02, canary_share=0.15)
"""With the caches as `cache_settings` makes them for "turns"."""

_NETS_OPERATORS = 60
"""Operators that take turns: about as many as a net has (the released ones have 42 to 88), and those of its
size are what an operator meets there. With 30 sums are 2 % short in 8 bits; of floats, where a session halves
the number, 60 make the smallest net 12 % long."""

_CACHE_BYTES = 8 << 20
"""The last cache's size where a device does not tell it."""

_thrash = re.compile(r"thrash:(\d+)([KM]?)").fullmatch
_UNITS = {"": 0, "K": 10, "M": 20}
_MOST_BYTES = 1 << 30


def is_cache_choice(text: str) -> bool:
    """Tell whether the text names a state of the caches: warm, turns, or thrash:SIZE such as thrash:8M."""
    return text in (WARM, TURNS) or 0 < _thrashed_bytes(text) <= _MOST_BYTES


def cache_settings(choice: str, device: Device) -> dict[str, int]:
    """Give the fields of RunConfig that bring the caches into a state on a device.

    "warm" leaves them as the run before left them. "thrash:SIZE" reads so much other memory before every
    timed run. "turns" lets operators take turns as in a net; what a small plan lacks of a net's memory
    traffic is made up for, up to the size of the device's last cache.
    """
    if choice == WARM:
        return {}
    if choice == TURNS:
        return {"turns": _NETS_OPERATORS, "fill_bytes": _last_cache_bytes(device)}
    return {"thrash_bytes": _thrashed_bytes(choice)}


def _thrashed_bytes(text: str) -> int:
    found = _thrash(text)
    return int(found[1]) << _UNITS[found[2]] if found else 0


def _last_cache_bytes(device: Device) -> int:
    text = device.info.facts.get("last_cache_bytes", "")
    return int(text) if text.isdigit() and int(text) else _CACHE_BYTES
