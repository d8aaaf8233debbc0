"""How operators are timed: the protocol that predicts whole nets best, and what a user may change of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from msgspec.structs import replace

from lut.entries import DeviceInfo, RunConfig

__all__ = [
    "IN_TURNS",
    "TURNS",
    "WARM",
    "WHEN_WARM",
    "Processors",
    "Timing",
    "cache_settings",
    "is_cache_choice",
]

WARM, TURNS = "warm", "turns"

WHEN_WARM = RunConfig()
"""Every operator by itself, again and again: what it takes with all it needs in the nearest cache."""

IN_TURNS = RunConfig(passes=4, iters=6, warmup=8, warmup_share=0.02, canary_share=0.1)
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


class Timed(Protocol):
    """What a configuration is made for: a device, or what is known of one elsewhere."""

    @property
    def info(self) -> DeviceInfo:
        """What it is."""

    @property
    def default_threads(self) -> int:
        """See `Device`."""

    def choose_cpus(self, threads: int, announce: Callable[[str], None]) -> str:
        """See `Device`."""


def is_cache_choice(text: str) -> bool:
    """Tell whether the text names a state of the caches: warm, turns, or thrash:SIZE such as thrash:8M."""
    return text in (WARM, TURNS) or 0 < _thrashed_bytes(text) <= _MOST_BYTES


def cache_settings(choice: str, device: Timed) -> dict[str, int]:
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


def _last_cache_bytes(device: Timed) -> int:
    text = device.info.facts.get("last_cache_bytes", "")
    return int(text) if text.isdigit() and int(text) else _CACHE_BYTES


@dataclass(frozen=True)
class Processors:
    """What is asked for: how many threads, and which processors; None is not asked for."""

    threads: int | None = None
    cpus: str | None = None
    """Their hexadecimal mask."""
    cluster: str | None = None
    """The cluster that the device was opened for: it chooses among that one's, whatever is known."""

    def choose(
        self, device: Timed, known: Processors | None, announce: Callable[[str], None]
    ) -> tuple[int, str]:
        """Give threads and mask for a device: those asked for, then those known, then the device's own.

        Args:
            device: where the program will run.
            known: what was measured with before; its mask holds for its own number of threads only.
            announce: hears which processors are taken where others keep the usual ones busy.
        """
        threads = self.threads or device.default_threads
        if self.cpus is not None:
            return threads, self.cpus
        if self.cluster is None and known and known.threads == threads and known.cpus is not None:
            return threads, known.cpus
        return threads, device.choose_cpus(threads, announce)


@dataclass(frozen=True)
class Timing:
    """How operators are asked to be timed: a state of the caches, fields of RunConfig, processors."""

    cache: str
    given: Mapping[str, Any] = field(default_factory=dict)
    processors: Processors = field(default_factory=Processors)

    @property
    def passes(self) -> int:
        """How many visits of each operator."""
        return self._base.passes

    @property
    def _base(self) -> RunConfig:
        return replace(IN_TURNS if self.cache == TURNS else WHEN_WARM, **self.given)

    def config(
        self,
        device: Timed,
        earlier: RunConfig | None = None,
        announce: Callable[[str], None] = lambda _: None,
    ) -> RunConfig:
        """Give the configuration for a device.

        Args:
            device: whose own threads and processors are the default.
            earlier: of the run that goes on, which stays on its processors.
            announce: hears which processors are taken where others keep the usual ones busy.
        """
        known = None if earlier is None else Processors(earlier.threads, earlier.cpus)
        threads, cpus = self.processors.choose(device, known, announce)
        return replace(self._base, threads=threads, cpus=cpus, **cache_settings(self.cache, device))
