"""What goes wrong with phones, on request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["KINDS", "Fault", "FaultPlan"]

KINDS = (
    "drop",  # the connection is cut
    "stall",  # it stands, but nothing goes through any more
    "refuse-auth",  # the connection is cut and the next one is not accepted for a while
    "no-space",  # pushes fail and df shows nothing left, for a while
    "reboot",  # all processes die, nobody answers for a while, the boot id is another
    "kill",  # the benchmark program gets SIGKILL
    "segv",  # the benchmark program gets SIGSEGV
    "hang",  # the benchmark program is stopped
    "cut",  # bytes of a command's output are lost
    "garble",  # bytes of a command's output are others
    "heat",  # the phone is hot for a while
    "low-battery",  # the battery is low for a while
    "throttle",  # the clocks are bounded for a while
)


@dataclass(frozen=True)
class Fault:
    """One mishap: what, after how many bytes of traffic, and for how many seconds where it lasts."""

    kind: str
    at_byte: int
    for_s: float = 0.5

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind!r} is no fault; there are {', '.join(KINDS)}")


@dataclass
class FaultPlan:
    """Faults in the order of their bytes; traffic of both directions is counted from the phone's start."""

    faults: Sequence[Fault] = ()
    traffic: int = 0
    fired: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.faults = sorted(self.faults, key=lambda fault: fault.at_byte)

    def until_next(self) -> int | None:
        """How many bytes may pass before the next fault; None when there is none left."""
        left = self.faults[len(self.fired) :]
        return max(0, left[0].at_byte - self.traffic) if left else None

    def count(self, size: int) -> Fault | None:
        """Count traffic, and give the fault that it reaches, once."""
        self.traffic += size
        left = self.faults[len(self.fired) :]
        if left and self.traffic >= left[0].at_byte:
            self.fired.append(left[0])
            return left[0]
        return None
