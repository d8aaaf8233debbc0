"""How long tests wait: a busy machine fails none of them, and `make soak` holds what is promised."""

from __future__ import annotations

import os

__all__ = ["SOAK", "within"]

SOAK = os.environ.get("SOAK") == "1"
"""Set by `make soak`, which makes faults by the hundred on a machine that has nothing else to do."""

_HANG_S = 120.0
"""What nothing takes that does not hang, however busy the machine is."""


def within(seconds: float) -> float:
    """Return the seconds that something may take: those promised in a soak, else what only a hang exceeds."""
    return seconds if SOAK else max(_HANG_S, 5 * seconds)
