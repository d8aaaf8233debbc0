"""What a kind of device offers to the registry."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bench.device_runner.device import Device
from bench.device_runner.phone import AdbRoute, PhoneOptions

__all__ = ["DeviceKind"]


@dataclass(frozen=True)
class DeviceKind:
    """A kind of device: how to list the serials of those attached, and how to open one.

    `list_serials` may raise a DeviceError after it gave what it could. `open` gives None for a serial that
    can't be of this kind. Both are told how phones are reached.
    """

    list_serials: Callable[[AdbRoute], Iterable[str]]
    open: Callable[[str, AdbRoute, PhoneOptions], Device | None]
