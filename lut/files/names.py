"""Files that are called after devices, whose names come from tables, journals, phones and hosts."""

from __future__ import annotations

from lut.errors import FileError

__all__ = ["name_after_device"]

_MOST_BYTES = 200
"""Common file systems take 255, of which endings need some."""


def name_after_device(device: str, ending: str) -> str:
    """Return the name of a file that is called after a device.

    Raises:
        FileError: the device's name would lead to another folder, is empty or too long, or holds what can't
            be shown.
    """
    leads_away = bool(set(device) & set("/\\:"))  # ":" does so on Windows
    if leads_away or not device or not device.isprintable() or len(device.encode()) > _MOST_BYTES:
        raise FileError(
            f"No file can be called after the device {device!r}: a name has 1 to {_MOST_BYTES} bytes, and no "
            f"slash, backslash, colon or control character. `bench run --device-name` gives a device another "
            f"name."
        )
    return f"{device}{ending}"
