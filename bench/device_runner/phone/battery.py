"""What `dumpsys battery` says, as far as it is of a real battery.

Emulators, TV boxes and boards have none, and say so in many ways: no `present`, a level of 0 or of the
least whole number, a voltage that no cells have. `dumpsys battery set` freezes what is said. All of that is
unknown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Battery", "read_battery"]

_LINE = re.compile(r"\s+([A-Za-z][\w ]*): *(\S*)\s*")
_CELLS_MV = ((2500, 4700), (5400, 9400), (8700, 14000))
"""What one, two and three lithium cells in a row have."""


@dataclass(frozen=True)
class Battery:
    """A battery; None is what is not known of it."""

    level: int | None = None
    """Per cent."""
    celsius: float | None = None
    plugged: bool | None = None
    why_unknown: str = ""
    """Why nothing is known, where the phone says something that is worth nothing."""


def read_battery(dump: str) -> Battery:
    """Read the service's dump."""
    values: dict[str, str] = {}
    for line in dump.splitlines():
        if match := _LINE.fullmatch(line):
            values.setdefault(match[1], match[2])  # Samsung appends a log with the same names
    if "UPDATES STOPPED" in dump:
        return Battery(why_unknown="its values are set by hand, `dumpsys battery reset` ends that")
    if values.get("present") == "false":
        return Battery(why_unknown="it has no battery")
    voltage, level, heat = (_read_number(values.get(name)) for name in ("voltage", "level", "temperature"))
    if voltage is not None and not any(low <= voltage <= high for low, high in _CELLS_MV):
        return Battery(why_unknown=f"its battery is made up, no cells have {voltage} mV")
    scale = _read_number(values.get("scale")) or 100
    share = None if level is None or scale < 1 else round(100 * level / scale)
    return Battery(
        share if share is not None and 0 < share <= 100 else None,
        heat / 10 if heat is not None and heat != 0 and -400 < heat < 1000 else None,
        _read_plugged(values),
    )


def _read_plugged(values: dict[str, str]) -> bool | None:
    """Tell whether power comes in. One false line is not enough: it may come in another way."""
    powered = {name: value == "true" for name, value in values.items() if name.endswith(" powered")}
    if any(powered.values()):
        return True
    return False if {"AC powered", "USB powered"} <= powered.keys() else None


def _read_number(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"-?\d{1,10}", text) else None
