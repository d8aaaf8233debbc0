"""What was understood of a phone, in lines: its clusters, its heat, its battery, and what is not known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bench.device_runner.phone.cores import Cluster, Cores, format_list
from bench.device_runner.phone.gates import Verdict
from bench.device_runner.phone.probes import Identity, State

__all__ = ["explain_state", "list_cores"]

_UNKNOWN = "unknown"


def list_cores(identity: Identity) -> Iterator[tuple[str, str]]:
    """Give a line for the cores and one for each cluster, by what they are about."""
    cores = identity.cores
    yield "cores", _describe_cores(cores, identity.allowed)
    for cluster in cores.clusters:
        yield f"cluster {cluster.name}", _describe_cluster(cluster)


def explain_state(state: State, verdicts: Mapping[str, Verdict]) -> Iterator[tuple[str, str]]:
    """Give lines for heat, zones, battery and gates, by what they are about."""
    yield "skin", _format_celsius(state.skin_celsius)
    yield "silicon", _format_celsius(state.zone_celsius)
    counted = [f"{zone.kind} {zone.celsius:.1f} °C, {zone.counts}" for zone in state.zones if zone.counts]
    yield (
        "zones",
        f"{len(counted)} of {len(state.zones)} count" + "".join(f", {each}" for each in counted[:8]),
    )
    reasons: dict[str, list[str]] = {}
    for zone in state.zones:
        if zone.why:
            reasons.setdefault(zone.why, []).append(zone.kind)
    for why, kinds in reasons.items():
        yield "zones left out", f"{why}: {', '.join(dict.fromkeys(kinds))}"
    status = state.service.status
    yield "thermal status", str(status) if status is not None else f"{_UNKNOWN}: {state.service.why_unknown}"
    if state.siop_level is not None:
        yield "siop level", str(state.siop_level)
    yield "battery", _describe_battery(state)
    for name, verdict in verdicts.items():
        yield f"gate {name}", verdict.reason or ("open" if verdict.known else f"{_UNKNOWN}, so it is open")


def _describe_cores(cores: Cores, allowed: frozenset[int] | None) -> str:
    parts = [
        format_list(cores.possible) if cores.possible else f"{_UNKNOWN}, {format_list(cores.known)} seen"
    ]
    offline = cores.asleep - cores.parked
    parts += [f"offline {format_list(offline)}"] if offline else []
    parts += [f"parked {format_list(cores.parked)}"] if cores.parked else []
    parts += [f"programs may use {format_list(allowed)}"] if allowed and allowed < cores.known else []
    return ", ".join(parts)


def _describe_cluster(cluster: Cluster) -> str:
    clock = _format_khz(cluster.max_khz)
    share = cluster.cap_share
    cap = "" if share is None else f" ({100 * share:.0f} %)"
    return f"{format_list(cluster.cores)}, {clock}, allowed now: {_format_khz(cluster.cap_khz)}{cap}"


def _describe_battery(state: State) -> str:
    battery = state.battery
    if battery.why_unknown:
        return f"{_UNKNOWN}: {battery.why_unknown}"
    level = _UNKNOWN if battery.level is None else f"{battery.level} %"
    plugged = {None: f"power {_UNKNOWN}", True: "plugged in", False: "not plugged in"}[battery.plugged]
    return f"{level}, {_format_celsius(battery.celsius)}, {plugged}"


def _format_khz(khz: int | None) -> str:
    return _UNKNOWN if khz is None else f"{khz / 1e6:.2f} GHz"


def _format_celsius(celsius: float | None) -> str:
    return _UNKNOWN if celsius is None else f"{celsius:.1f} °C"
