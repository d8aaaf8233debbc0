"""What `bench doctor --device` says of a phone."""

from __future__ import annotations

from bench.device_runner.phone.explanation import explain_cores, explain_state
from bench.device_runner.phone.gates import Limits, View, look_at_gates
from bench.device_runner.phone.probes import read_identity, read_state

CPU = "/sys/devices/system/cpu"
ZONE = "/sys/class/thermal/thermal_zone"


def test_clusters_with_what_they_are_allowed() -> None:
    files = "".join(
        f"{CPU}/cpu{core}/cpufreq/{line}\n"
        for core in (0, 1)
        for line in (f"related_cpus={core}", f"cpuinfo_max_freq={core + 1}000000", "scaling_max_freq=1000000")
    )
    parked = f"{CPU}/possible=0-2\n{CPU}/online=0-1\n{CPU}/cpu1/isolate=1\n"
    identity = read_identity(f"@files\n{files}{parked}allowed=0-1\n")
    assert [(line.about, line.says) for line in explain_cores(identity)] == [
        ("cores", "0-2, offline: 2, parked: 1, programs may use: 0-1"),
        ("cluster unknown", "2, unknown, allowed now: unknown"),
        ("cluster unknown", "0, 1.00 GHz, allowed now: 1.00 GHz (100 %)"),
        ("cluster big", "1, 2.00 GHz, allowed now: 1.00 GHz (50 %)"),
    ]


def test_zones_by_why_they_count_or_not() -> None:
    kinds = {"cpu-0-0-usr": 81_500, "pm8150b-ibat-lvl1": 781, "lmh-dcvs-00": 75_000, "skin-therm": 33_000}
    zones = "".join(
        f"{ZONE}{number}/type={kind}\n{ZONE}{number}/temp={raw}\n"
        for number, (kind, raw) in enumerate(kinds.items())
    )
    state = read_state(f"@files\n{zones}@battery\n  present: false\n")
    lines = list(explain_state(state, look_at_gates(View(state, None, {}, Limits()))))
    assert [line.says for line in lines if line.about == "zones"] == [
        "silicon: cpu-0-0-usr",
        "left out, a current: pm8150b-ibat-lvl1",
        "left out, a limit of the hardware, always the same: lmh-dcvs-00",
        "skin: skin-therm",
    ]
    says = {line.about: line.says for line in lines}
    assert says["battery"] == "unknown: it has no battery"
    assert says["gate plugged"] == "unknown, so it is open"
    assert [line.shut_gate for line in lines if line.shut_gate] == ["heat"]
