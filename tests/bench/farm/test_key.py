"""The farm's key: made once, for its owner alone, and refused where others can use it."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("distributed", reason="needs the extra `farm`")

from bench.farm.key import check_key, own_key, provide_key
from lut.errors import FileError


@pytest.fixture
def newcomer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The key's place of somebody who has none yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config" / "cnn-latency-lut" / "farm.pem"


def test_it_is_made_once_for_its_owner_alone(newcomer: Path) -> None:
    assert provide_key() == (newcomer, True)
    content = newcomer.read_bytes()
    assert newcomer.stat().st_mode & 0o777 == 0o600
    check_key(newcomer)
    assert provide_key() == (newcomer, False)
    assert newcomer.read_bytes() == content
    assert list(newcomer.parent.iterdir()) == [newcomer]


def test_no_two_are_alike(newcomer: Path) -> None:
    provide_key()
    first = newcomer.read_bytes()
    newcomer.unlink()
    provide_key()
    assert newcomer.read_bytes() != first


def test_a_folder_that_cannot_be_written_is_named(newcomer: Path) -> None:
    newcomer.parent.parent.write_text("in the way")
    with pytest.raises(FileError, match=r"farm\.pem can't be written: "):
        provide_key()


def test_a_key_that_is_not_there_is_named_with_the_next_step(newcomer: Path) -> None:
    with pytest.raises(FileError, match=r"no farm's key .*farm\.pem \(No such file .*`bench farm up`"):
        check_key(newcomer)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602])
def test_a_key_that_others_can_use_is_refused(newcomer: Path, mode: int) -> None:
    provide_key()
    newcomer.chmod(mode)
    with pytest.raises(FileError, match="chmod 600"):
        check_key(newcomer)


def test_a_certificate_without_its_key_is_refused(newcomer: Path) -> None:
    provide_key()
    _, _, alone = newcomer.read_text().partition("-----END PRIVATE KEY-----\n")
    newcomer.write_text(alone)
    with pytest.raises(FileError, match="is no PEM file with a key and its certificate"):
        check_key(newcomer)


def test_its_place_is_the_user_s_configuration_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    monkeypatch.setenv("HOME", "/home/mary")
    assert own_key() == Path("/home/mary/.config/cnn-latency-lut/farm.pem")
