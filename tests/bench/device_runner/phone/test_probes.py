"""What phones print, read as numbers or not at all."""

from __future__ import annotations

from bench.device_runner.phone.probes import UNAVAILABLE, State, probe_identity, probe_state


class Says:
    """A connection to a phone that prints one thing."""

    def __init__(self, text: str) -> None:
        self._text = text

    def run(self, command: str) -> object:
        assert command
        return type("Said", (), {"output": self._text})()


def test_a_phone_that_tells_nothing_is_unavailable_in_everything() -> None:
    state = probe_state(Says("sh: not found\n"))  # type: ignore[arg-type]
    assert set(state.to_text().values()) == {UNAVAILABLE}
    assert state == State()


def test_a_phone_that_tells_nothing_has_still_a_safe_name() -> None:
    identity = probe_identity(Says(""))  # type: ignore[arg-type]
    assert identity.name == "unknown-unknown-unknown"
    assert identity.cores.choose_mask(4) == ""
    assert identity.allowed is None


def test_parts_of_an_answer_are_kept_apart() -> None:
    """What one service says under another's name does not count."""
    said = "@battery\n  level: 50\n  mWakefulness=Asleep\n@power\nmWakefulness=Awake\n@df\n  level: 7\n"
    state = probe_state(Says(said))  # type: ignore[arg-type]
    assert state.awake is True
    assert state.battery.level == 50


def test_the_hottest_of_zones_and_service_counts() -> None:
    said = (
        "@files\n/sys/class/thermal/thermal_zone0/type=cpu-0-0-usr\n"
        "/sys/class/thermal/thermal_zone0/temp=41500\n"
        "@thermalservice\nThermal Status: 0\nCurrent temperatures from HAL:\n"
        "\tTemperature{mValue=44.0, mType=0, mName=AP, mStatus=0}\n"
        "\tTemperature{mValue=33.3, mType=3, mName=SKIN, mStatus=0}\n"
    )
    text = probe_state(Says(said)).to_text()  # type: ignore[arg-type]
    assert (text["zone_celsius"], text["skin_celsius"], text["thermal_status"]) == ("44.0", "33.3", "0")
    assert text["battery_level"] == UNAVAILABLE
