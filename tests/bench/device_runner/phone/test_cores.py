"""Cores and clusters, from the files that phones have."""

from __future__ import annotations

import pytest

from bench.device_runner.phone.clusters import read_cores
from bench.device_runner.phone.core_files import read_caps, read_clocks
from bench.device_runner.phone.cores import Cores, format_list, parse_list
from bench.device_runner.processors import format_mask

CPU = "/sys/devices/system/cpu"


def policy(cores: range, khz: int, **others: str) -> str:
    """The files of cpufreq for cores that share a clock."""
    files = {"related_cpus": " ".join(map(str, cores)), "cpuinfo_max_freq": str(khz), **others}
    return "".join(
        f"{CPU}/cpu{core}/cpufreq/{name}={value}\n" for core in cores for name, value in files.items()
    )


EIGHT = f"{CPU}/possible=0-7\n{CPU}/online=0-7\n"
S8 = EIGHT + policy(range(4), 1_900_800) + policy(range(4, 8), 2_361_600)
KIRIN_980 = (
    EIGHT + policy(range(4), 1_805_000) + policy(range(4, 6), 1_901_000) + policy(range(6, 8), 2_600_000)
)


def name_clusters(cores: Cores) -> dict[str, str]:
    return {format_list(each.cores): each.name for each in cores.clusters}


@pytest.mark.parametrize(
    ("text", "cores"),
    [("0-3,6", {0, 1, 2, 3, 6}), ("5", {5}), ("", set()), ("0-", set()), ("$(id)", set())],
)
def test_lists_of_cores(text: str, cores: set[int]) -> None:
    assert parse_list(text) == cores
    assert not cores or format_list(cores) == text


def test_masks() -> None:
    assert format_mask([4, 5, 6, 7]) == "0xf0"
    assert format_mask([]) == ""


def test_a_mask_lies_within_one_cluster() -> None:
    cores = read_cores(KIRIN_980, "")
    assert name_clusters(cores) == {"0-3": "little", "4-5": "middle", "6-7": "big"}
    assert cores.choose_mask(2) == "0xc0"
    assert cores.choose_mask(4) == "0xf", "the one cluster with room for four"
    assert cores.choose_mask(2, name="middle") == "0x30"
    assert cores.choose_mask(8) == "0xff", "who asks for more threads than any cluster has gets several"
    assert cores.choose_mask(1, name="prime") == ""


def test_a_mask_holds_cores_that_programs_may_use() -> None:
    cores = read_cores(S8, "")
    assert cores.choose_mask(2, frozenset({0, 1, 4, 5})) == "0x30"
    assert cores.choose_mask(2, frozenset({0, 1})) == "0x3"


def test_parked_cores_are_of_their_cluster_and_taken_last() -> None:
    cores = read_cores(f"{S8}{CPU}/cpu4/isolate=1\n{CPU}/cpu7/isolate=1\n{CPU}/cpu5/isolate=0\n", "")
    assert cores.asleep == {4, 7}
    assert cores.choose_mask(4) == "0xf0"
    assert cores.choose_mask(2) == "0x60"


def test_offline_cores_without_files_are_told_by_their_kind() -> None:
    """As on a Nexus 5X: possible counts them, cpuinfo names an A57."""
    files = f"{CPU}/possible=0-5\n{CPU}/online=0-3\n" + policy(range(4), 1_440_000)
    parts = ["0xd03"] * 4 + ["0xd07"] * 2
    cpuinfo = "".join(
        f"processor\t: {core}\nCPU implementer\t: 0x41\nCPU part\t: {part}\n"
        for core, part in enumerate(parts)
    )
    cores = read_cores(files, cpuinfo)
    assert name_clusters(cores) == {"0-3": "little", "4-5": "big"}
    assert name_clusters(read_cores(files, "")) == {"4-5": "unknown", "0-3": "big"}
    assert cores.count == 6


def test_a_little_design_is_slower_at_the_same_clock() -> None:
    files = EIGHT + policy(range(4), 2_000_000) + policy(range(4, 8), 2_000_000)
    cpuinfo = "".join(
        f"processor: {core}\nCPU implementer: 0x41\nCPU part: {'0xd09' if core < 4 else '0xd03'}\n"
        for core in range(8)
    )
    assert name_clusters(read_cores(files, cpuinfo)) == {"4-7": "little", "0-3": "big"}


def test_a_fastest_core_that_stands_alone_is_prime() -> None:
    capacities = [182] * 4 + [725] * 4 + [1024]
    files = "".join(f"{CPU}/cpu{core}/cpu_capacity={each}\n" for core, each in enumerate(capacities))
    assert name_clusters(read_cores(files, "")) == {"0-3": "little", "4-7": "middle", "8": "prime"}


def test_cores_with_clocks_of_their_own_are_one_cluster_where_they_are_alike() -> None:
    files = f"{CPU}/possible=0-3\n" + "".join(policy(range(core, core + 1), 2_000_000) for core in range(4))
    assert name_clusters(read_cores(files, "")) == {"0-3": "big"}


def test_a_folder_that_relates_other_cores_tells_of_those() -> None:
    """A core that goes offline while it is read may show another cluster's folder."""
    folder = f"{CPU}/cpu0/cpufreq"
    files = f"{CPU}/possible=0-3\n{folder}/related_cpus=2 3\n{folder}/cpuinfo_max_freq=2002000\n"
    (unknown, big) = read_cores(files, "").clusters
    assert (unknown.cores, unknown.max_khz) == ((0, 1), None)
    assert (big.cores, big.max_khz) == ((2, 3), 2_002_000)


def test_a_policy_s_clocks_hold_for_all_its_cores() -> None:
    files = "".join(
        f"{CPU}/cpufreq/policy4/{line}\n"
        for line in ("related_cpus=4 5 6", "scaling_max_freq=2419200", "cpuinfo_max_freq=2419200")
    )
    assert read_caps(files) == dict.fromkeys((4, 5, 6), 2_419_200)
    assert read_clocks(f"{CPU}/cpu0/cpufreq/scaling_cur_freq=<unknown>\n", "scaling_cur_freq") == {}


def test_a_cap_is_a_share_of_the_hardware_s_clock() -> None:
    """As on a Galaxy S9: the big cores are held at two thirds for ever."""
    files = EIGHT + policy(range(4), 1_794_000) + policy(range(4, 8), 2_704_000, scaling_max_freq="1794000")
    little, big = read_cores(files, "").clusters
    assert little.cap_share is None
    assert big.cap_share == pytest.approx(0.66, abs=0.01)


@pytest.mark.parametrize("text", ["", "sh: not found", f"{CPU}/possible=\n", f"{CPU}/cpu9999999/isolate=1\n"])
def test_nothing_is_made_of_nothing(text: str) -> None:
    assert read_cores(text, "") == Cores()
