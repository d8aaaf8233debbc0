"""What a device's name tells of the engine that its times come from.

Names of devices end in that of the engine (`SM-G950U-7.0-24-xnnpack`), and in nothing for Caffe2, which made
the published table. What a net consists of depends on the engine; so whoever looks nets up has to know.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["CAFFE2", "XNNPACK", "XNNPACK_QU8", "EngineTraits", "fuses_activations"]


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
    names = tuple(devices)
    return bool(names) and all(name.endswith(fusing) for name in names)
