"""Where a host's phones come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from bench.campaign import Check
from bench.device_runner import DEFAULT_ROUTE, AdbRoute, Device, PhoneOptions, list_serials, open_device
from bench.engines import Engine
from bench.numbers import check_numbers
from bench.speed_benchmark import Program

__all__ = ["AttachedPhones", "PhoneSource", "find_or_build"]


class PhoneSource(Protocol):
    """Where a rack has its phones from; it is sent to the process that serves them, so it can be pickled."""

    def list(self) -> Iterable[str]:
        """Give the serials of the phones that are there.

        Raises:
            DeviceError: they can't be listed.
        """

    def open(self, serial: str, options: PhoneOptions) -> Device:
        """Open one of them.

        Raises:
            DeviceError: it can't be opened.
        """

    @property
    def check(self) -> Check:
        """What a prepared phone has to pass before it is measured on."""


@dataclass(frozen=True)
class AttachedPhones:
    """The phones of this computer: those that are named, or all that are attached."""

    route: AdbRoute = DEFAULT_ROUTE
    serials: tuple[str, ...] = ()

    def list(self) -> Iterable[str]:
        """Give the serials: phones on the network are listed by nobody, so named ones count as there."""
        attached = list_serials(self.route)
        if not self.serials:
            return [serial for serial, kind in attached.items() if kind != "host"]
        return [serial for serial in self.serials if serial in attached or serial.startswith("tcp:")]

    def open(self, serial: str, options: PhoneOptions) -> Device:
        """Open one of them."""
        return open_device(serial, self.route, options)

    @property
    def check(self) -> Check:
        """Its numbers are right."""
        return check_numbers


def find_or_build(engine: Engine, progress: Callable[[str], None]) -> Program:
    """Give a phone's program: any that is built of the present sources will do, whatever compiled it."""
    return engine.find("android-arm64") or engine.build("android-arm64", progress=progress)
