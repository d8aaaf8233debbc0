"""Pinned files through the real pip, from a folder that stands for the index."""

import errno
import hashlib
import io
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from bench.speed_benchmark.cache import new_folder
from bench.speed_benchmark.fetch import Download, obtain_all
from bench.speed_benchmark.runtime import Component, provide
from lut.cache import default_cache
from lut.errors import EngineError

WHEEL_NAME = "engine-1.0-cp39-cp39-manylinux2014_aarch64.whl"
SDIST_NAME = "headers-2.0.tar.gz"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as pip's only index."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def wheel(index: Path) -> Download:
    path = index / WHEEL_NAME
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("engine/lib/libengine.so", b"machine code")
        archive.writestr("engine/lib/unneeded.so", b"more machine code")
        archive.writestr(
            "engine-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: engine\nVersion: 1.0\n"
        )
        archive.writestr("engine-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\n")
        archive.writestr("engine-1.0.dist-info/RECORD", "")
    return pin(path, "engine==1.0", ("39", "cp39", "manylinux2014_aarch64"))


@pytest.fixture
def sdist(index: Path) -> Download:
    path = index / SDIST_NAME
    members = {
        "setup.py": f"open({str(index / 'setup_was_run')!r}, 'w')\nraise SystemExit('setup.py was run')\n",
        "PKG-INFO": "Metadata-Version: 1.1\nName: headers\nVersion: 2.0\n",
        "src/a/b.h": "int b;\n",
        "src/a/b.cc": "int b = 1;\n",
    }
    with tarfile.open(path, "w:gz") as archive:
        for name, text in members.items():
            entry = tarfile.TarInfo(f"headers-2.0/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return pin(path, "headers==2.0", None)


def pin(path: Path, requirement: str, tags: tuple[str, str, str] | None) -> Download:
    content = path.read_bytes()
    return Download(path.name, hashlib.sha256(content).hexdigest(), len(content), requirement, tags)


def other_hash(download: Download) -> Download:
    return Download(download.name, "0" * 64, download.size, download.requirement, download.tags)


def test_a_wheel_for_another_machine_is_fetched_and_unpacked(wheel: Download, tmp_path: Path) -> None:
    cache, said = tmp_path / "cache", list[str]()
    libraries = Component("libraries", wheel, r"engine/lib/(lib.*\.so)")
    provide([libraries], cache, said.append)
    folder = libraries.folder(cache)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"libengine.so": b"machine code"}
    assert said == [f"Downloading {WHEEL_NAME} (0 MB).", f"Unpacking libraries from {WHEEL_NAME}."]
    assert list((cache / "fetched").iterdir()) == []

    provide([libraries], cache, said.append)
    assert len(said) == 2


def test_an_sdist_is_fetched_without_running_it(sdist: Download, index: Path, tmp_path: Path) -> None:
    headers = Component("headers", sdist, r"[^/]+/src/(.+\.h)")
    provide([headers], tmp_path / "cache", None)
    assert (headers.folder(tmp_path / "cache") / "a" / "b.h").read_text() == "int b;\n"
    assert not (index / "setup_was_run").exists()


def test_offline_names_every_file_that_is_wanted(wheel: Download, sdist: Download, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    for path in (tmp_path / "index").iterdir():
        path.unlink()
    with pytest.raises(EngineError) as raised:
        obtain_all([wheel, sdist, wheel], cache, None)
    message = str(raised.value)
    assert "No matching distribution found for engine==1.0" in message
    assert f"{cache / 'downloads'}, from where" in message
    for download in (wheel, sdist):
        assert message.count(f"\n  {download.name}  sha256 {download.sha256}  0 MB") == 1
    assert list((cache / "fetched").iterdir()) == []


def test_a_pip_that_cannot_be_started_is_told(
    wheel: Download, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    monkeypatch.setattr(subprocess, "run", refuse)
    with pytest.raises(EngineError, match=r"-m pip can't be started: Cannot allocate memory\. This machine"):
        obtain_all([wheel], tmp_path / "cache", None)


def test_the_users_own_files_serve_without_network(
    wheel: Download, sdist: Download, index: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    own = index.rename(cache / "downloads")
    assert obtain_all([wheel, sdist], cache, None) == {wheel: own / WHEEL_NAME, sdist: own / SDIST_NAME}
    provide([Component("libraries", wheel, r"engine/lib/(lib.*)")], cache, None)
    assert (own / WHEEL_NAME).is_file()


def test_a_wrong_checksum_tells_both_and_spares_the_users_file(wheel: Download, tmp_path: Path) -> None:
    cache, wrong = tmp_path / "cache", other_hash(wheel)
    for folder, stays in (("downloads", True), ("fetched", False)):
        path = cache / folder / wheel.name
        path.parent.mkdir(parents=True)
        path.write_bytes((tmp_path / "index" / wheel.name).read_bytes())
        with pytest.raises(EngineError, match=f"{wheel.sha256}.*{wrong.sha256}"):
            obtain_all([wrong], cache, None)
        assert path.exists() == stays
        path.unlink(missing_ok=True)


def test_pip_refuses_a_file_that_is_not_the_pinned_one(wheel: Download, tmp_path: Path) -> None:
    with pytest.raises(EngineError) as raised:
        obtain_all([other_hash(wheel)], tmp_path / "cache", None)
    assert "0" * 64 in str(raised.value)
    assert wheel.sha256 in str(raised.value)


def test_a_folder_is_whole_or_absent(tmp_path: Path) -> None:
    final = tmp_path / "runtime" / "x"

    def fail_half_way() -> None:
        with new_folder(final) as folder:
            (folder / "half").touch()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert list(final.parent.iterdir()) == []
    for name in ("first", "second"):
        with new_folder(final) as folder:
            (folder / name).touch()
        assert [path.name for path in final.iterdir()] == [name]


def test_the_cache_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CNN_LATENCY_LUT_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/is/invalid")
    assert default_cache() == tmp_path / "home" / ".cache" / "cnn-latency-lut"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert default_cache() == tmp_path / "xdg" / "cnn-latency-lut"
    monkeypatch.setenv("CNN_LATENCY_LUT_CACHE", str(tmp_path / "own"))
    assert default_cache() == tmp_path / "own"
