"""A phone's cores and the clusters they come in, and which of them to measure on.

Cores come and go: a kernel takes idle ones offline, and vendors park them (`isolate` is 1) while they stay
online. So cores are counted by `possible` alone, a core belongs to its cluster whatever it does at the
moment, and what no file tells is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from bench.device_runner.processors import format_mask

__all__ = ["CLUSTER_NAMES", "Cluster", "Cores", "format_list", "parse_list"]

CLUSTER_NAMES = ("big", "middle", "little", "prime")
"""What clusters are called. A phone whose cores are all alike has big ones only; "prime" is a fastest core
that stands alone above two other clusters."""


@dataclass(frozen=True)
class Cluster:
    """Cores that are alike and share a clock. Clocks are kHz; None is what the phone does not tell."""

    cores: tuple[int, ...]
    name: str = "unknown"
    max_khz: int | None = None
    """The highest clock of the hardware."""
    seen_khz: int | None = None
    """The highest clock in any file, a lower bound where `max_khz` is None."""
    cap_khz: int | None = None
    """The highest clock allowed at the moment it was read."""
    capacity: int | None = None
    """The kernel's own measure of speed; the fastest cores have 1024."""
    part: tuple[str, str] | None = None
    """Implementer and part by /proc/cpuinfo."""

    @property
    def cap_share(self) -> float | None:
        """How much of the hardware's clock is allowed, at most 1."""
        return min(1.0, self.cap_khz / self.max_khz) if self.cap_khz and self.max_khz else None


@dataclass(frozen=True)
class Cores:
    """The cores of a phone; None is what it does not tell."""

    possible: frozenset[int] | None = None
    """All it has, whatever they do."""
    present: frozenset[int] | None = None
    online: frozenset[int] | None = None
    parked: frozenset[int] = frozenset()
    """Online, but kept from work while the phone idles."""
    clusters: tuple[Cluster, ...] = ()
    """The slowest first; those of unknown speed before all others."""

    @property
    def known(self) -> frozenset[int]:
        """The cores that any cluster holds."""
        return frozenset(core for cluster in self.clusters for core in cluster.cores)

    @property
    def count(self) -> int:
        """How many cores the phone has, as far as it tells."""
        return len(self.possible or self.known)

    @property
    def asleep(self) -> frozenset[int]:
        """Offline or parked at the moment it was read."""
        offline = self.known - self.online if self.online is not None else frozenset()
        return self.parked | offline

    def limit(self, allowed: frozenset[int] | None = None, name: str | None = None) -> tuple[Cluster, ...]:
        """Give the clusters, the slowest first, with those of their cores alone that a program may use.

        `name` leaves those of that name only.
        """
        clusters = (
            replace(each, cores=tuple(core for core in each.cores if allowed is None or core in allowed))
            for each in self.clusters
        )
        return tuple(each for each in clusters if each.cores and name in (None, each.name))

    def choose_mask(
        self, threads: int, allowed: frozenset[int] | None = None, name: str | None = None
    ) -> str:
        """Give the mask for so many threads: the fastest cores within one cluster that has room for them.

        Of clusters that are equally fast the last is taken, of cores those that are awake come first. Where
        no cluster has so many cores it spans several. "" where there are no such cores.
        """
        clusters = self.limit(allowed, name)
        roomy = [each for each in clusters if len(each.cores) >= threads]
        ranked: list[int] = []
        for each in roomy[-1:] or reversed(clusters):
            ranked += sorted(each.cores, key=lambda core: (core in self.asleep, -core))
        return format_mask(sorted(ranked[:threads]))


def parse_list(text: str) -> frozenset[int]:
    """Read the kernel's list of cores, such as `0-3,6`; empty for what is none."""
    if not re.fullmatch(r"\d{1,4}(-\d{1,4})?(,\d{1,4}(-\d{1,4})?)*", text.strip()):
        return frozenset()
    ranges = (part.partition("-") for part in text.strip().split(","))
    return frozenset(core for low, _, high in ranges for core in range(int(low), int(high or low) + 1))


def format_list(cores: Iterable[int]) -> str:
    """Write cores as the kernel does, such as `0-3,6`."""
    runs: list[list[int]] = []
    for core in sorted(cores):
        if runs and runs[-1][1] == core - 1:
            runs[-1][1] = core
        else:
            runs.append([core, core])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in runs)
