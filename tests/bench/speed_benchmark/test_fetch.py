"""Pinned files through the real pip, from a folder that stands for the index."""

import errno
import io
import subprocess
import tarfile
from pathlib import Path

import pytest

from bench.speed_benchmark import Component, Download
from bench.speed_benchmark.cache import new_folder
from bench.speed_benchmark.runtime import provide
from lut.cache import default_cache
from lut.errors import EngineError
from tests.bench.speed_benchmark.package_index import (
    LIBRARY,
    pin,
    pin_headers,
    pin_library,
    pin_members,
    write_wheel,
)

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
    return write_wheel(index)


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


def other_hash(download: Download) -> Download:
    return Download(download.name, "0" * 64, download.size, download.requirement, download.tags)


def pin_sources(download: Download) -> Component:
    return pin_members("headers", download, r"[^/]+/src/(.+\.h)", {"a/b.h": b"int b;\n"})


def test_a_wheel_in_a_folder_is_unpacked_from_there(wheel: Download, index: Path, cache: Path) -> None:
    libraries, said = pin_library(wheel), list[str]()
    provide([libraries], cache, said.append)
    folder = libraries.folder(cache)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"libengine.so": LIBRARY}
    assert said == [f"Unpacking libraries from {wheel.name}."]
    assert (index / wheel.name).is_file()

    provide([libraries], cache, said.append)
    assert len(said) == 1


def test_what_was_changed_since_is_unpacked_anew(wheel: Download, cache: Path) -> None:
    libraries, said = pin_library(wheel), list[str]()
    provide([libraries], cache, None)
    changed = libraries.folder(cache) / "libengine.so"
    changed.write_bytes(LIBRARY[:-64] + bytes(64))
    provide([libraries], cache, said.append)
    assert changed.read_bytes() == LIBRARY
    assert len(said) == 2


def test_another_wheel_in_the_folder_is_refused_and_spared(index: Path, cache: Path) -> None:
    libraries = pin_members(
        "libraries", write_wheel(index), r"engine/lib/(unneeded\.so)", {"unneeded.so": b""}
    )
    with pytest.raises(EngineError, match="Put the right file in the place of"):
        provide([libraries], cache, None)
    assert (index / libraries.download.name).is_file()
    assert not libraries.folder(cache).exists()


def test_an_sdist_is_fetched_without_running_it(sdist: Download, index: Path, cache: Path) -> None:
    headers, said = pin_sources(sdist), list[str]()
    provide([headers], cache, said.append)
    assert (headers.folder(cache) / "a" / "b.h").read_text() == "int b;\n"
    assert not (index / "setup_was_run").exists()
    assert said[1:] == [f"Downloading {SDIST_NAME} (0 MB).", f"Unpacking headers from {SDIST_NAME}."]
    assert list((cache / "fetched").iterdir()) == []


def test_offline_names_every_file_that_is_wanted(
    wheel: Download, sdist: Download, index: Path, cache: Path
) -> None:
    for path in index.iterdir():
        path.unlink()
    said = list[str]()
    with pytest.raises(EngineError) as raised:
        provide([pin_library(wheel), pin_sources(sdist), pin_headers(wheel)], cache, said.append)
    message = str(raised.value)
    assert said == []
    assert "No matching distribution found for engine" in message
    assert f"{cache / 'downloads'}, from where" in message
    for download in (wheel, sdist):
        assert message.count(f"\n  {download.name}  sha256 {download.sha256}  ") == 1
    assert list(cache.iterdir()) == []


def test_a_pip_that_cannot_be_started_is_told(
    wheel: Download, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    monkeypatch.setattr(subprocess, "run", refuse)
    with pytest.raises(EngineError, match=r"-m pip can't be started: Cannot allocate memory\. This machine"):
        provide([pin_library(wheel)], cache, None)


def test_the_users_own_files_serve_without_network(
    wheel: Download, sdist: Download, index: Path, cache: Path
) -> None:
    own = index.rename(cache / "downloads")
    components, said = [pin_library(wheel), pin_sources(sdist)], list[str]()
    provide(components, cache, said.append)
    assert all(component.folder(cache).is_dir() for component in components)
    assert [sentence.split()[0] for sentence in said] == ["Unpacking", "Unpacking"]
    assert {path.name for path in own.iterdir()} == {wheel.name, sdist.name}


def test_a_wrong_checksum_tells_both_and_spares_the_users_file(
    wheel: Download, index: Path, cache: Path
) -> None:
    wrong = other_hash(wheel)
    for folder, stays in (("downloads", True), ("fetched", False)):
        path = cache / folder / wheel.name
        path.parent.mkdir(parents=True)
        path.write_bytes((index / wheel.name).read_bytes())
        with pytest.raises(EngineError, match=f"{wheel.sha256}.*{wrong.sha256}"):
            provide([pin_library(wrong)], cache, None)
        assert path.exists() == stays
        path.unlink(missing_ok=True)


def test_pip_refuses_a_file_that_is_not_the_pinned_one(sdist: Download, cache: Path) -> None:
    with pytest.raises(EngineError) as raised:
        provide([pin_sources(other_hash(sdist))], cache, None)
    assert "0" * 64 in str(raised.value)
    assert sdist.sha256 in str(raised.value)


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
