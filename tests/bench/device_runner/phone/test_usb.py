"""What the kernel tells of devices on USB, written by hand."""

from __future__ import annotations

from pathlib import Path

from bench.device_runner import find_usb_phones
from bench.device_runner.phone.usb import UsbPhone


def plug_in(root: Path, name: str, kind: tuple[str, str, str], serial: str = "R58M1") -> None:
    """Write what the kernel tells of a device on USB and its only interface."""
    device, interface = root / name, root / f"{name}:1.0"
    device.mkdir(parents=True)
    interface.mkdir()
    for file, text in {"busnum": "1", "devnum": "7", "serial": serial}.items():
        (device / file).write_text(f"{text}\n")
    for part, text in zip(("Class", "SubClass", "Protocol"), kind, strict=True):
        (interface / f"bInterface{part}").write_text(f"{text}\n")


def test_phones_are_found_by_their_interface_without_opening_them(tmp_path: Path) -> None:
    plug_in(tmp_path, "1-1", ("ff", "42", "01"))
    plug_in(tmp_path, "1-2", ("03", "01", "02"), "a mouse")
    nodes = tmp_path / "nodes"
    assert find_usb_phones(tmp_path, nodes) == [UsbPhone("R58M1", nodes / "001" / "007")]
    assert find_usb_phones(tmp_path / "absent", nodes) == []
