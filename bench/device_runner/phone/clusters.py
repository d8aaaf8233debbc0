"""Cores read into clusters: grouped by the clock they share, ranked by their speed, named by their rank."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from bench.device_runner.phone.core_files import (
    read_blanks,
    read_core_files,
    read_folders,
    read_list,
    read_parts,
    read_values,
)
from bench.device_runner.phone.cores import Cluster, Cores

__all__ = ["read_cores"]

_LITTLE = {("0x41", part) for part in ("0xd03", "0xd04", "0xd05", "0xd46", "0xd80")} | {
    ("0x51", part) for part in ("0x801", "0x803", "0x805")
}
"""Implementer and part, by /proc/cpuinfo, of designs for little clusters: Arm's Cortex-A53, A35, A55, A510
and A520, and Qualcomm's Kryo Silver after them."""


def read_cores(files: str, cpuinfo: str) -> Cores:
    """Read a phone's cores.

    Args:
        files: lines PATH=VALUE of files below /sys/devices/system/cpu.
        cpuinfo: what /proc/cpuinfo holds.
    """
    values = read_values(files)
    parts = read_parts(cpuinfo)
    possible, present, online = (read_list(values, name) for name in ("possible", "present", "online"))
    folders = dict(read_folders(values))
    related = {core: read_blanks(folder.get("related_cpus", "")) for core, folder in folders.items()}
    seen = set(folders) | set(parts) | set().union(*related.values())
    seen |= {core for core, _, _ in read_core_files(values)} | (present or set()) | (online or set())
    everything = possible or frozenset(seen)
    groups = _group(everything, related, folders, values)
    clusters = [_describe(group, folders, related, values, parts) for group in groups]
    return Cores(
        possible,
        present,
        online,
        frozenset(core for core, file, value in read_core_files(values) if (file, value) == ("isolate", "1")),
        # Kernels number cores from 0, so without `possible` others are hidden where that one is.
        _name(_rank(_merge(clusters)), whole=possible is not None or 0 in everything),
    )


def _group(
    everything: frozenset[int],
    related: Mapping[int, frozenset[int]],
    folders: Mapping[int, Mapping[str, str]],
    values: Mapping[str, str],
) -> list[tuple[int, ...]]:
    """Divide cores into those that share a clock; what no file groups stays together where it is in a row."""
    groups: list[frozenset[int]] = []
    siblings = [
        read_blanks(value)
        for _, file, value in read_core_files(values)
        if file in ("topology/cluster_cpus_list", "topology/core_siblings_list")
    ]
    siblings = [cores for cores in siblings if len(cores) > 1]  # newer kernels list each core alone
    left = set(everything)
    for cores in sorted(set(related.values()) - {frozenset()}, key=min):
        whole = frozenset(cores & left)
        split = [whole & each for each in dict.fromkeys(siblings) if whole & each]
        # One policy may span two clusters with caches of their own.
        if sum(map(len, split)) != len(whole) or frozenset().union(*split) != whole:
            split = [whole]
        groups += [each for each in split if each]
        left -= whole
    for cores in siblings:
        if cores <= left:
            groups.append(cores)
            left -= cores
    return [tuple(sorted(each)) for each in groups] + list(_rows(left, folders, values))


def _rows(
    cores: set[int], folders: Mapping[int, Mapping[str, str]], values: Mapping[str, str]
) -> Iterator[tuple[int, ...]]:
    """Divide cores that no file groups: at gaps, and where their capacity or clocks change."""
    capacities = {core: value for core, file, value in read_core_files(values) if file == "cpu_capacity"}

    def describe(core: int) -> tuple[str | None, ...]:
        folder = folders.get(core, {})
        if "related_cpus" in folder:  # else it were in that group: the folder is another cluster's
            folder = {}
        clocks = (folder.get(name) for name in ("cpuinfo_max_freq", "scaling_max_freq"))
        return capacities.get(core), *clocks

    row: list[int] = []
    for core in sorted(cores):
        if row and (core != row[-1] + 1 or describe(core) != describe(row[-1])):
            yield tuple(row)
            row = []
        row.append(core)
    if row:
        yield tuple(row)


