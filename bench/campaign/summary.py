"""What a run did, as it goes on and at its end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from bench.sampling import Standing
from lut.drift import RunDrift, UnitDrift
from lut.entries import BlockState, Failure, Measurement
from lut.journal import Disturbances

__all__ = ["RunSummary"]


@dataclass
class RunSummary:
    """What a run did: operators and visits, where the time went in seconds, what was overcome."""

    planned: int = 0
    resumed: int = 0
    measured: int = 0
    visits: int = 0
    failures: list[Failure] = field(default_factory=list)
    """Operators that failed in this run."""
    failed_before: int = 0
    """Operators that failed in an earlier run and were not tried again; `resumed` counts them too."""
    disturbances: Disturbances = field(default_factory=Disturbances)
    """What was made again, and what stayed spoilt."""
    recoveries: int = 0
    """Visits made again because the device was lost in them."""
    incidents: Counter[str] = field(default_factory=Counter)
    """Mishaps that devices overcame, by kind."""
    visits_on: Counter[str] = field(default_factory=Counter)
    """Visits by the serial of the device that made them."""
    latest: dict[str, Measurement | Failure] = field(default_factory=dict)
    """Each device's last outcome, by its serial."""
    states: dict[str, BlockState] = field(default_factory=dict)
    """How each device was when its present block began, by its serial."""
    lost_devices: dict[str, str] = field(default_factory=dict)
    """Devices that dropped out, and why; others took over their work."""
    engine_s: float = 0.0
    load_s: float = 0.0
    wall_s: float = 0.0
    standing: Standing | None = None
    """Where a run chooses its operators: how it stood when the present round began, or at the end."""
    drift: RunDrift | None = None
    """How the device was against the journal's earlier runs; None where that can't be told."""
    units: tuple[UnitDrift, ...] = ()
    """How fast several units are, by the anchors of this run."""

    @property
    def failed(self) -> int:
        """How many operators failed in this run."""
        return len(self.failures)
