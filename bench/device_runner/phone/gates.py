"""Gates: what must hold before a block is measured. Each has a name, under which it may be ignored."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bench.device_runner.interruption import Interruption
from bench.device_runner.phone.connection import Patience
from bench.device_runner.phone.probes import State
from lut.errors import DeviceError

__all__ = ["GATES", "Gatekeeper", "Limits", "View", "check_gates"]


@dataclass(frozen=True)
class Limits:
    """What the gates ask for. A profile may change it."""

    battery_level: int = 20
    """Per cent. Below, phones start to save power."""
    battery_celsius: float = 42.0
    """Where phones begin to bound their clocks for the battery's sake."""
    zone_celsius: float = 65.0
    """The hottest readable thermal zone. Between blocks, not under load."""
    clock_share: float = 0.95
    """The highest clock allowed at present, as a share of the processor's own."""
    load: float = 0.25
    """Share of all cores' time that others take."""
    free_bytes: int = 16 << 20


@dataclass(frozen=True)
class View:
    """What a gate looks at."""

    state: State
    before: State | None
    own_khz: Mapping[int, int]
    limits: Limits


def _battery_level(view: View) -> str | None:
    level, least = view.state.battery_level, view.limits.battery_level
    return (
        f"the battery is at {level} %, {least} % are needed" if level is not None and level < least else None
    )


def _battery_heat(view: View) -> str | None:
    heat, most = view.state.battery_celsius, view.limits.battery_celsius
    return (
        f"the battery has {heat:.1f} °C, above the limit of {most:.1f} °C"
        if heat is not None and heat > most
        else None
    )


def _plugged(view: View) -> str | None:
    return "no charger or USB power is plugged in" if view.state.plugged is False else None


def _heat(view: View) -> str | None:
    heat, most = view.state.zone_celsius, view.limits.zone_celsius
    return (
        f"the hottest zone has {heat:.1f} °C, above the limit of {most:.1f} °C"
        if heat is not None and heat > most
        else None
    )


def _throttle(view: View) -> str | None:
    for core, khz in view.state.max_khz.items():
        own = view.own_khz.get(core)
        if own and khz < own * view.limits.clock_share:
            return f"core {core} is held at {khz / 1e6:.2f} GHz of its {own / 1e6:.2f}"
    return None


def _awake(view: View) -> str | None:
    if view.state.awake is not False:
        return None
    return "the screen is off; switch 'Stay awake' on in the phone's developer options"


def _load(view: View) -> str | None:
    now, before = view.state.cpu_ticks, view.before and view.before.cpu_ticks
    if not now or not before or now[1] <= before[1]:
        return None
    share = (now[0] - before[0]) / (now[1] - before[1])
    most = view.limits.load
    return (
        f"other programs take {share:.0%} of the processors, above the limit of {most:.0%}"
        if share > most
        else None
    )


def _space(view: View) -> str | None:
    free, least = view.state.free_bytes, view.limits.free_bytes
    if free is None or free >= least:
        return None
    return f"{free / 1e6:.1f} MB are free in /data/local/tmp, {least / 1e6:.0f} MB are needed"


GATES: dict[str, Callable[[View], str | None]] = {
    "battery-level": _battery_level,
    "battery-heat": _battery_heat,
    "plugged": _plugged,
    "heat": _heat,
    "throttle": _throttle,
    "awake": _awake,
    "load": _load,
    "space": _space,
}
"""Each gives the reason why it is shut, or None. What a phone does not tell shuts no gate."""


def check_gates(view: View, ignored: frozenset[str]) -> dict[str, str]:
    """Give the reasons of the gates that are shut, by name."""
    looked = ((name, gate(view)) for name, gate in GATES.items() if name not in ignored)
    return {name: reason for name, reason in looked if reason}


@dataclass
class Gatekeeper:
    """Lets blocks begin when all gates are open, and counts how often each was shut."""

    own_khz: Mapping[int, int]
    limits: Limits
    ignored: frozenset[str]
    patience: Patience
    met: Counter[str] = field(default_factory=Counter)

    def wait(
        self,
        probe: Callable[[], State],
        announce: Callable[[str], None],
        serial: str,
        interruption: Interruption,
    ) -> State:
        """Wait for open gates, at most as long as patience has it, and give the state they opened in.

        Raises:
            DeviceError: a gate stays shut; the message names it and the way around.
            LostError: `probe` lost the phone.
            StoppedError: `interruption` was set.
        """
        deadline = time.monotonic() + self.patience.gate_s
        before: State | None = None
        told: set[str] = set()
        while True:
            state = probe()
            shut = check_gates(View(state, before, self.own_khz, self.limits), self.ignored)
            if not shut and (before or "load" in self.ignored or not state.cpu_ticks):
                return state
            for name, reason in shut.items():
                if name not in told:
                    told.add(name)
                    self.met[f"gate {name}"] += 1
                    announce(f"{serial} waits: {reason} (gate {name}).")
            if shut and time.monotonic() > deadline:
                reasons = "; ".join(f"{reason} (gate {name})" for name, reason in shut.items())
                raise DeviceError(
                    f"{serial} was not fit to measure for {self.patience.gate_s:g} s: {reasons}. "
                    f"Fix that, or measure anyway with --ignore-gate {next(iter(shut))}."
                )
            interruption.pause(self.patience.poll_s if shut else self.patience.load_s)
            before = state
