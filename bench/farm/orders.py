"""What a client asks a host to measure; sent by Dask's pickle, between equal versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench.device_runner import PhoneOptions, Profile
from bench.engines import ENGINES
from bench.farm.phone_source import find_or_build
from lut.entries import RunConfig
from lut.ops import OpSpec
from lut.plan import Origin

__all__ = ["Order", "Wanted"]


@dataclass(frozen=True)
class Wanted:
    """Phones that a run wants, and how they are to be treated. `name` is their name on Caffe2."""

    name: str
    engine: str
    ignored_gates: frozenset[str] = frozenset()
    profile: Profile | None = None

    def options(self) -> PhoneOptions:
        """Give the options a host opens them by."""
        return PhoneOptions(
            ignored_gates=self.ignored_gates,
            profile=self.profile,
            engine=ENGINES[self.engine],
            program=find_or_build,
        )


@dataclass(frozen=True)
class Order:
    """A block to be measured at one host. Its reports go to `topic`, marked with `token`."""

    token: str
    topic: str
    wanted: Wanted
    config: RunConfig
    passes: Mapping[OpSpec, frozenset[int]]
    origins: Mapping[str, Origin]
    seed: int
    silence_s: float | None = None
    without: frozenset[str] = frozenset()
    """Serials of phones at this host that proved unfit."""
    anchors: tuple[OpSpec, ...] = ()
    """What a phone measures before its first block of a run on several."""
    anchored: frozenset[str] = frozenset()
    """Serials of phones at this host that have."""
