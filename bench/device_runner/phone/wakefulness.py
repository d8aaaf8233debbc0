"""Whether a phone is awake, by `dumpsys power`."""

from __future__ import annotations

import re

__all__ = ["read_wakefulness"]

_STATES = {"Awake": True, "Asleep": False, "Dreaming": False, "Dozing": False}
_NUMBERS = {"0": False, "1": True, "2": False, "3": False}
"""Some vendors print PowerManager's numbers for the same states."""


def read_wakefulness(dump: str) -> bool | None:
    """Tell whether the phone is awake, or stays so while it is plugged in; None where it does not say.

    A phone that dozes shows its always-on display and sleeps. Most write `mWakefulness=`; Samsung, from
    about Android 12 on, `getWakefulnessLocked()=`; before Android 5 there was `mScreenOn=`.
    """
    if re.search(r"^\s*mStayOn=true\s*$", dump, re.MULTILINE):
        return True
    said = re.search(r"^\s*(?:mWakefulness|getWakefulnessLocked\(\))=(\w+)\s*$", dump, re.MULTILINE)
    if said is not None:
        return {**_STATES, **_NUMBERS}.get(said[1])
    screen = re.search(r"^\s*mScreenOn=(true|false)\s*$", dump, re.MULTILINE)
    return None if screen is None else screen[1] == "true"
