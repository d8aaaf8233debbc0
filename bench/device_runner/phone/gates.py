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

__all__ = ["GATES", "Gatekeeper", "Limits", "Verdict", "View", "is_cool", "look_at_gates"]

_MODERATE = 2
"""The thermal service's status from which on a phone slows down; below it means another heat on each."""


@dataclass(frozen=True)
class Limits:
    """What the gates ask for. A profile may change it."""

    battery_level: int = 20
    """Per cent. Below, phones start to save power."""
    battery_celsius: float = 42.0
    """Where phones begin to bound their clocks for the battery's sake."""
    skin_celsius: float = 40.0
    """The hottest sensor of the skin: what phones throttle by. They have been seen to at 40 degrees."""
    zone_celsius: float = 80.0
    """The hottest sensor of the silicon. Between blocks: recent phones stand at 75 in light use."""
    clock_share: float = 0.95
    """The highest clock allowed at present, as a share of the highest that was seen allowed while cool."""
    load: float = 0.25
    """Share of all cores' time that others take."""
    free_bytes: int = 16 << 20


@dataclass(frozen=True)
class View:
    """What a gate looks at."""

    state: State
    before: State | None
    usual_khz: Mapping[int, int]
    """The highest clock that was seen allowed, by core."""
    limits: Limits
    cores: frozenset[int] | None = None
    """Those that will be measured on; None for all."""


@dataclass(frozen=True)
class Verdict:
    """Whether a gate is shut, and why; or that a phone does not tell what would be needed to know."""

    reason: str | None = None
    known: bool = True


_OPEN = Verdict()
_UNKNOWN = Verdict(known=False)


def _battery_level(view: View) -> Verdict:
    level, least = view.state.battery.level, view.limits.battery_level
    if level is None:
        return _UNKNOWN
    return Verdict(f"the battery is at {level} %, {least} % are needed") if level < least else _OPEN


def _battery_heat(view: View) -> Verdict:
    return _judge_heat("the battery", view.state.battery.celsius, view.limits.battery_celsius)


def _plugged(view: View) -> Verdict:
    if view.state.battery.plugged is None:
        return _UNKNOWN
    return _OPEN if view.state.battery.plugged else Verdict("no charger or USB power is plugged in")


def _heat(view: View) -> Verdict:
    looked = (
        _judge_heat("the skin", view.state.skin_celsius, view.limits.skin_celsius),
        _judge_heat("the processor", view.state.zone_celsius, view.limits.zone_celsius),
    )
    known = [verdict for verdict in looked if verdict.known]
    return next((each for each in known if each.reason), known[0] if known else _UNKNOWN)


def _judge_heat(what: str, celsius: float | None, most: float) -> Verdict:
    if celsius is None:
        return _UNKNOWN
    return (
        Verdict(f"{what} has {celsius:.1f} °C, above the limit of {most:.1f} °C") if celsius > most else _OPEN
    )


def _throttle(view: View) -> Verdict:
    if reason := _find_throttling(view.state):
        return Verdict(reason)
    caps = {core: khz for core, khz in view.state.max_khz.items() if view.cores is None or core in view.cores}
    for core, khz in caps.items():
        usual = view.usual_khz.get(core, khz)
        if khz < usual * view.limits.clock_share:
            return Verdict(f"core {core} is held at {khz / 1e6:.2f} GHz, {usual / 1e6:.2f} are usual")
    return _OPEN if caps else _UNKNOWN


def _find_throttling(state: State) -> str | None:
    """Tell how the phone says that it slows down. That it does not say so means nothing."""
    if state.siop_level is not None and state.siop_level > 0:
        return f"the phone slows itself down (sys.siop.level is {state.siop_level})"
    if state.service.status is not None and state.service.status >= _MODERATE:
        return f"the phone slows itself down (thermal status {state.service.status})"
    if state.service.throttled:
        return f"the phone slows its cores down (cooling device {state.service.throttled[0]})"
    return None


