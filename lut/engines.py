"""What a device's name tells of the engine that its times come from, and whether all were measured.

Names of devices end in that of the engine (`SM-G950U-7.0-24-xnnpack`), and in nothing for Caffe2, which made
the published table. What a net consists of depends on the engine; so whoever looks nets up has to know.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = [
    "CAFFE2",
    "XNNPACK",
    "XNNPACK_QU8",
    "EngineTraits",
    "fuses_activations",
    "is_filled",
    "name_filled",
    "name_measured",
]

_FILLED = "-filled"
"""How the device's name ends in a table that `lut fill` completed: whoever gets the bare table sees it."""


@dataclass(frozen=True)
class EngineTraits:
    """What is known of an engine without running it.

    `suffix` is what it adds to the names of devices. An engine that fuses activations runs a ReLU within the
    operator before it, as far as nothing else reads what that operator writes.
    """

    name: str
    suffix: str = ""
    fuses_activations: bool = False


CAFFE2 = EngineTraits("caffe2")
XNNPACK = EngineTraits("xnnpack", "-xnnpack", fuses_activations=True)
XNNPACK_QU8 = EngineTraits("xnnpack-qu8", "-xnnpack-qu8", fuses_activations=True)

_TRAITS = (CAFFE2, XNNPACK, XNNPACK_QU8)


def fuses_activations(devices: Iterable[str]) -> bool:
    """Tell whether all these devices, by their names, ran an engine that fuses activations."""
    fusing = tuple(traits.suffix for traits in _TRAITS if traits.fuses_activations)
    names = tuple(map(name_measured, devices))
    return bool(names) and all(name.endswith(fusing) for name in names)


def name_filled(device: str) -> str:
    """Return the name that a device has in a filled table."""
    return name_measured(device) + _FILLED


def name_measured(device: str) -> str:
    """Return the name under which a device is measured, also of one in a filled table."""
    return device.removesuffix(_FILLED)


def is_filled(device: str) -> bool:
    """Tell whether a table of this device holds predictions beside measured times."""
    return device.endswith(_FILLED)
