"""Phones on USB as the kernel lists them: found without opening any, so without libusb, keys or rights."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["UsbPhone", "find_usb_phones"]

_ADB_INTERFACE = ("ff", "42", "01")
"""Class, subclass and protocol by which adb's interface is known; it is there once debugging is on."""


@dataclass(frozen=True)
class UsbPhone:
    """A phone with debugging switched on: its serial, and the file by which it is opened."""

    serial: str
    node: Path


def find_usb_phones(
    devices: Path = Path("/sys/bus/usb/devices"), nodes: Path = Path("/dev/bus/usb")
) -> list[UsbPhone]:
    """Find the USB devices that have an interface for adb."""
    found = {}
    for interface in sorted(devices.glob("*:*")):
        kind = tuple(_read(interface / f"bInterface{part}") for part in ("Class", "SubClass", "Protocol"))
        device = devices / interface.name.partition(":")[0]
        bus, number = _read(device / "busnum"), _read(device / "devnum")
        if kind == _ADB_INTERFACE and bus.isdigit() and number.isdigit():
            node = nodes / f"{int(bus):03}" / f"{int(number):03}"
            found[device.name] = UsbPhone(_read(device / "serial") or device.name, node)
    return list(found.values())


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:  # it was unplugged just now, or has no such property
        return ""
