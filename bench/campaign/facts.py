"""What is known of a device now, beside what was known when something was measured on it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lut.entries import DeviceInfo, Segment
from lut.errors import ConflictError
from lut.journal import read_head

__all__ = ["compare_facts", "refuse_former_name"]

_OF_A_MOMENT = {"boot_id", "load"}
"""Facts that differ from one run to the next."""


def compare_facts(then: Iterable[DeviceInfo], now: DeviceInfo) -> str | None:
    """Name each fact that all of `then` give otherwise than `now`, in a clause; None where there is none.

    A fact that was not recorded then is not compared.
    """
    devices = list(then)
    changed = []
    for name, value in now.facts.items():
        former = dict.fromkeys(device.facts[name] for device in devices if name in device.facts)
        if name not in _OF_A_MOMENT and former and value not in former:
            changed.append(f"{name.replace('_', ' ')} {' or '.join(former)} then, {value} now")
    return "; ".join(changed) or None


def refuse_former_name(journal: Path, segment: Segment) -> None:
    """Refuse a journal of this host under a name that it had before, such as with its kernel's release.

    Raises:
        ConflictError: the journal is that; the message says how to go on with it.
        FileError: it can't be read.
    """
    head = read_head(journal) if segment.device.kind == "host" else None
    if head is None or head.device.kind != "host":
        return
    former, now = head.device, segment.device
    if former.name == now.name or former.facts.get("cpu") != now.facts.get("cpu"):
        return
    raise ConflictError(
        f"{journal} is of {former.name}, and this host is called {now.name} now, by the same "
        f"processor. Go on under the former name by --device-name {former.name}, or choose another file."
    )
