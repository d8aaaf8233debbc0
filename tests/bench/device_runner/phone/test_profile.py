"""Profiles: read whole, or refused with the place and what was expected."""

from __future__ import annotations

import contextlib
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.device_runner import read_profile
from bench.device_runner.phone.gates import Limits
from bench.device_runner.phone.profile import Profile, find_profile
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
        ("threads = ", "is not a profile"),
        ("threads = 0", "a whole number from 1"),
        ("threads = true", "a whole number from 1"),
        ("cpus = 240", "a hexadecimal mask"),
        ('cpus = "0"', "a hexadecimal mask"),
        ("cores = 4", "knows no 'cores', only cpus, gates, threads"),
        ("[gates]\nheat = 3", "gates knows no 'heat'"),
        ('[gates]\nignore = ["all"]', "gates.ignore knows no 'all'"),
        ('[gates]\nload = "low"', "a number is expected"),
        ("threads = 1.0", "threads is 1.0, a whole number from 1"),
        ("threads = [4]", r"threads is \[4\], a whole number from 1"),
        ('cpus = "all"', "cpus is 'all', a hexadecimal mask"),
        ('cpus = "-f0"', "cpus is '-f0', a hexadecimal mask"),
        ('cpus = ""', "cpus is '', a hexadecimal mask"),
        ("gates = 3", r"gates is 3, a table \[gates\] is expected"),
        ('gates = "awake"', r"gates is 'awake', a table \[gates\] is expected"),
        ("[[gates]]\nload = 1", r"gates is \[\{'load': 1\}\], a table \[gates\] is expected"),
        ("[gates]\nignore = 3", r'gates.ignore is 3, a list of gates such as \["awake"\] is expected'),
        ('[gates]\nignore = "awake"', "gates.ignore is 'awake', a list of gates"),
        ("[gates]\nignore = {awake = 1}", r"gates.ignore is \{'awake': 1\}, a list of gates"),
        ("[gates]\nignore = [3]", r"gates.ignore is \[3\], a list of gates"),
        ('[gates]\nignore = [["awake"]]', r"gates.ignore is \[\['awake'\]\], a list of gates"),
        ("[gates]\nload = true", "gates.load is True, a number is expected"),
        ("[gates]\nload = inf", "gates.load is inf, a number is expected"),
        (f"[gates]\nfree_bytes = {'9' * 400}", "gates.free_bytes is 9+, a number is expected"),
        ("[gates]\nload = nan", "gates.load is nan, a number is expected"),
        ("[gates]\nbattery_level = {a = 1}", r"gates.battery_level is \{'a': 1\}, a number is expected"),
    ],
)
def test_what_means_nothing_is_refused(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(text)
    with pytest.raises(FileError, match=words) as refusal:
        read_profile(tmp_path / "p.toml")
    assert str(tmp_path / "p.toml") in str(refusal.value)


def test_nesting_without_end_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text("threads = " + "[" * 100_000)
    with pytest.raises(FileError, match="is not a profile"):
        read_profile(tmp_path / "p.toml")


SCALARS = [
    "3",
    "-1",
    "0.5",
    "true",
    "inf",
    "1e400",
    "9" * 400,
    "2020-01-01",
    "12:30:00",
    '""',
    '"f0"',
    '"awake"',
]
VALUES = st.recursive(
    st.sampled_from(SCALARS),
    lambda inner: (
        st.lists(inner, max_size=2).map(lambda items: f"[{', '.join(items)}]")
        | st.dictionaries(st.sampled_from(["ignore", "load", "a"]), inner, max_size=2).map(
            lambda table: "{" + ", ".join(f"{name} = {value}" for name, value in table.items()) + "}"
        )
    ),
    max_leaves=4,
)
KEYS = ["threads", "cpus", "gates", "gates.ignore", *(f"gates.{limit.name}" for limit in fields(Limits))]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.sampled_from(KEYS), value=VALUES)
def test_any_value_of_any_key_is_taken_or_refused_by_its_name(tmp_path: Path, key: str, value: str) -> None:
    file = tmp_path / "p.toml"
    file.write_text(f"{key} = {value}\n")
    try:
        profile = read_profile(file)
    except FileError as error:
        profile, told = None, str(error)
        assert told.startswith(f"{file} is not a profile: ")
        assert key.partition(".")[0] in told
    if profile is not None:
        assert hash(profile) is not None


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=60))
def test_any_bytes_are_a_profile_or_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "p.toml").write_bytes(data)
    with contextlib.suppress(FileError):
        read_profile(tmp_path / "p.toml")