def _awake(view: View) -> Verdict:
    if view.state.awake is None:
        return _UNKNOWN
    sentence = "the screen is off; switch 'Stay awake' on in the phone's developer options"
    return _OPEN if view.state.awake else Verdict(sentence)


def _load(view: View) -> Verdict:
    now, before = view.state.cpu_ticks, view.before and view.before.cpu_ticks
    if not now:
        return _UNKNOWN
    if not before or now[1] <= before[1]:
        return _OPEN
    share = (now[0] - before[0]) / (now[1] - before[1])
    most = view.limits.load
    if share <= most:
        return _OPEN
    return Verdict(f"other programs take {share:.0%} of the processors, above the limit of {most:.0%}")


def _space(view: View) -> Verdict:
    free, least = view.state.free_bytes, view.limits.free_bytes
    if free is None:
        return _UNKNOWN
    sentence = f"{free / 1e6:.1f} MB are free in /data/local/tmp, {least / 1e6:.0f} MB are needed"
    return _OPEN if free >= least else Verdict(sentence)


GATES: dict[str, Callable[[View], Verdict]] = {
    "battery-level": _battery_level,
    "battery-heat": _battery_heat,
    "plugged": _plugged,
    "heat": _heat,
    "throttle": _throttle,
    "awake": _awake,
    "load": _load,
    "space": _space,
}
"""What a phone does not tell shuts no gate."""


def look_at_gates(view: View, ignored: frozenset[str] = frozenset()) -> dict[str, Verdict]:
    """Give the verdict of every gate that is not ignored, by its name."""
    return {name: gate(view) for name, gate in GATES.items() if name not in ignored}


def is_cool(state: State, limits: Limits) -> bool:
    """Tell whether nothing that a phone says speaks for heat: what it allows then is its usual clock."""
    view = View(state, None, {}, limits)
    return not (_heat(view).reason or _battery_heat(view).reason or _find_throttling(state))


@dataclass
class Gatekeeper:
    """Lets blocks begin when all gates are open, and counts how often each was shut."""

    usual_khz: dict[int, int]
    """The highest clock seen allowed, by core; it grows while the phone is cool."""
    limits: Limits
    ignored: frozenset[str]
    patience: Patience
    met: Counter[str] = field(default_factory=Counter)
    unjudged: frozenset[str] = frozenset()
    """The gates that the phone told too little for at the last look; they are open."""
    _told_unjudged: frozenset[str] = frozenset()

    def wait(
        self,
        probe: Callable[[], State],
        announce: Callable[[str], None],
        serial: str,
        interruption: Interruption,
        cores: frozenset[int] | None = None,
    ) -> State:
        """Wait for open gates, at most as long as patience has it, and give the state they opened in.

        `cores` are those that will be measured on; None for all. Which gates can't be judged is said once.

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
            verdicts = self._look(state, before, cores)
            shut = {name: verdict.reason for name, verdict in verdicts.items() if verdict.reason}
            self._tell_unjudged(verdicts, announce, serial)
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

    def _look(self, state: State, before: State | None, cores: frozenset[int] | None) -> dict[str, Verdict]:
        if is_cool(state, self.limits):
            for core, khz in state.max_khz.items():
                self.usual_khz[core] = max(khz, self.usual_khz.get(core, 0))
        return look_at_gates(View(state, before, self.usual_khz, self.limits, cores), self.ignored)

    def _tell_unjudged(
        self, verdicts: Mapping[str, Verdict], announce: Callable[[str], None], serial: str
    ) -> None:
        self.unjudged = frozenset(name for name, verdict in verdicts.items() if not verdict.known)
        if new := sorted(self.unjudged - self._told_unjudged):
            self._told_unjudged |= self.unjudged
            announce(f"{serial} does not tell enough to judge {', '.join(new)}: measured all the same.")