def _describe(
    cores: tuple[int, ...],
    folders: Mapping[int, Mapping[str, str]],
    related: Mapping[int, frozenset[int]],
    values: Mapping[str, str],
    parts: Mapping[int, tuple[str, str] | None],
) -> Cluster:
    # A folder tells of the cores that it relates: while cores come and go it may be another cluster's.
    own = [folder for core, folder in folders.items() if (related[core] or {core}) & set(cores)]
    found = {
        name: [int(folder[name]) for folder in own if folder.get(name, "").isdigit() and int(folder[name])]
        for name in ("cpuinfo_max_freq", "scaling_max_freq", "scaling_cur_freq")
    }
    capacities = [
        int(value)
        for core, file, value in read_core_files(values)
        if file == "cpu_capacity" and core in cores and value.isdigit()
    ]
    kinds = {part for core in cores if (part := parts.get(core)) is not None}
    return Cluster(
        cores,
        max_khz=max(found["cpuinfo_max_freq"], default=None),
        seen_khz=max((khz for clocks in found.values() for khz in clocks), default=None),
        cap_khz=max(found["scaling_max_freq"], default=None),
        capacity=max(capacities, default=None),
        part=kinds.pop() if len(kinds) == 1 else None,
    )


def _merge(clusters: list[Cluster]) -> list[Cluster]:
    """Put single cores with clocks of their own together where they are alike in all that is known."""
    merged: list[Cluster] = []
    for cluster in sorted(clusters, key=lambda each: each.cores):
        last = merged[-1] if merged else None
        kind = (cluster.max_khz, cluster.capacity, cluster.part)
        if (
            last is not None
            and len(cluster.cores) == 1
            and last.cores[-1] == cluster.cores[0] - 1
            and (last.max_khz, last.capacity, last.part) == kind
            and (cluster.max_khz or cluster.capacity)
        ):
            merged[-1] = replace(last, cores=last.cores + cluster.cores)
        else:
            merged.append(cluster)
    return merged


def _rank(clusters: list[Cluster]) -> list[tuple[tuple[int, int] | None, Cluster]]:
    """Give clusters with their speed, the slowest first; None, and before all others, where it is unknown.

    A design for little cores is slower than another one at any clock.
    """
    by_capacity = all(each.capacity for each in clusters)
    by_design = all(each.part for each in clusters)
    designs = [each.part in _LITTLE for each in clusters]
    clocks = _compare_clocks(clusters)
    ranked: list[tuple[tuple[int, int] | None, Cluster]] = []
    for cluster, little, khz in zip(clusters, designs, clocks, strict=True):
        speed: tuple[int, int] | None = None
        if by_capacity:
            speed = cluster.capacity or 0, 0
        elif by_design and (khz or designs.count(little) == 1):
            speed = int(not little), khz or 0
        elif not by_design and khz:
            speed = 0, khz
        ranked.append((speed, cluster))
    return sorted(ranked, key=lambda pair: (pair[0] is not None, pair[0] or (0, 0), pair[1].cores))


def _compare_clocks(clusters: list[Cluster]) -> list[int | None]:
    """Give each cluster's highest clock, or one it was seen at where that is above all others' highest."""
    highest = max((each.max_khz for each in clusters if each.max_khz), default=None)
    above = [each for each in clusters if not each.max_khz and highest and (each.seen_khz or 0) > highest]
    return [each.max_khz or (each.seen_khz if above == [each] else None) for each in clusters]


def _name(ranked: list[tuple[tuple[int, int] | None, Cluster]], *, whole: bool) -> tuple[Cluster, ...]:
    """Name clusters by their rank; the fastest known one is big though others are not known (not `whole`)."""
    speeds = sorted({speed for speed, _ in ranked if speed is not None})
    unsure = not whole or any(speed is None for speed, _ in ranked)
    names = dict.fromkeys(speeds, "middle")
    if speeds:
        names[speeds[0]] = "little"
        names[speeds[-1]] = "big"
        top = [cluster for speed, cluster in ranked if speed == speeds[-1]]
        if len(speeds) > 2 and sum(len(each.cores) for each in top) == 1:
            names[speeds[-1]] = "prime"
            if len(speeds) > 3:
                names[speeds[-2]] = "big"
    if unsure:
        names = {speed: "big" if speed == speeds[-1] else "unknown" for speed in speeds}
    return tuple(
        cluster if speed is None else replace(cluster, name=names[speed]) for speed, cluster in ranked
    )
