"""What phones print, read as numbers or not at all."""

from __future__ import annotations

import pytest

from bench.device_runner.phone.bundle import read_free_bytes
from bench.device_runner.phone.probes import UNAVAILABLE, State, parse_list, probe_identity, probe_state
from bench.device_runner.processors import format_mask


class Says:
    """A connection to a phone that prints one thing."""

    def __init__(self, text: str) -> None:
        self._text = text

    def run(self, command: str) -> object:
        assert command
        return type("Said", (), {"output": self._text})()


@pytest.mark.parametrize(
    ("text", "cores"),
    [("0-3,6", {0, 1, 2, 3, 6}), ("5", {5}), ("", set()), ("0-", set()), ("$(id)", set())],
)
def test_lists_of_cores(text: str, cores: set[int]) -> None:
    assert parse_list(text) == cores


def test_masks() -> None:
    assert format_mask([4, 5, 6, 7]) == "0xf0"
    assert format_mask([]) == ""


def test_a_phone_that_tells_nothing_is_unavailable_in_everything() -> None:
    state = probe_state(Says("sh: not found\n"))  # type: ignore[arg-type]
    assert set(state.to_text().values()) == {UNAVAILABLE}
    assert state == State()


def test_a_phone_that_tells_nothing_has_still_a_safe_name() -> None:
    identity = probe_identity(Says(""))  # type: ignore[arg-type]
    assert identity.name == "unknown-unknown-unknown"
    assert identity.fastest_mask(4) == ""


@pytest.mark.parametrize(("reading", "celsius"), [(41, 41.0), (415, 41.5), (41500, 41.5)])
def test_heat_in_degrees_tenths_and_thousandths(reading: int, celsius: float) -> None:
    said = f"/sys/class/thermal/thermal_zone0/temp={reading}\n/sys/class/thermal/thermal_zone1/temp=-40\n"
    assert probe_state(Says(said)).zone_celsius == celsius  # type: ignore[arg-type]


def test_free_space_as_toybox_prints_it() -> None:
    listing = "Filesystem     1K-blocks    Used Available Use% Mounted on\n/dev/dm-1 100 60 40 60% /data\n"
    assert read_free_bytes(listing) == 40 * 1024
    assert read_free_bytes("/proc/stat=cpu 1 2 3 4 5 6\n") is None
