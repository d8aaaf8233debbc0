"""Profiles: read whole, or refused with the place and what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.device_runner.gates import Limits
from bench.device_runner.profile import Profile, find_profile, read_profile
from lut.errors import FileError


def test_a_profile_with_everything(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(
        'threads = 2\ncpus = "F0"\n[gates]\nbattery_level = 40\nignore = ["awake", "load"]\n'
    )
    assert read_profile(tmp_path / "p.toml") == Profile(
        2, "0xf0", Limits(battery_level=40), frozenset({"awake", "load"})
    )


def test_the_user_s_profile_is_found_by_the_device_s_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert find_profile("SM-G950U-7.0-24") == Profile()
    folder = tmp_path / "cnn-latency-lut" / "devices"
    folder.mkdir(parents=True)
    (folder / "SM-G950U-7.0-24.toml").write_text("threads = 4\n")
    assert find_profile("SM-G950U-7.0-24") == Profile(threads=4)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("threads = ", "is no profile"),
        ("threads = 0", "a whole number from 1"),
        ("threads = true", "a whole number from 1"),
        ("cpus = 240", "a hexadecimal mask"),
        ('cpus = "0"', "a hexadecimal mask"),
        ("cores = 4", "knows no 'cores', only cpus, gates, threads"),
        ("[gates]\nheat = 3", "gates knows no 'heat'"),
        ('[gates]\nignore = ["all"]', "gates.ignore knows no 'all'"),
        ('[gates]\nload = "low"', "a number is expected"),
    ],
)
def test_what_means_nothing_is_refused(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(text)
    with pytest.raises(FileError, match=words):
        read_profile(tmp_path / "p.toml")
