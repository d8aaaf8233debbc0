"""What was understood of a phone, in lines: its clusters, its heat, its battery, and what is not known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bench.device_runner.phone.cores import Cluster, Cores, format_list
from bench.device_runner.phone.gates import Verdict
from bench.device_runner.phone.probes import Identity, State
from bench.device_runner.phone.zones import Zone

__all__ = ["Line", "explain_cores", "explain_state"]

_UNKNOWN = "unknown"


@dataclass(frozen=True)
class Line:
    """What is understood of one thing."""

    about: str
    says: str
    shut_gate: str | None = None
    """The name of the gate that is shut by it."""


def explain_cores(identity: Identity) -> Iterator[Line]:
    """Give a line for the cores and one for each cluster."""
    cores = identity.cores
    yield Line("cores", _describe_cores(cores, identity.allowed))
    for cluster in cores.clusters:
        yield Line(f"cluster {cluster.name}", _describe_cluster(cluster))


def explain_state(state: State, verdicts: Mapping[str, Verdict]) -> Iterator[Line]:
    """Give lines for heat, zones, battery and gates."""
    yield Line("skin", _format_celsius(state.skin_celsius))
    yield Line("silicon", _format_celsius(state.zone_celsius))
    yield from _explain_zones(state.zones)
    status, why = state.service.status, state.service.why_unknown
    yield Line("thermal status", f"{_UNKNOWN}: {why}" if status is None else str(status))
    if state.siop_level is not None:
        yield Line("siop level", str(state.siop_level))
    yield Line("battery", _describe_battery(state))
    for name, verdict in verdicts.items():
        unshut = "open" if verdict.known else f"{_UNKNOWN}, so it is open"
        yield Line(f"gate {name}", verdict.reason or unshut, name if verdict.reason else None)


def _explain_zones(zones: tuple[Zone, ...]) -> Iterator[Line]:
    """Give a line for all zones that count, and one for each reason why others do not."""
    if not zones:
        yield Line("zones", "none can be read")
    groups: dict[str, list[str]] = {}
    for zone in zones:
        groups.setdefault(zone.counts or zone.why, []).append(zone.kind)
    for group, kinds in groups.items():
        counts = any(zone.counts == group for zone in zones)
        yield Line("zones", f"{group if counts else f'left out, {group}'}: {', '.join(dict.fromkeys(kinds))}")


def _describe_cores(cores: Cores, allowed: frozenset[int] | None) -> str:
    seen = f", seen: {format_list(cores.known)}" if cores.known else ""
    parts = [format_list(cores.possible) if cores.possible else f"{_UNKNOWN}{seen}"]
    offline = cores.asleep - cores.parked
    parts += [f"offline: {format_list(offline)}"] if offline else []
    parts += [f"parked: {format_list(cores.parked)}"] if cores.parked else []
    parts += [f"programs may use: {format_list(allowed)}"] if allowed and allowed < cores.known else []
    return ", ".join(parts)


def _describe_cluster(cluster: Cluster) -> str:
    share = cluster.cap_share
    cap = "" if share is None else f" ({100 * share:.0f} %)"
    clocks = f"{_format_khz(cluster.max_khz)}, allowed now: {_format_khz(cluster.cap_khz)}{cap}"
    return f"{format_list(cluster.cores)}, {clocks}"


def _describe_battery(state: State) -> str:
    battery = state.battery
    if battery.why_unknown:
        return f"{_UNKNOWN}: {battery.why_unknown}"
    level = f"level {_UNKNOWN}" if battery.level is None else f"{battery.level} %"
    heat = f"heat {_UNKNOWN}" if battery.celsius is None else _format_celsius(battery.celsius)
    power = {None: f"power {_UNKNOWN}", True: "plugged in", False: "not plugged in"}[battery.plugged]
    return f"{level}, {heat}, {power}"


def _format_khz(khz: int | None) -> str:
    return _UNKNOWN if khz is None else f"{khz / 1e6:.2f} GHz"


def _format_celsius(celsius: float | None) -> str:
    return _UNKNOWN if celsius is None else f"{celsius:.1f} °C"
